/** The reader's own theme, before the first paint, so that it does not flash; and what needs scripts is shown at once. */
export function applyTheme() {
  const root = document.documentElement;
  root.dataset.js = "";
  try {
    const choice = JSON.parse(localStorage.getItem("latentbook:1:theme:page") ?? "null");
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
  } catch {
    // The browser refuses storage, or another script wrote the key: the system decides.
  }
}
