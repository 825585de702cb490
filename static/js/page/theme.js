/** The reader's own theme, before the first paint, so that it does not flash; and what needs scripts is shown at once. */
export function applyTheme() {
  const root = document.documentElement;
  root.dataset.js = "";
  try {
    // A page in another site's frame takes the theme that its address names.
    const asked = root.dataset.embed === undefined ? null : new URLSearchParams(location.search).get("theme");
    const choice = asked ?? JSON.parse(localStorage.getItem("latentbook:1:theme:page") ?? "null");
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
  } catch {
    // The browser refuses storage, or another script wrote the key: the system decides.
  }
}
