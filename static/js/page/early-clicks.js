/**
 * Clicks on buttons whose scripts have not loaded yet. They are recorded from the page's head on (head.js) and repeated
 * once the script has loaded. Controls do not need this, because they retain their values.
 */

const KEPT = "latentbookTaps";
const BLOCK = "section[data-instrument], section[data-cell], section[data-quiz]";

/** @typedef {HTMLButtonElement} Button */

/** @returns {Button[]} */
const taps = () => Reflect.get(globalThis, KEPT) ?? [];

/** The owner of a button: its block, or else the frame. @param {Element} button @returns {HTMLElement} */
const ownerOf = (button) => button.closest(BLOCK) ?? document.body;

/** Record early clicks; called in the page's head. */
export function keepTaps() {
  Reflect.set(globalThis, KEPT, []);
  /** @param {Element | null | undefined} button */
  const keep = (button) => {
    if (button instanceof HTMLButtonElement && !ownerOf(button).hasAttribute("data-answers")) taps().push(button);
  };
  addEventListener("click", ({ target }) => target instanceof Element && keep(target.closest("button[data-action]")), true);
  addEventListener("keydown", ({ key, isComposing, target }) => {
    // Enter in the field of a question clicks its button.
    if (key === "Enter" && !isComposing && target instanceof HTMLInputElement) keep(target.closest("section[data-quiz]")?.querySelector('[data-action="check"]'));
  }, true);
}

/**
 * Repeat early clicks. Called by the script that now handles the buttons of a block or of the frame.
 * @param {HTMLElement} owner
 */
export function repeatTaps(owner) {
  owner.toggleAttribute("data-answers", true);
  const own = taps().filter((button) => ownerOf(button) === owner);
  Reflect.set(globalThis, KEPT, taps().filter((button) => !own.includes(button)));
  for (const button of new Set(own)) button.click();
}
