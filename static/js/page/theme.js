/** Sets the reader's theme before the first paint, to avoid a flash, and shows elements that need scripts. */
export function applyTheme() {
  const root = document.documentElement;
  root.dataset.js = "";
  try {
    // A page in another site's frame uses the theme in its address.
    const asked = root.dataset.embed === undefined ? null : new URLSearchParams(location.search).get("theme");
    const choice = asked ?? JSON.parse(localStorage.getItem("latentbook:1:theme:page") ?? "null");
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
  } catch {
    // The browser refuses storage, or another script wrote the key: the system decides.
  }
}
