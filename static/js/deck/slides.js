/**
 * The slides of a page: the steps of its deck, or a section divided at its headings and instruments.
 *
 * @typedef {{id: string, title: string, elements: Element[], notes: Element | null}} Slide `id`: of the slide in the
 *   address. `notes`: for the speaker alone.
 */

/** @param {number} room how high a slide can be, px @returns {Slide[]} */
export function slidesOfPage(room) {
  const steps = [...document.querySelectorAll("[data-deck] > [data-slide]")];
  return steps.length > 0 ? steps.map(slideOfStep) : cut(room);
}

/** Elements that are on no slide, or only on some. @returns {Element[]} */
export function partsOfPage() {
  return [...document.querySelectorAll(".chapter-head, .section.flow > *, [data-deck] > [data-slide]")];
}

/** @param {Element} step @returns {Slide} */
function slideOfStep(step) {
  return { id: step.id, title: titleOf(step.querySelector("h2")), elements: [step], notes: step.querySelector("[data-notes]") };
}

/** Divides a section: a new slide for each heading and each instrument, and whenever one is full. @param {number} room */
function cut(room) {
  const parts = [...document.querySelectorAll(".section-head, .section.flow > *")];
  const tops = parts.map((part) => part.getBoundingClientRect().top); // laid out as they will be on slides
  /** @type {Slide[]} */
  const slides = [];
  /** @type {Slide | null} */
  let slide = null;
  let [start, before] = [0, false];
  let [id, title, count] = ["", "", 0]; // the current heading and the number of its slides so far
  for (const [i, part] of parts.entries()) {
    const isInstrument = part.matches("section.instrument");
    const heading = part.matches("h2, h3") ? part : part.querySelector(":scope > h1");
    const end = Math.max(tops[i + 1] ?? 0, bottomOf(part));
    if (heading) [id, title, count] = [heading.id, titleOf(heading), 0];
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

/** Where a part ends, with the notes in its margin, which may end below its text. @param {Element} part */
function bottomOf(part) {
  const ends = [part, ...part.children].map((each) => each.getBoundingClientRect().bottom);
  return Math.max(...ends);
}

/** @param {Element | null} element @returns {string} its words, without the sign that links to it and its number */
function titleOf(element) {
  const copy = /** @type {Element | undefined} */ (element?.cloneNode(true));
  for (const each of copy?.querySelectorAll(".permalink, .number, .katex-mathml") ?? []) each.remove();
  return copy?.textContent?.trim().replace(/\s+/g, " ") ?? "";
}
