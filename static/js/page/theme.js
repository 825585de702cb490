/** Set the reader's theme before the first paint, to avoid a flash, and show elements that need scripts. */
export function applyTheme() {
  const { dataset } = document.documentElement;
  dataset.js = "";
  try {
    // A page in a frame of another site uses the theme in its address.
    const asked = "embed" in dataset && new URLSearchParams(location.search).get("theme");
    const choice = asked || JSON.parse(stored(dataset.book) ?? stored(1) ?? "0");
    if (choice === "light" || choice === "dark") dataset.theme = choice;
  } catch {
    // If the browser refuses storage, or another script wrote the key, use the system's theme.
  }
}

/**
 * The stored theme. Earlier editions stored it for all books of an address, under 1 (store.js).
 * @param {string | number | undefined} book
 */
const stored = (book) => localStorage.getItem(`latentbook:${book}:theme:page`);
