/** The dialog about the reader's own work: save it as a file, merge a file into it, delete it. */
import { absolute } from "../config.js";
import { button, make, saveFile } from "../elements.js";
import { openDialog } from "./dialog.js";
import { book, clearAll, exportAll, partsOf, read } from "../store.js";
import { canonical, fold, isSameCode, merge } from "../study/events.js";
import { fileOf, isValue, readFile, Refused } from "../study/file.js";
import { noteSaved, warning } from "../study/lasting.js";
import { allEvents, canUndoMerge, eraseLog, mergeWork, undoMerge } from "../study/log.js";
import { translate, translateCount } from "../words.js";

/**
 * @import { Work } from "../study/file.js"
 * @typedef {{work: Work, added: import("../study/events.js").StudyEvent[], absent: string[], differing: string[], conflicts: string[]}} Preview
 *   the effect of a file. `absent`: names of values that are missing here; `differing`: names of values that differ;
 *   `conflicts`: labels of code that has two versions, both of which stay
 */

const NETWORK = "kept:network";

/* The dialog */

export function openWork() {
  if (document.querySelector("dialog.work")) return; // the click repeats an earlier one
  const { contents, hasChanged } = contentsOfWork();
  const dialog = openDialog("work", translate("Your work"), contents);
  // A file's name may be wider than a phone.
  /** @type {HTMLElement} */ (dialog.querySelector(".body")).style.gridTemplateColumns = "minmax(0, 1fr)";
  dialog.addEventListener("close", () => hasChanged() && location.reload());
}

function contentsOfWork() {
  let changed = false;
  const status = make("p", { role: "status" });
  const say = (/** @type {string} */ sentence) => (status.textContent = sentence);
  const preview = make("div");

  const file = make("input", { type: "file", accept: ".gz,.json" });
  Object.assign(file.style, { display: "block", width: "100%", minHeight: "var(--target)" });
  const choose = make("label", {}, translate("Merge a file into it:"), " ", file);
  const undo = button(translate("Undo the last merge"), async () => {
    await undoMerge();
    finish(translate("The merge is undone."));
  });
  const finish = async (/** @type {string} */ sentence) => {
    changed = true;
    preview.replaceChildren();
    file.value = "";
    undo.hidden = !(await canUndoMerge());
    say(`${sentence} ${translate("The page is loaded again when you close this.")}`);
    file.focus();
  };
  file.addEventListener("change", async () => {
    preview.replaceChildren();
    say("");
    const [chosen] = file.files ?? [];
    if (chosen === undefined) return;
    try {
      const found = await previewOf(await readFile(chosen, book));
      preview.replaceChildren(...shown(found, finish, say));
      if (!hasNews(found)) say([translate("All of this file is here already."), ...linesAbout(found)].join(" "));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(`${translate("Nothing was merged.")} ${error.message}`);
    }
  });
  undo.hidden = true;
  void canUndoMerge().then((can) => (undo.hidden = !can));

  const contents = [
    make("p", {}, translate("Your edits and answers stay in this browser. A file takes them to another one.")),
    make("p", {}, make("a", { href: absolute("work/") }, translate("My work, section by section"))),
    ...aboutCourse(),
    ...(warning() === "" ? [] : [make("p", {}, warning())]),
    row(button(translate("Save as a file"), async () => say(translate("Saved as {file}.", { file: await saveWork() }))), button(translate("Delete everything"), deleteWork)),
    choose,
    preview,
    row(undo),
    status,
  ];
  return { contents, hasChanged: () => changed };
}

/**
 * A list of the changes that a file would make, and the button that merges it.
 *
 * @param {Preview} found
 * @param {(sentence: string) => void} finish
 * @param {(sentence: string) => void} say
 */
function shown(found, finish, say) {
  const { work, absent, differing } = found;
  if (!hasNews(found)) return [];
  const lines = linesAbout(found);
  if (work.book === null) lines.push(translate("The file does not say from which book it is."));
  const list = make("ul", {}, ...lines.map((line) => make("li", {}, line)));

  const legend = make("legend", {}, translate("Your trained network differs:"));
  const choices = [radio("mine", translate("Keep what is here")), radio("file", translate("Take what is in the file"))];
  const versions = make("fieldset", { hidden: !differing.includes(NETWORK) }, legend, ...choices);
  Object.assign(versions.style, { margin: "0 0 1rem" });
  const onMerge = async () => {
    const takesFile = /** @type {HTMLInputElement} */ (versions.querySelector("[value=file]")).checked;
    const names = takesFile ? [...absent, NETWORK] : absent;
    try {
      await mergeWork(work.events, Object.fromEntries(names.map((name) => [name, JSON.stringify(work.values[name])])));
    } catch (error) {
      return say(translate("Nothing was merged, because this browser does not store it: {why}", { why: String(error) }));
    }
    finish(translate("Merged."));
  };
  return [list, versions, row(button(translate("Merge"), onMerge, { className: "primary" }))];
}

