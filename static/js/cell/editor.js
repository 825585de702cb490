/**
 * The code editor: CodeMirror with Python, in a shadow root so that its style sheets need no exception from the
 * Content-Security-Policy. Its metrics and colours are the page's custom properties `--code-*`, which the shadow root
 * inherits. It therefore replaces a static listing without moving anything.
 */
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, keymap } from "@codemirror/view";

import { codeColours } from "./code-colours.js";
import { translate } from "../words.js";

/**
 * @typedef {{
 *   doc: string,
 *   label: string,
 *   onChange: (doc: string) => void,
 *   onRun: (advance: boolean) => void,
 * }} EditorOptions `label`: for screen readers; `advance`: the reader wants to go on to the next block
 * @typedef {{
 *   set: (doc: string) => void,
 *   focus: (offset?: number) => void,
 *   focusLine: (line: number) => void,
 *   markError: (line: number | null) => void,
 *   showStep: (step: {next: number | null, ran: number | null, fails: number | null} | null) => void,
 *   destroy: () => void,
 * }} Editor `showStep` marks the next line, the line that ran and a line that fails, and makes the code read-only; null
 *   ends this
 */

const theme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "var(--code-size)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": {
    maxHeight: "var(--code-height, none)",
    overflow: "auto",
    fontFamily: "var(--mono)",
    fontVariantLigatures: "none",
    lineHeight: "var(--code-line)",
  },
  ".cm-content": { padding: "var(--code-padding)", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--code-match)", outline: "none" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--code-error)" },
  ".cm-content ::selection": { backgroundColor: "var(--code-selection)" },
  ".cm-error": { backgroundColor: "var(--code-error)" },
  ".cm-ran": { boxShadow: "-4px 0 var(--muted)" },
  ".cm-next": { backgroundColor: "var(--accent-soft)", boxShadow: "-4px 0 var(--accent)" },
  "@media (forced-colors: active)": { ".cm-next": { outline: "2px solid Highlight" } },
});

/** @type {import("@codemirror/state").StateEffectType<number | null>} */
const setErrorLine = StateEffect.define();

const errorLine = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setErrorLine)) continue;
      const { doc } = transaction.state;
      if (effect.value === null || effect.value < 1 || effect.value > doc.lines) return Decoration.none;
      return Decoration.set(Decoration.line({ class: "cm-error" }).range(doc.line(effect.value).from));
    }
    return transaction.docChanged ? Decoration.none : marks; // the error may be fixed now
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** @type {import("@codemirror/state").StateEffectType<{next: number | null, ran: number | null, fails: number | null} | null>} */
const setStep = StateEffect.define();

const stepLines = StateField.define({
  create: () => Decoration.none,
  update(marks, { effects, state }) {
    for (const effect of effects) {
      if (effect.is(setStep)) marks = marksOf(effect.value, state.doc);
    }
    return marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** @param {{next: number | null, ran: number | null, fails: number | null} | null} step @param {import("@codemirror/state").Text} doc */
function marksOf(step, doc) {
  /** @param {string} name @param {number | null | undefined} line */
  const marks = (name, line) => (line ? [Decoration.line({ class: name }).range(doc.line(line).from)] : []);
  return Decoration.set([...marks("cm-ran", step?.ran), ...marks("cm-next", step?.next), ...marks("cm-error", step?.fails)], true);
}

/**
 * @param {HTMLElement} parent
 * @param {EditorOptions} options
 * @returns {Editor}
 */
export function openEditor(parent, { doc, label, onChange, onRun }) {
  const frozen = new Compartment();
  const host = document.createElement("div");
  host.className = "editor";
  parent.append(host);
  const root = host.attachShadow({ mode: "open" });

  /** @param {boolean} advance */
  const run = (advance) => () => {
    onRun(advance);
    return true;
  };
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc,
      extensions: [
        keymap.of([
          { key: "Shift-Enter", run: run(true) },
          { key: "Ctrl-Enter", run: run(false) },
          { key: "Mod-Enter", run: run(false) }, // ⌘ on a Mac
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...historyKeymap,
          indentWithTab,
        ]),
        python(),
        indentUnit.of("    "),
        history(),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        codeColours,
        errorLine,
        stepLines,
        frozen.of([]),
        theme,
        EditorView.contentAttributes.of({
          "aria-label": label,
          "aria-description": translate("Tab indents. To leave the editor, press Escape, then Tab."),
          spellcheck: "false",
          tabindex: "0", // Tab reaches it anyway; this makes it visible in the markup
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });

  /** @param {number} offset */
  const putCursor = (offset) => {
    const anchor = Math.min(offset, view.state.doc.length);
    view.dispatch({ selection: { anchor }, scrollIntoView: true });
    view.focus();
  };
  return {
    set: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    focus: (offset) => (offset === undefined ? view.focus() : putCursor(offset)),
    focusLine: (line) => putCursor(view.state.doc.line(Math.min(line, view.state.doc.lines)).from),
    markError: (line) => view.dispatch({ effects: setErrorLine.of(line) }),
    showStep: (step) => {
      view.dispatch({ effects: [setStep.of(step), frozen.reconfigure(step === null ? [] : EditorState.readOnly.of(true))] });
      const line = step?.next ?? step?.fails ?? step?.ran;
      if (line) scrollWithin(view, view.state.doc.line(line).from);
    },
    destroy: () => {
      view.destroy();
      host.remove();
    },
  };
}

/** Scroll the editor, and not the page, to a line. @param {EditorView} view @param {number} position */
function scrollWithin(view, position) {
  const { scrollDOM } = view;
  const { top, bottom, height } = view.lineBlockAt(position);
  if (top - height < scrollDOM.scrollTop) scrollDOM.scrollTop = top - height;
  else if (bottom + 2 * height > scrollDOM.scrollTop + scrollDOM.clientHeight) scrollDOM.scrollTop = bottom + 2 * height - scrollDOM.clientHeight;
}
