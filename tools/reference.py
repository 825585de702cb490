"""Writes docs/instruments.md, the reference of instruments, from the docstrings of their modules.

``python -m tools.reference`` writes the page, with examples from ``examples/every_part.py``.
``make screenshots`` takes the page's pictures of the same file in a small book.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE, PICTURES = ROOT / "docs" / "instruments.md", ROOT / "docs" / "instruments"
EXAMPLE = ROOT / "examples" / "every_part.py"
MAX_EXAMPLE = 16  # lines of the longest call shown

MODULES = {
    "contract": [
        "Instrument",
        "Readout",
        "Training",
        "Frame",
        "Plot",
        "Tiles",
        "ServerGrid",
        "Map",
        "Dots",
        "Pad",
    ],
    "controls": [
        "Slider",
        "Choice",
        "Toggle",
        "Seed",
        "Point",
        "Viewport",
        "Drawing",
        "Textbox",
        "Glyph",
        "ContractError",
    ],
    "kit.figures": [],
    "data": ["load"],
    **{
        f"kit.{path.stem}": []
        for path in sorted((ROOT / "widgets" / "kit").glob("[!_]*.py"))
        if path.stem != "figures"
    },
}
"""Modules in the order of the page, with the names to show, in order; no names means all."""

SHOWN = {
    "Slider": ("[data-control=sigma]", "A field with a number, and a track with a handle."),
    "Choice": ("[data-control=wave]", "Two options side by side, one of them chosen."),
    "Toggle": ("[data-control=points]", "A ticked box."),
    "Seed": ("[data-control=seed]", "A field with a number, and a button that draws another."),
    "Point": ("[data-control=place]", "Two fields for x and y; the point can also be dragged."),
    "Viewport": ("[data-control=view]", "Three fields for x, y and zoom, and how to move the map."),
    "Drawing": ("[data-control=ink]", "A sentence that says how to draw on the pad."),
    "Textbox": ("[data-control=caption]", "A field with a text, and two buttons with others."),
    "Glyph": ("[data-control=mark]", "A field with a character, and two buttons with others."),
    "Readout": (".readouts", "A label with its symbol, and a number with its unit."),
    "Plot": ("[data-panel=plane]", "A plane with the point that the reader sets."),
    "Tiles": ("[data-panel=tiles]", "Three grey images in a row, with captions below."),
    "Map": ("[data-panel=map]", "Waves on a map, a circle, and points in two colours."),
    "Pad": ("[data-panel=pad]", "A ring that is drawn on a pad, and a button that clears it."),
    "figure": ("[data-panel=signal]", "Grey dots around a line that is named at its end."),
    "line": ("[data-panel=line]", "A solid and a dashed curve."),
    "dots": ("[data-panel=dots]", "Nine discs on a curve."),
    "bars": ("[data-panel=bars]", "Nine bars of rising height."),
    "image": ("[data-panel=image]", "A grey ring in the middle of a plane."),
    "tint": ("[data-panel=tint]", "A spot in the colour of rules, faint at its edge."),
    "label": ("[data-panel=label]", "The words here, z1 in the middle of a plane."),
    "segment": ("[data-panel=segment]", "A dashed straight line."),
    "training_curves": ("[data-panel=training_curves]", "Two curves above each other, by step."),
    "square": ("[data-panel=square]", "The outline of a square."),
    "circle": ("[data-panel=circle]", "The outline of a circle."),
    "palette": ("[data-panel=palette]", "A bar in each colour, with its name."),
}
"""Place of an element's picture on the page of the example, and its alternative text."""

OPENING = """\
# Reference of instruments

<!-- Written by `python -m tools.reference` from the docstrings: edit those. -->

An instrument is one Python file. It declares an [`Instrument`](#instrument) with its controls and
readouts, and defines two functions: `compute` gets the values of the controls and returns a dict of
arrays and numbers; `frame` turns the dict into a [`Frame`](#frame), the picture. Begin with
["An instrument, in ten minutes"](../CONTRIBUTING.md#an-instrument-in-ten-minutes), which shows a
complete one. In a course of your own, `latentbook new instrument NAME --course FOLDER` writes one
to change. [`examples/every_part.py`](../examples/every_part.py) has every control and panel.

This page lists what instruments may import: the contract and the controls, the parts of figures
(their keys are in [figures.md](figures.md)), stored arrays, and the modules that the instruments of
this book share. An argument without a default is required. One written `name=` is given by name
only.
"""

