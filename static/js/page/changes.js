/**
 * "Since you were here": the sections that have changed since the reader read them. Each section stores its digest when
 * read; the front page and the contents compare it with the build's file of digests.
 */
import { absolute, config } from "../config.js";
import { button, make } from "../elements.js";
import { idle } from "../pauses.js";
import { labelsOf, read, write } from "../store.js";
import { showProgress } from "./progress.js";
import { translate, translateAround } from "../words.js";

const MAX_NAMED = 5;

/**
 * @typedef {{edition: string, digest: string}} Read a section as the reader knows it, stored under its path
 * @typedef {{place: string, title: string, digest: string, known: Read}} Change
 */

document.addEventListener("duechange", showDue);

/** Show the number of due cards in the bar, for readers who review. */
async function showDue() {
  if (read("due", "days") !== null) (await import("./due.js")).showDue();
}

/** Called on each page. */
export async function followChanges() {
  void showProgress();
  void showDue();
  const section = /** @type {HTMLElement | null} */ (document.querySelector("article[data-digest]"));
  if (section) {
    const { place = "", edition, digest } = section.dataset;
    write("read", place, { edition: edition || config.build, digest });
    followEnd(section, { place, digest });
    // Wait for a scroll, so that a reader who leaves at once fetches nothing.
    addEventListener("scroll", () => void askWhileReading(section), { once: true, passive: true });
  }
  const line = /** @type {HTMLElement | null} */ (document.querySelector("[data-changes]"));
  if (!line || labelsOf("read").length === 0) return;
  const response = await fetch(absolute(config.sections)).catch(() => null); // offline
  const changes = response?.ok ? changesSince(await response.json()) : [];
  if (changes.length > 0) tell(line, changes);
}

/**
 * Record that the reader has read a section to its end, once per version: all headings and the end have been in the
 * window. Jumping to the end does not count.
 *
 * @param {HTMLElement} section
 * @param {{place: string, digest?: string}} version
 */
function followEnd(section, { place, digest }) {
  const unseen = new Set([...section.querySelectorAll(".section > h2, .section > .noted > h2"), section.lastElementChild]);
  const observer = new IntersectionObserver(async (entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) unseen.delete(target);
    if (unseen.size > 0) return;
    observer.disconnect();
    const { record, studyState } = await import("../study/log.js");
    const before = (await studyState()).sections.get(place);
    if (before?.digest !== digest) await record("read", { place, digest });
  });
  for (const each of unseen) observer.observe(/** @type {Element} */ (each));
}

/** @param {HTMLElement} section */
async function askWhileReading(section) {
  await idle();
  if (section.isConnected) (await import("../study/ask.js")).followStretches(section);
}

/** @param {import("./progress.js").Sections} sections @returns {Change[]} in the order of the book */
function changesSince(sections) {
  return Object.entries(sections)
    .map(([place, [title, digest]]) => ({ place, title, digest, known: read("read", place) }))
    .filter(({ digest, known }) => known && known.digest !== digest);
}

/** @param {HTMLElement} line @param {Change[]} changes */
function tell(line, changes) {
  const names = changes.slice(0, MAX_NAMED).flatMap(({ place, title }) => [", ", make("a", { href: absolute(`${place}/`) }, title)]);
  if (changes.length > MAX_NAMED) names.push(", ", translate("{count} more", { count: changes.length - MAX_NAMED }));
  const sections = make("span", {}, ...names.slice(1));
  const edition = [...new Set(changes.map(({ known }) => known.edition))].join(", ");
  const onDone = () => {
    const edition = line.dataset.edition || config.build;
    for (const { place, digest } of changes) write("read", place, { edition, digest });
    line.hidden = true;
    document.getElementById("main")?.focus({ preventScroll: true });
  };
  line.replaceChildren(...translateAround("Changed since you were here (edition {edition}): {sections}.", { edition, sections }), " ");
  const { corrections } = line.dataset;
  if (corrections) {
    const link = make("a", { href: corrections }, translate("corrections"));
    line.append(...translateAround("The {corrections} say why.", { corrections: link }), " ");
  }
  line.append(button(translate("Dismiss"), onDone, { className: "quiet" }));
  line.hidden = false;
}
