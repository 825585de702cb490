/**
 * The blocks of one page. Cells start at once, because the focus may move from one to the next. Instruments, questions
 * and Python itself start when the reader scrolls near them.
 *
 * @typedef {(section: HTMLElement) => () => void} Mount starts a block and returns its cleanup function
 */
import { textGoesFirst } from "../config.js";
import { painted } from "../pauses.js";
import { runtime } from "../python/page/runtime.js";
import { repeatTaps } from "./early-clicks.js";
import { translate } from "../words.js";

const NEAR = "600px";
const IN_SIGHT = "0px";

/** @type {Record<"cell" | "quiz" | "instrument" | "block", (section: HTMLElement) => Promise<Mount>>} */
const MOUNTS = {
  cell: async () => (await import("../cell/cell.js")).mountCell,
  quiz: async (section) => {
    const kind = import(new URL(section.dataset.script ?? "", document.baseURI).href);
    const [{ mountQuiz }, { default: KindOf }] = await Promise.all([import("../quiz/quiz.js"), kind]);
    return (section) => mountQuiz(section, KindOf);
  },
  instrument: async () => (await importInstruments()).mountInstrument,
  block: async (section) => (await import(new URL(section.dataset.script ?? "", document.baseURI).href)).default,
};

/** @type {Promise<typeof import("../instrument/in-page.js")> | null} */
let instruments = null;

/** Import the instruments only once: every import waits for a task, and a frame may come before it. */
export function importInstruments() {
  instruments ??= import("../instrument/in-page.js");
  instruments.catch(() => (instruments = null));
  return instruments;
}

/**
 * @param {HTMLElement | null} first the instrument that starts at once, because its picture is being computed
 * @param {boolean} [isLoading] whether the page loads as a document, so that the text must appear first
 * @returns {() => void} stops all blocks when the reader leaves the page
 */
export function startBlocks(first, isLoading = true) {
  /** @type {(() => void)[]} */
  const endings = [];
  const gone = new AbortController();

  /** @param {keyof typeof MOUNTS} kind @param {HTMLElement} section */
  const start = async (kind, section) => {
    try {
      const mount = await MOUNTS[kind](section);
      if (gone.signal.aborted) return;
      endings.push(mount(section) ?? (() => {}));
      repeatTaps(section);
    } catch (error) {
      const place = section.querySelector("[data-status], [data-feedback]");
      if (place) place.textContent = translate("This could not be started. Reload the page to try again");
      throw error;
    }
  };
  // Because the answer was requested in advance, the first frame of a page has the live picture.
  if (first && !isLoading) start("instrument", first);
  // Start after the first paint: the page is complete without its blocks.
  painted().then(() => {
    if (gone.signal.aborted) return;
    if (first && isLoading) start("instrument", first);
    for (const kind of /** @type {const} */ (["instrument", "quiz", "block"])) {
      // The classroom mounts answers that the server judges (classroom/assignment.js).
      endings.push(whenNear(`section[data-${kind}]:not([data-assessed])`, (section) => void (section === first || start(kind, section))));
    }
    const cells = [...sections("section[data-cell]")].map((section) => start("cell", section));
    void Promise.all(cells).then(openCode);
    addEventListener("hashchange", openCode, { signal: gone.signal });
    const startNear = (margin = NEAR) => endings.push(whenNear("section[data-instrument], section[data-cell]", () => runtime.start(), margin));
    if (isLoading && textGoesFirst()) {
      // Python is 5 MB, and not everyone who opens a page reads on.
      startNear(IN_SIGHT);
      addEventListener("scroll", () => startNear(), { once: true, signal: gone.signal });
    } else startNear();
  });
  return () => {
    gone.abort();
    for (const end of endings) end();
  };
}

/** Open the code in the address, if any. */
async function openCode() {
  if (location.hash.startsWith("#code=")) await (await import("../cell/code-link.js")).openLink();
}

/** @param {string} selector @returns {NodeListOf<HTMLElement>} */
const sections = (selector) => document.querySelectorAll(selector);

/** @param {string} selector @param {(section: HTMLElement) => void} run once for each @param {string} [rootMargin] @returns {() => void} ends it */
function whenNear(selector, run, rootMargin = NEAR) {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        run(/** @type {HTMLElement} */ (target));
      }
    },
    { rootMargin },
  );
  for (const section of sections(selector)) observer.observe(section);
  return () => observer.disconnect();
}
