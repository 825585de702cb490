/**
 * The colours of Python in the editor: the same custom properties, for the same kinds of token, as the classes that
 * Pygments gives the static listing (static/css/code.css), so that a listing keeps its colours when it becomes an editor.
 */
import { HighlightStyle, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { Decoration, EditorView, ViewPlugin } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const style = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: tags.number, color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--code-comment)" },
  { tag: tags.function(tags.definition(tags.variableName)), color: "var(--code-function)" },
  { tag: [tags.definition(tags.className), tags.meta, tags.bool, tags.null], color: "var(--code-class)" },
  { tag: [tags.operator, tags.punctuation], color: "var(--ink-2)" },
]);

/** Names that Python provides; the grammar parses them as variables like any other. */
const BUILTINS = new Set(
  `abs all any ascii bin bool bytearray bytes callable chr complex dict dir divmod enumerate filter float format frozenset
  getattr hasattr hash hex id input int isinstance issubclass iter len list map max memoryview min next object oct open ord
  pow print property range repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip`.split(/\s+/),
);

const builtin = Decoration.mark({ class: "cm-builtin" });
const receiver = Decoration.mark({ class: "cm-receiver" });

/** @param {EditorView} view */
function marksIn(view) {
  /** @type {import("@codemirror/state").Range<Decoration>[]} */
  const marks = [];
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(view.state).iterate({
      from,
      to,
      enter(node) {
        if (node.name !== "VariableName") return;
        const name = view.state.sliceDoc(node.from, node.to);
        if (BUILTINS.has(name)) marks.push(builtin.range(node.from, node.to));
        else if (name === "self" || name === "cls") marks.push(receiver.range(node.from, node.to));
      },
    });
  }
  return Decoration.set(marks);
}

const names = ViewPlugin.define(
  (view) => ({
    marks: marksIn(view),
    update(update) {
      const parsed = syntaxTree(update.startState) !== syntaxTree(update.state);
      if (update.docChanged || update.viewportChanged || parsed) this.marks = marksIn(update.view);
    },
  }),
  { decorations: (plugin) => plugin.marks },
);

export const codeColours = [
  syntaxHighlighting(style),
  names,
  EditorView.theme({
    ".cm-builtin": { color: "var(--code-function)" },
    ".cm-receiver": { color: "var(--code-class)" },
  }),
];
