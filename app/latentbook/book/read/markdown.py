"""The Markdown dialect: CommonMark, tables, MyST's mathematics, roles, notes and colon fences."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

TASK = re.compile(r"\[([ xX])\]\s+")
HEADING_LABEL = re.compile(r"\s*\{#([^}\s]*)\}\s*$")


def make_markdown() -> MarkdownIt:
    """A parser that gives every token its line, inline tokens included."""
    md = MarkdownIt("commonmark", {"html": True, "typographer": True})
    md.enable(["table", "strikethrough", "smartquotes"])
    md.use(myst_block_plugin).use(gfm_autolink_plugin)
    md.use(front_matter_plugin).use(amsmath_plugin).use(colon_fence_plugin).use(myst_role_plugin)
    md.use(dollarmath_plugin, allow_labels=True, allow_digits=False)
    # Notes go in the margin next to their paragraph, not at the end of the page.
    md.use(footnote_plugin, inline=False, move_to_end=False, always_match_refs=True)
    md.use(deflist_plugin)
    md.core.ruler.before("inline", "heading_labels", heading_labels)
    md.core.ruler.after("inline", "inline_lines", inline_lines)
    md.core.ruler.after("inline", "task_boxes", task_boxes)
    return md


def heading_labels(state: StateCore) -> None:
    """Move ``{#label}`` from the end of a heading to its opening token."""
    for opening, inline in zip(state.tokens, state.tokens[1:], strict=False):
        if opening.type == "heading_open" and (match := HEADING_LABEL.search(inline.content)):
            opening.meta["label"] = match[1]
            inline.content = inline.content[: match.start()]


def task_boxes(state: StateCore) -> None:
    """Show ``[ ]`` and ``[x]`` at the beginning of a list's items as boxes."""
    for item, inline in zip(state.tokens, state.tokens[2:], strict=False):
        if item.type == "list_item_open" and inline.type == "inline" and inline.children:
            first = inline.children[0]
            if first.type == "text" and (mark := TASK.match(first.content)):
                box = "\N{BALLOT BOX}" if mark[1] == " " else "\N{BALLOT BOX WITH CHECK}"
                first.meta["task"] = f"[{mark[1]}]"
                first.content = f"{box} {first.content[mark.end() :]}"


def inline_lines(state: StateCore) -> None:
    """Give each inline token its line, and mark single dollar signs."""
    for token in state.tokens:
        if token.type != "inline" or token.map is None:
            continue
        line = token.map[0]
        for child in token.children or ():
            child.map = [line, line + 1]
            if child.type in ("softbreak", "hardbreak"):
                line += 1
            else:
                line += child.content.count("\n")
            if child.type == "text" and "$" in child.content:
                child.meta["lone_dollar"] = True


def source_lines(text: str) -> list[str]:
    """Split a text into lines as markdown-it does."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def is_closed(fence: Token, lines: list[str]) -> bool:
    """Whether a fence ends with its own marker, not with the end of the text."""
    assert fence.map is not None
    first, end = fence.map
    last = lines[end - 1].strip() if end <= len(lines) else ""
    return end - 1 > first and len(last) >= len(fence.markup) and not last.strip(fence.markup[0])