/** @param {Preview} found */
const hasNews = ({ added, absent, differing }) => added.length + absent.length > 0 || differing.includes(NETWORK);

/** @param {Preview} found */
function linesAbout({ added, absent, differing, conflicts }) {
  const answers = added.filter(({ kind }) => kind === "attempt").length;
  const sections = added.filter(({ kind }) => kind === "read").length;
  const reviews = added.filter(({ kind }) => kind === "review").length;
  const versions = added.filter(({ kind }) => kind === "code");
  const code = versions.filter(({ code }) => code !== undefined).length;
  const others = added.length - answers - sections - reviews - versions.length + absent.length;
  const staying = differing.filter((name) => name !== NETWORK).length;
  const lines = [];
  if (answers > 0) lines.push(translateCount(answers, "{number} answer to a question", "{number} answers to questions"));
  if (sections > 0) lines.push(translateCount(sections, "{number} section read to its end", "{number} sections read to their end"));
  if (code > 0) lines.push(translateCount(code, "{number} edit of code", "{number} edits of code"));
  if (reviews > 0) lines.push(translateCount(reviews, "{number} review", "{number} reviews"));
  if (others > 0) lines.push(translateCount(others, "{number} other entry", "{number} other entries"));
  if (conflicts.length > 0) {
    const count = translateCount(conflicts.length, "{number} edit differs from yours, which stays; the other is offered there", "{number} edits differ from yours, which stay; the others are offered there");
    lines.push(`${count}: ${conflicts.join(", ")}`);
  }
  if (staying > 0) {
    lines.push(translateCount(staying, "{number} setting, place or output differs and stays as it is here", "{number} settings, places or outputs differ and stay as they are here"));
  }
  return lines;
}

/* Save, merge, delete */

/** @returns {Promise<string>} the name of the file */
export async function saveWork() {
  const events = await allEvents(); // with the code
  const values = Object.fromEntries(Object.entries(exportAll()).filter(([name, value]) => isValue(name, value) && !name.startsWith("code:")));
  const name = `${book}-my-work.jsonl.gz`;
  saveFile(name, await fileOf({ book, events, values }));
  noteSaved();
  return name;
}

/** @param {Work} work @returns {Promise<Preview>} */
async function previewOf(work) {
  const mine = await allEvents();
  const known = new Set(mine);
  const added = merge(mine, work.events).filter((event) => !known.has(event));
  const { versions } = fold([...mine, ...added], 0);
  const changed = new Set(added.flatMap(({ kind, label }) => (kind === "code" ? [label] : [])));
  const conflicts = [...changed].filter((label) => {
    const found = versions.get(label) ?? [];
    return found.some(({ code }) => !isSameCode(code, found[0].code));
  });
  const names = Object.keys(work.values);
  const absent = names.filter((name) => read(...partsOf(name)) === null);
  const differing = names.filter((name) => !absent.includes(name) && canonical(read(...partsOf(name))) !== canonical(work.values[name]));
  return { work, added, absent, differing, conflicts };
}

async function deleteWork() {
  if (!confirm(translate("Delete all your edits, answers and settings in this book? This cannot be undone."))) return;
  clearAll();
  await eraseLog();
  location.reload();
}

/* Notice of unsaved work */

/** @param {"full" | "refused"} why */
export function tellUnsaved(why) {
  const sentence =
    why === "full"
      ? translate("The browser’s storage for this site is full. What you do now is lost when you close this page: save your work as a file, or free some storage.")
      : translate("This browser stores nothing for this page, as in some private windows. What you do is lost when you close it, unless you save your work as a file.");
  const buttons = row(button(translate("Save my work"), saveWork), button(translate("Close"), () => notice.remove()));
  const body = make("div", { className: "body" }, make("p", {}, sentence), buttons);
  const notice = make("dialog", { role: "alert", className: "embed-code unsaved" }, body);
  Object.assign(notice.style, { position: "fixed", inset: "auto 1rem 1rem auto", margin: "0", zIndex: "9" });
  document.body.append(notice);
  notice.open = true; // show() would take the focus from the question
}

/* Elements */

/** @param {"mine" | "file"} value @param {string} text */
function radio(value, text) {
  const label = make("label", {}, make("input", { type: "radio", name: "version", value, checked: value === "mine" }), text);
  Object.assign(label.style, { display: "flex", gap: "0.6rem", alignItems: "center", minHeight: "var(--target)" });
  return label;
}

/** A note for readers signed in to a course. classroom/sync.js puts a link to the server's data in the footer. */
function aboutCourse() {
  const link = /** @type {HTMLAnchorElement | null} */ (document.querySelector("[data-classroom] a"));
  if (link === null) return [];
  const sentence = translate("You are signed in to a course. Its server keeps your work too, and brings it back after “Delete everything”. To erase it there:");
  return [make("p", {}, sentence, " ", make("a", { href: link.href }, translate("My data")))];
}

/** @param {HTMLButtonElement[]} buttons */
const row = (...buttons) => make("p", {}, ...buttons.flatMap((each) => [each, " "]));
