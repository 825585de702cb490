/**
 * Marks in the contents: sections that the reader has read, and the numbers of questions answered and right. They come
 * from a summary in local storage, so that opening a page opens no database. The summary is rebuilt when the log
 * changes.
 *
 * @typedef {Record<string, [string, string, string[], string[]]>} Sections by place: title, digest, stretches with cards, labels of
 *   questions
 * @typedef {{isRead: boolean, answered: number, right: number, of: number}} Progress of a section; the numbers count
 *   questions
 * @typedef {{sections: string, places: Record<string, Progress>}} Summary `sections`: the file of digests used for it
 */
import { absolute, config } from "../config.js";
import { make } from "../elements.js";
import { loadSheet } from "../sheet.js";
import { follow, labelsOf, read, write } from "../store.js";
import { translate } from "../words.js";

/** Links to sections in the contents of a chapter and of the book. */
const LINKS = ".sections-of > li > a, .lists section:first-child a";

document.addEventListener("studied", (event) => summarise(/** @type {CustomEvent} */ (event).detail));
document.addEventListener("trained", async (event) => {
  (await import("../study/log.js")).record("trained", /** @type {CustomEvent} */ (event).detail);
});
follow("progress", "all", show, new AbortController().signal);

/** Show the marks. Called on each page, before the section is stored as known to the reader. */
export async function showProgress() {
  const summary = /** @type {Summary | null} */ (read("progress", "all"));
  show(summary);
  const isFirstVisit = labelsOf("read").length + labelsOf("quiz").length === 0;
  if (summary?.sections === config.sections || isFirstVisit) return;
  await summarise(await (await import("../study/log.js")).studyState());
}

/** @type {Promise<Sections> | null} */
let loading = null;

/** @param {import("../study/events.js").State} state */
async function summarise({ questions, sections }) {
  loading ??= fetch(absolute(config.sections)).then((response) => response.json());
  const book = await loading.catch(() => (loading = null)); // offline
  if (book === null) return;
  /** @type {Record<string, Progress>} */
  const places = {};
  for (const [place, [, , , labels]] of Object.entries(book)) {
    const known = labels.flatMap((label) => questions.get(label) ?? []);
    const answered = known.filter(({ attempts, answer }) => attempts > 0 || answer !== "").length;
    const right = known.filter(({ state }) => state === "right").length;
    if (sections.has(place) || answered > 0) places[place] = { isRead: sections.has(place), answered, right, of: labels.length };
  }
  const summary = { sections: config.sections, places };
  if (JSON.stringify(summary) === JSON.stringify(read("progress", "all"))) return; // after a review, for example
  write("progress", "all", summary);
  show(summary);
}

/** @param {Summary | null} summary */
async function show(summary) {
  // Without the style sheet the marks would move the text.
  const isStyled = summary !== null && (await loadSheet("study.css").then(() => true, () => false));
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(LINKS))) {
    link.querySelector(".done")?.remove();
    const place = link.href.slice(config.root.length).replace(/\/(index\.html)?$/, "");
    const progress = isStyled ? summary.places[place] : undefined;
    if (progress !== undefined) link.append(marks(progress));
  }
}

/** @param {Progress} progress */
function marks({ isRead, answered, right, of }) {
  const words = [];
  if (isRead) words.push(translate("read to the end"));
  if (answered > 0) words.push(translate("{answered} of {of} questions answered, {right} right", { answered, of, right }));
  const said = make("span", { className: "visually-hidden" }, ` (${words.join("; ")})`);
  const boxes = Array.from({ length: answered === 0 ? 0 : of }, (_, i) => {
    const box = make("i");
    box.dataset.state = i < right ? "right" : i < answered ? "answered" : "open";
    return box;
  });
  const made = make("span", { className: "done", title: words.join("; ") }, said, ...boxes);
  made.toggleAttribute("data-read", isRead);
  return made;
}
