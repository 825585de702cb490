"""Running text as Markdown that any notebook program reads."""

import re
from collections.abc import Sequence
from textwrap import indent

from markdown_it.tree import SyntaxTreeNode as Node

from latentbook.book.compose.pieces import Text

SPECIAL = re.compile(
    r"[*`$]|\\(?=[!-/:-@\[-`{-~])|(?<!\w)_|_(?!\w)|<(?=[A-Za-z/!?])|&(?=#?\w+;)|\](?=[(\[:])|~(?=~)"
)
"""Characters in plain words that Markdown would read as syntax."""

AT_LINE_START = re.compile(r"^(\d*)([-+>#.)])(?=\s)")
RULES = {"left": ":--", "right": "--:", "center": ":-:"}


def markdown(text: Text) -> str:
    """A text in standard Markdown; links within the book become plain words."""
    return _all(Node(text.tokens).children)


def _all(nodes: Sequence[Node], between: str = "\n\n") -> str:
    if nodes and nodes[0].block:
        return between.join(map(_block, nodes))
    written = ""
    for node in nodes:
        words = _inline(node)
        if node.type == "text" and (not written or written.endswith("\n")):
            words = AT_LINE_START.sub(r"\1\\\2", words)
        written += words
    return written


def _block(node: Node) -> str:
    match node.type:
        case "bullet_list" | "ordered_list":
            tight = any(part.hidden for item in node.children for part in item.children)
            between = "\n" if tight else "\n\n"
            first = int(node.attrs.get("start", 1))
            marks = (
                f"{count}{item.markup} " if node.type == "ordered_list" else f"{item.markup} "
                for count, item in enumerate(node.children, start=first)
            )
            items = (_all(item.children, between) for item in node.children)
            return between.join(map(_hanging, marks, items))
        case "blockquote":
            lines = _all(node.children).split("\n")
            return "\n".join(f"> {line}".rstrip() for line in lines)
        case "fence" | "code_block":
            fence = node.markup or "```"
            return f"{fence}{node.info}\n{node.content}{fence}"
        case "math_block":
            return f"$$\n{node.meta['math'].tex}\n$$"
        case "table":
            return _table(node)
        case "dl":
            return "\n".join(
                f"\n{_all(part.children)}" if part.type == "dt" else _hanging(": ", _block(part))
                for part in node.children
            ).strip()
        case _:
            return _all(node.children)


def _hanging(mark: str, text: str) -> str:
    """Text after a mark, its other lines aligned with its first."""
    return mark + indent(text, " " * len(mark)).lstrip()


def _table(node: Node) -> str:
    rows = [row for part in node.children for row in part.children]
    lines = [[_all(cell.children).replace("|", r"\|") for cell in row.children] for row in rows]
    sides = (str(cell.attrs.get("style", "")).rpartition(":")[2] for cell in rows[0].children)
    lines.insert(1, [RULES.get(side, "---") for side in sides])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _inline(node: Node) -> str:
    inside = _all(node.children)
    match node.type:
        case "text":
            words = node.content
            if "task" in node.meta:
                words = words.replace(words[0], node.meta["task"], 1)
            return SPECIAL.sub(r"\\\g<0>", words)
        case "softbreak":
            return "\n"
        case "hardbreak":
            return "\\\n"
        case "code_inline":
            room = " " * ("`" in (node.content[:1], node.content[-1:]))
            return f"{node.markup}{room}{node.content}{room}{node.markup}"
        case "em" | "strong" | "s":
            return f"{node.markup}{inside}{node.markup}"
        case "math_inline":
            return f"${node.meta['math'].tex}$"
        case "link" if href := node.attrs.get("href"):
            if "to" in node.meta or node.markup == "linkify":
                return inside
            return f"<{href}>" if node.markup == "autolink" else f"[{inside}]({href})"
        case "dfn":
            return f"*{inside}*"
        case "abbr":
            return f"{inside} ({node.attrs['title']})"
        case "sub" | "sup" | "kbd":
            return f"<{node.type}>{inside}</{node.type}>"
        case "svg" | "picture":
            return f"({node.meta['alt']})"
        case _:
            return inside
