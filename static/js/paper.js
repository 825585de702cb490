/** Addresses and page numbers of the printed book. app/latentbook/book/pdf.py calls both functions. */

/** @param {boolean} known whether the book has an address */
function writeAddresses(known) {
  for (const place of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[data-address]"))) {
    const url = new URL(place.dataset.address ?? "", document.baseURI).href;
    place.textContent = known ? url : url.slice(document.baseURI.length);
    if (known) place.href = url;
  }
  for (const place of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("[data-book-address]"))) {
    if (known) place.textContent = place.href = document.baseURI;
  }
}

/** @param {Record<string, number>} pages page numbers by element id */
function writePages(pages) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-page-of]"))) {
    place.textContent = String(pages[place.dataset.pageOf ?? ""] ?? "");
  }
}
