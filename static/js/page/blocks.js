/**
 * The blocks of one page. Cells start at once, because focus may move from one to the next. Instruments, questions and Python
 * itself start when the reader comes near.
 *
 * @typedef {(section: HTMLElement) => () => void} Mount starts a block and returns its cleanup function
 */
import { absolute, config } from "../config.js";
import { painted } from "../pauses.js";
import { runtime } from "../python/page/runtime.js";
import { repeatTaps } from "./early-clicks.js";
import { translate } from "../words.js";

const NEAR = "600px";

/** @type {Record<"cell" | "quiz" | "instrument", (section: HTMLElement) => Promise<Mount>>} */
const MOUNTS = {
  cell: async () => (await import("../cell/cell.js")).mountCell,
  quiz: async (section) => {
    const kind = import(absolute(config.assets[`question-${section.dataset.quiz}.js`]));
    const [{ mountQuiz }, { default: KindOf }] = await Promise.all([import("../quiz/quiz.js"), kind]);
    return (section) => mountQuiz(section, KindOf);
  },
  instrument: async () => (await import("../instrument/in-page.js")).mountInstrument,
};

/**
 * @param {HTMLElement | null} first the instrument that starts at once, because its picture is being computed
 * @returns {() => void} stops them all, when the page is left
 */
export function startBlocks(first) {
  /** @type {(() => void)[]} */
  const endings = [];
  let left = false;

  /** @param {keyof typeof MOUNTS} kind @param {HTMLElement} section */
  const start = async (kind, section) => {
    try {
      const mount = await MOUNTS[kind](section);
      if (left) return;
      endings.push(mount(section));
      repeatTaps(section);
    } catch (error) {
      const place = section.querySelector("[data-status], [data-feedback]");
      if (place) place.textContent = translate("This could not be started. Reload the page to try again");
      throw error;
    }
  };
  // Nothing here delays the first paint: the page is complete without it.
  painted().then(() => {
    if (left) return;
    if (first) start("instrument", first);
    for (const kind of /** @type {const} */ (["instrument", "quiz"])) {
      endings.push(whenNear(`section[data-${kind}]`, (section) => void (section === first || start(kind, section))));
    }
    for (const section of sections("section[data-cell]")) start("cell", section);
    endings.push(whenNear("section[data-instrument], section[data-cell]", () => runtime.start()));
  });
  return () => {
    left = true;
    for (const end of endings) end();
  };
}

/** @param {string} selector @returns {NodeListOf<HTMLElement>} */
const sections = (selector) => document.querySelectorAll(selector);

/** @param {string} selector @param {(section: HTMLElement) => void} run once for each @returns {() => void} ends it */
function whenNear(selector, run) {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        run(/** @type {HTMLElement} */ (target));
      }
    },
    { rootMargin: NEAR },
  );
  for (const section of sections(selector)) observer.observe(section);
  return () => observer.disconnect();
}
