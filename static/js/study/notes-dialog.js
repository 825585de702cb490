/**
 * The dialogs for one note, and for all of them.
 *
 * @import { Note } from "./notes.js"
 */
import { book } from "../store.js";
import { button, make, saveFile } from "../elements.js";
import { openDialog } from "../page/dialog.js";
import { translate } from "../words.js";
import { addressOf, changeNote, excerpt, markdownOf, nameOf } from "./notes.js";

/** @param {Note} note @param {string | null} now the current words of the passage; null if it is not found */
export function openNote(note, now) {
  const text = make("textarea", { rows: 5, maxLength: 20_000, ariaLabel: translate("Your note") }, note.text);
  let isDeleted = false;
  const save = button(translate("Save"), () => dialog.close(), { className: "primary" });
  const forget = button(translate("Delete"), () => {
    isDeleted = true;
    dialog.close();
  });
  const dialog = openDialog("one-note", translate("Your note"), [...wordings(note, now), text, make("p", {}, save, " ", forget)]);
  dialog.addEventListener("close", async () => {
    const written = { ...note, text: text.value.trim() };
    const edit = written.text === note.text ? {} : { text: written.text }; // another tab may have edited it
    await changeNote(note.id, isDeleted ? null : edit, true);
    if (isDeleted) tellDeleted(written);
  });
  text.focus();
}

/** @param {Note} note @param {string | null} now */
function wordings({ quote }, now) {
  const was = make("blockquote", {}, quote);
  if (now === quote) return [was];
  if (now === null) return [make("p", {}, translate("The place is not found in this edition. It was:")), was];
  const sentences = [translate("The wording has changed since. It was:"), translate("It is now:")];
  const [before, after] = sentences.map((sentence) => make("p", {}, sentence));
  return [before, was, after, make("blockquote", {}, now)];
}

/** @param {Note} note */
function tellDeleted({ id, ...content }) {
  document.querySelector(".note-deleted")?.remove();
  const notice = make("div", { className: "note-deleted", role: "status" }, translate("Deleted."));
  const undo = button(translate("Undo"), async () => {
    notice.remove();
    await changeNote(id, content, true);
  });
  notice.append(undo, button(translate("Close"), () => notice.remove()));
  document.body.append(notice);
  undo.focus();
}

/** @param {Note[]} notes @param {import("./notes.js").Finds} finds */
export function openNotes(notes, finds) {
  if (notes.length === 0) return openDialog("all-notes", translate("Notes"), [make("p", {}, translate("There are no notes. Select text to make one."))]);
  const parts = [];
  /** @type {HTMLElement | null} */
  let list = null;
  let section = "";
  for (const note of notes) {
    if (list === null || note.place !== section) {
      list = make("ul");
      parts.push(make("h3", {}, note.section), list);
      section = note.place;
    }
    list.append(entryOf(note, finds.get(note.id)));
  }
  const save = button(translate("Save as Markdown"), () => {
    const name = document.querySelector(".brand .word")?.textContent?.trim() ?? book;
    saveFile(`${book}-notes.md`, new Blob([markdownOf(notes, name)], { type: "text/markdown" }));
  });
  openDialog("all-notes", translate("Notes"), [save, ...parts]);
}

/** @param {Note} note @param {import("./notes.js").Found | null | undefined} found undefined on pages of other chapters */
function entryOf(note, found) {
  const place = found?.place ?? note.place;
  const link = make("a", { href: addressOf({ place, label: place === note.place ? note.label : "" }) }, excerpt(note.quote));
  link.addEventListener("click", () => entry.closest("dialog")?.close());
  const edit = button(translate("Edit"), () => {
    entry.closest("dialog")?.close();
    openNote(note, found === null ? null : (found?.now ?? note.quote));
  });
  Object.assign(edit, { className: "quiet", ariaLabel: `${edit.textContent} ${nameOf(note)}` });
  const entry = make("li", {}, link, " ", edit);
  if (note.text !== "") entry.append(make("p", {}, note.text));
  if (found === null) entry.append(make("p", {}, translate("Place not found")));
  else if (found && found.now !== note.quote) entry.append(make("p", {}, translate("The wording has changed.")));
  return entry;
}
