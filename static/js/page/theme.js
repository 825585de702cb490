/** Sets the reader's theme before the first paint, to avoid a flash, and shows elements that need scripts. */
export function applyTheme() {
  const { dataset } = document.documentElement;
  dataset.js = "";
  try {
    // A page in another site's frame uses the theme in its address.
    const asked = "embed" in dataset && new URLSearchParams(location.search).get("theme");
    const choice = asked || JSON.parse(stored(dataset.book) ?? stored(1) ?? "0");
    if (choice === "light" || choice === "dark") dataset.theme = choice;
  } catch {
    // The browser refuses storage, or another script wrote the key: the system decides.
  }
}

/** Earlier editions stored it for all books of an address, under 1 (store.js). @param {string | number | undefined} book */
const stored = (book) => localStorage.getItem(`latentbook:${book}:theme:page`);
