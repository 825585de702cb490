/**
 * What a page is shown as, slide by slide: the steps of its deck, or a section cut at its headings and instruments.
 *
 * @typedef {{id: string, title: string, elements: Element[], notes: Element | null}} Slide `id`: of the slide in the
 *   address. `notes`: what is said, for the speaker alone.
 */

const CUTS = "h2, h3, section.instrument";

/** @returns {Slide[]} */
export function slidesOfPage() {
  const steps = [...document.querySelectorAll("[data-deck] > [data-slide]")];
  return steps.length > 0 ? steps.map(slideOfStep) : cut();
}

/** What is seen of the page in none of its slides, or only in some. @returns {Element[]} */
export function partsOfPage() {
  return [...document.querySelectorAll(".chapter-head, .section.flow > *, [data-deck] > [data-slide]")];
}

/** @param {Element} step @returns {Slide} */
function slideOfStep(step) {
  return { id: step.id, title: titleOf(step.querySelector("h2")), elements: [step], notes: step.querySelector("[data-notes]") };
}

/** A section: its head with what comes first, then a slide from each heading on, and one for each instrument. */
function cut() {
  const head = document.querySelector(".section-head");
  /** @type {Slide[]} */
  const slides = [];
  const start = (/** @type {Element | null} */ at, /** @type {string} */ id) => {
    const slide = { id, title: titleOf(at), elements: /** @type {Element[]} */ ([]), notes: null };
    slides.push(slide);
    return slide;
  };
  let slide = start(head?.querySelector("h1") ?? null, head?.querySelector("h1")?.id ?? "");
  if (head) slide.elements.push(head);
  /** @type {Element | null} */
  let heading = null;
  let wasInstrument = false;
  for (const part of document.querySelectorAll(".section.flow > *")) {
    const isInstrument = part.matches("section.instrument");
    if (part.matches(CUTS)) slide = start(isInstrument ? part.querySelector(".title") : part, part.id);
    else if (wasInstrument) slide = start(heading, `after-${slide.id}`);
    if (part.matches("h2, h3")) heading = part;
    wasInstrument = isInstrument;
    slide.elements.push(part);
  }
  return slides.filter(({ elements }) => elements.length > 0);
}

/** @param {Element | null} element @returns {string} its words, without the sign that links to it and its number */
function titleOf(element) {
  const copy = /** @type {Element | undefined} */ (element?.cloneNode(true));
  for (const each of copy?.querySelectorAll(".permalink, .number, .katex-mathml") ?? []) each.remove();
  return copy?.textContent?.trim().replace(/\s+/g, " ") ?? "";
}
