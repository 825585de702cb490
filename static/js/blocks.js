/**
 * The blocks of one page: cells and questions start at once, as they show what this browser remembers of them; instruments,
 * and Python itself, when the reader comes near.
 *
 * @typedef {(section: HTMLElement) => () => void} Mount brings a block to life; what it returns takes the life out again
 */
import { runtime } from "./runtime.js";
import { repeatTaps } from "./taps.js";

const NEAR = "600px";

/** @type {Record<"cell" | "quiz" | "instrument", () => Promise<Mount>>} */
const MOUNTS = {
  cell: async () => (await import("./cell.js")).mountCell,
  quiz: async () => (await import("./quiz.js")).mountQuiz,
  instrument: async () => (await import("./instrument.js")).mountInstrument,
};

/** @returns {() => void} ends them all: the page is left */
export function startBlocks() {
  /** @type {(() => void)[]} */
  const endings = [];
  let left = false;

  /** @param {keyof typeof MOUNTS} kind @param {HTMLElement} section */
  const start = async (kind, section) => {
    try {
      const mount = await MOUNTS[kind]();
      if (left) return;
      endings.push(mount(section));
      repeatTaps(section);
    } catch (error) {
      const place = section.querySelector("[data-status], [data-feedback]");
      if (place) place.textContent = "This could not be started. Reload the page to try again";
      throw error;
    }
  };
  // Nothing here delays the first paint: the page is complete without it.
  afterPaint(() => {
    if (left) return;
    for (const kind of /** @type {const} */ (["cell", "quiz"])) {
      for (const section of sections(`section[data-${kind}]`)) start(kind, section);
    }
    if (sections("section[data-instrument]").length > 0) MOUNTS.instrument().catch(() => {}); // the first one is near as a rule
    endings.push(whenNear("section[data-instrument]", (section) => start("instrument", section)));
    endings.push(whenNear("section[data-instrument], section[data-cell]", () => runtime.start()));
    document.fonts.ready.then(() => left || endings.push(measureSections()));
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

/**
 * A section that has been laid out once has a height that the browser remembers, so from then on it may be skipped while it is
 * far from the window (prose.css). Any earlier, and a link would lead to a place that moves.
 *
 * @returns {() => void} ends it
 */
function measureSections() {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      observer.unobserve(target);
      target.toggleAttribute("data-measured", true);
    }
  });
  for (const section of sections(".section")) observer.observe(section);
  return () => observer.disconnect();
}

/** @param {() => void} run */
function afterPaint(run) {
  requestAnimationFrame(() => setTimeout(run));
}