Named = ast.ClassDef | ast.FunctionDef


@dataclass(frozen=True)
class Argument:
    name: str
    type: str
    default: str
    by_name: bool = False


def tree_of(module: str) -> ast.Module:
    path = ROOT / "widgets" / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def public(module: str) -> dict[str, Named]:
    """Find the classes and functions of a module that the page shows, in order."""
    tree = tree_of(module)
    found = {each.name: each for each in tree.body if isinstance(each, Named)}
    listed = constants(tree).get("__all__")
    wanted = MODULES[module] or (ast.literal_eval(listed) if listed else found)
    return {name: found[name] for name in wanted if not name.startswith("_")}


def constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Find the names that a module assigns, with their values as expressions."""
    return {
        target.id: each.value
        for each in tree.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }


def arguments(node: Named) -> Iterator[Argument]:
    """Yield the arguments of a function or of a dataclass."""
    if isinstance(node, ast.ClassDef):
        made = next((m for m in node.body if getattr(m, "name", "") == "__init__"), None)
        if isinstance(made, ast.FunctionDef):
            yield from list(arguments(made))[1:]
        for field in node.body if node.decorator_list else ():
            if isinstance(field, ast.AnnAssign) and "ClassVar" not in ast.unparse(field.annotation):
                yield Argument(ast.unparse(field.target), written(field.annotation), default(field))
        return
    given = node.args
    required = len(given.args) - len(given.defaults)
    for i, each in enumerate(given.args):
        value = given.defaults[i - required] if i >= required else None
        yield Argument(each.arg, written(each.annotation), written(value))
    if given.vararg:
        yield Argument(f"*{given.vararg.arg}", written(given.vararg.annotation), "")
    for each, value in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        yield Argument(each.arg, written(each.annotation), written(value), by_name=True)
    if given.kwarg:
        yield Argument(f"**{given.kwarg.arg}", written(given.kwarg.annotation), "")


def written(node: ast.expr | None) -> str:
    return ast.unparse(node).replace("'", '"') if node else ""


def default(field: ast.AnnAssign) -> str:
    """Write the default of a field; a ``default_factory`` is written as a call."""
    if isinstance(field.value, ast.Call):
        return f"{written(field.value.keywords[0].value)}()"
    return written(field.value)


def parts(docstring: str) -> dict[str, str]:
    """Split a docstring into sections by title; the text before them has an empty title."""
    title = ""
    found: dict[str, list[str]] = {"": []}
    for line in cleandoc(docstring).splitlines():
        if re.fullmatch("-{3,}", line):
            title = found[title].pop()
            found[title] = []
        else:
            found[title].append(line)
    return {title: "\n".join(lines).strip() for title, lines in found.items()}


def meanings(section: str) -> dict[str, str]:
    """Map each argument to its description."""
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?! )", section):
        names, _, meaning = " ".join(entry.split()).partition(" : ")
        found |= dict.fromkeys(names.split(", "), meaning)
    return found


def prose(text: str, links: dict[str, str]) -> str:
    """Convert the text of a docstring to Markdown."""

    def link(match: re.Match[str]) -> str:
        name = match[1].rpartition(".")[2]
        return f"[`{name}`](#{links[name]})" if name in links else f"`{match[1]}`"

    text = re.sub(r":\w+:`([\w.]+)`", link, text)
    text = re.sub(r"``(.+?)``", r"`\1`", text, flags=re.DOTALL)
    text = re.sub(r"::$", ":", text, flags=re.MULTILINE)
    text = re.sub(r"\b(?:widgets|static)/[\w/]+\.\w+", r"[`\g<0>`](../\g<0>)", text)
    return re.sub(r"`?docs/(\w+\.md)`?", r"[\1](\1)", text)


def slugs() -> dict[str, dict[str, str]]:
    """Map each module to the anchors that its text links to by name.

    GitHub numbers headings that differ only in case. A name that several modules have is the
    module's own, or the first one's.
    """
    seen: Counter[str] = Counter()
    own: dict[str, dict[str, str]] = {module: {} for module in MODULES}
    for module in MODULES:
        for name in public(module):
            slug = name.lower()
            own[module][name] = f"{slug}-{seen[slug]}" if seen[slug] else slug
            seen[slug] += 1
    first: dict[str, str] = {}
    for anchors in reversed(own.values()):
        first |= anchors
    return {module: first | anchors for module, anchors in own.items()}


def cell(text: str) -> str:
    return text.replace("|", r"\|")


def picture(name: str) -> str:
    return f"![{SHOWN[name][1]}](instruments/{name}.png)\n" if name in SHOWN else ""


def examples() -> dict[str, str]:
    """Find the first call of each name in the example, if it is short."""
    text = EXAMPLE.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    calls = (each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Call))
    for call in sorted(calls, key=lambda each: each.lineno):
        if isinstance(call.func, ast.Name) and call.func.id not in found:
            code = ast.get_source_segment(text, call) or ""
            margin = re.search(r"^ *", code.rpartition("\n")[2])
            code = code.replace(f"\n{margin[0] if margin else ''}", "\n")
            if code.count("\n") < MAX_EXAMPLE:
                found[call.func.id] = code
    return found


def described(name: str, node: Named, example: str, links: dict[str, str]) -> str:
    """Write the section of one class or function."""
    said = parts(ast.get_docstring(node) or "")
    meaning = meanings(said.get("Parameters", ""))
    lines = [f"### {name}", "", prose(said[""], links), ""]
    if example:
        lines += ["```python", example, "```", ""]
    lines += [picture(name)]
    rows = list(arguments(node))
    if rows:
        lines += ["| argument | type | default | meaning |", "|---|---|---|---|"]
    for each in rows:
        shown = f"`{each.name}=`" if each.by_name else f"`{each.name}`"
        words = [each.type, each.default]
        kind, value = (f"`{cell(word)}`" if word else "" for word in words)
        if each.name.lstrip("*") not in meaning:
            raise SystemExit(f"The docstring of {name} does not describe {each.name}.")
        text = cell(prose(meaning[each.name.lstrip("*")], links))
        lines += [f"| {shown} | {kind} | {value} | {text} |"]
    for title, text in said.items():
        if title not in ("", "Parameters"):
            text = re.sub(r"\n +", ": " if title == "Raises" else " ", text).replace("\n", "; ")
            lines += ["", f"*{title}*: {prose(text, links)}"]
    return "\n".join(lines).rstrip() + "\n"


def page() -> str:
    """Write the complete page."""
    anchors = slugs()
    shown = examples()
    contents = [
        f"| [`widgets.{module}`](#widgets{module.replace('.', '')}) | "
        + ", ".join(f"[{name}](#{anchors[module][name]})" for name in public(module))
        + " |"
        for module in MODULES
    ]
    out = [OPENING, "\n".join(["| module | names |", "|---|---|", *contents, ""])]
    for module in MODULES:
        tree, links = tree_of(module), anchors[module]
        out += [f"## widgets.{module}\n", prose(ast.get_docstring(tree) or "", links) + "\n"]
        text = " ".join(ast.get_docstring(node) or "" for node in public(module).values())
        for name, value in constants(tree).items():
            if name.isupper() and re.search(rf"\b{name}\b", text):
                each = value.keys if isinstance(value, ast.Dict) else [value]
                out += [f"`{name}`: {', '.join(f'`{written(key)}`' for key in each)}\n"]
        if module == "contract":
            colors = [name for name, value in constants(tree).items() if '"#' in written(value)]
            out += [f"Colours of figures: `{'`, `'.join(colors)}`.\n\n{picture('palette')}"]
        for name, node in public(module).items():
            out += [described(name, node, shown.get(name, ""), links)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out))


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
