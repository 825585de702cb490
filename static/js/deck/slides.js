/**
 * The slides of a page: the steps of its deck, or a section divided at its headings and instruments.
 *
 * @typedef {{id: string, title: string, elements: Element[], notes: Element | null}} Slide `id`: of the slide in the
 *   address. `notes`: for the speaker alone.
 */

const STEPS = "[data-deck] > [data-slide]";
/** The parts of a section, and those of a step. */
const [OF_SECTION, OF_STEP] = [".section-head, .section.flow > *", ":scope > .step-head, :scope > .flow > *"];
/** What stands beside the text of a step; a slide has room for one. */
const BESIDE = ":scope > .flow > :is(.instrument, .figure, .table)";

/** @param {number} room how high a slide can be, px @param {number} tallest how high a step can be without being divided, px @returns {Slide[]} */
export function slidesOfPage(room, tallest) {
  const steps = [...document.querySelectorAll(STEPS)];
  if (steps.length === 0) return cut(document.querySelectorAll(OF_SECTION), room);
  return steps.flatMap((step) => {
    const notes = step.querySelector("[data-notes]");
    const isWhole = step.getBoundingClientRect().height <= tallest && step.querySelectorAll(BESIDE).length <= 1;
    step.toggleAttribute("data-divided", !isWhole); // for its layout, in which it is measured
    if (isWhole) return { id: step.id, title: titleOf(step.querySelector("h2")), elements: [step], notes };
    return cut(step.querySelectorAll(OF_STEP), room, step.id).map((slide) => ({ ...slide, notes }));
  });
}

/** Elements that are on no slide, or only on some. @returns {Element[]} */
export function partsOfPage() {
  const steps = [...document.querySelectorAll(STEPS)];
  return [...document.querySelectorAll(`.chapter-head, .section.flow > *, ${STEPS}`), ...steps.flatMap((step) => [...step.querySelectorAll(OF_STEP)])];
}

/**
 * Divide elements into slides: a new slide for each heading and each instrument, and whenever one is full.
 *
 * @param {Iterable<Element>} elements @param {number} room @param {string} [name] of the first slide, otherwise its heading's
 */
function cut(elements, room, name) {
  const parts = [...elements];
  const tops = parts.map((part) => part.getBoundingClientRect().top); // same layout as on slides
  /** @type {Slide[]} */
  const slides = [];
  /** @type {Slide | null} */
  let slide = null;
  let [start, before] = [0, false];
  let [id, title, count] = ["", "", 0]; // the current heading and the number of its slides so far
  for (const [i, part] of parts.entries()) {
    const isInstrument = part.matches("section.instrument");
    const heading = part.matches("h2, h3") ? part : part.querySelector(":scope > h1, :scope.step-head > h2");
    const end = Math.max(tops[i + 1] ?? 0, bottomOf(part));
    if (heading) [id, title, count] = [name ?? heading.id, titleOf(heading), 0];
    if (slide === null || heading || isInstrument || before || end - start > room) {
      if (!isInstrument) count += 1;
      const named = isInstrument ? { id: part.id, title: titleOf(part.querySelector(".title")) } : { id: count > 1 ? `${id}-${count}` : id, title };
      slide = { ...named, elements: [], notes: null };
      slides.push(slide);
      start = tops[i];
    }
    slide.elements.push(part);
    before = isInstrument;
  }
  return slides;
}

/** The lower end of a part, including margin notes, which may end below its text. @param {Element} part */
function bottomOf(part) {
  const ends = [part, ...part.children].map((each) => each.getBoundingClientRect().bottom);
  return Math.max(...ends);
}

/** @param {Element | null} element @returns {string} its words, without permalink sign and number */
function titleOf(element) {
  const copy = /** @type {Element | undefined} */ (element?.cloneNode(true));
  for (const each of copy?.querySelectorAll(".permalink, .number, .katex-mathml") ?? []) each.remove();
  return copy?.textContent?.trim().replace(/\s+/g, " ") ?? "";
}
