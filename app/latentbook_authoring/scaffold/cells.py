"""The cells of a Jupyter notebook, or of Markdown whose code MyST-NB, jupytext or Quarto runs."""

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import yaml
from markdown_it.token import Token
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbformat.v4.rwbase import rejoin_lines

from latentbook.base.errors import LatentbookError
from latentbook.book.read.parse import make_markdown, source_lines

ACCEPTED = (
    "A section is made from a Jupyter notebook of nbformat 3 or 4 or from Markdown, in Python."
)
MARKDOWN = (".md", ".markdown", ".myst", ".qmd", ".rmd")
RUNS = re.compile(r"\{code-cell\}\s*(\w*)|\{(\w+)[^{}]*\}|\{\.(\w+)\s+\.input\b[^{}]*\}")
RUNS_IN_JUPYTEXT = re.compile(r"(\w+)")
PYTHON = re.compile(r"(i?python\d*)?", re.IGNORECASE)
OTHER_KERNEL = re.compile(r"(ir|julia|octave|matlab|bash|javascript|rust|scala|sas|stata)\b")
MYST_OPTIONS = re.compile(r"---\n(.*?)\n---\n|((?::[\w-]+:[^\n]*(?:\n|$))+)", re.DOTALL)
QUARTO_OPTIONS = re.compile(r"(?:#\|[^\n]*(?:\n|$))+")
RENAMED = {"name": "label", "caption": "title", "fig-cap": "title", "fig-alt": "alt"}
"""Options of MyST and Quarto, and the options of a snippet that replace them."""
QUARTO_LABEL = re.compile(r"(?m)(?<=\$)(\$) ?\{#([\w-]+)\}(?=\s*$)")


def read_notebook(path: Path) -> Any:
    """Read a file as a notebook of nbformat 4, with more metadata.

    The notebook has ``front``, the values of YAML at its head, and ``myst``, whether its text is
    MyST. A code cell has the ``options`` of MyST or Quarto, each cell of Markdown its ``line``.

    Raises
    ------
    LatentbookError
        If the file is not a notebook in Python.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        is_markdown = path.suffix.lower() in MARKDOWN
        notebook = _of_markdown(text, path) if is_markdown else _of_json(json.loads(text), path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or f"not JSON: {error}"
        raise LatentbookError(f"{path} cannot be read: {why}. {ACCEPTED}") from None
    metadata, cells = notebook.metadata, notebook.cells
    if cells and cells[0].cell_type == "raw":
        front = re.fullmatch(r"---\n(.*)\n---", cells[0].source.strip(), re.DOTALL)
        if front and isinstance(values := _yaml(front[1]), dict):
            metadata.front = values
            del cells[0]
    kernel = metadata.get("kernelspec")
    kernel = kernel if isinstance(kernel, dict) else {}
    other = OTHER_KERNEL.match(str(kernel.get("name")).lower())
    language = metadata.get("language_info", {}).get("name") or kernel.get("language")
    if not PYTHON.fullmatch(language or (other[1] if other else "")):
        language = language or kernel["name"]
        raise LatentbookError(f"{path} is in the language {language}. {ACCEPTED}")
    for cell in cells:
        cell.source = QUARTO_LABEL.sub(r"\1 (\2)", cell.source)
        if cell.cell_type == "code":
            _take_options(cell)
    return notebook


def _of_json(given: Any, path: Path) -> Any:
    version = given.get("nbformat") if isinstance(given, dict) else None
    if version not in (3, 4):
        raise LatentbookError(f"{path} has the nbformat {version}. {ACCEPTED}")
    try:
        # Not as 4.5: nothing here needs its ids.
        minor = min(given.setdefault("nbformat_minor", 0), 4)
        nbformat.validate(given, version=version, version_minor=minor, relax_add_props=True)
    except (nbformat.ValidationError, TypeError) as error:
        where, why = (
            getattr(error, "json_path", "$.nbformat_minor"),
            getattr(error, "message", error),
        )
        raise LatentbookError(
            f"{path} is damaged at {where}: {str(why)[-120:]}. {ACCEPTED}"
        ) from None
    if version == 3:
        return nbformat.convert(nbformat.reads(json.dumps(given), as_version=3), 4)
    return rejoin_lines(nbformat.from_dict(given))


def _of_markdown(text: str, path: Path) -> Any:
    text = QUARTO_LABEL.sub(r"\1 (\2)", text)
    lines, tokens, front, start = source_lines(text), make_markdown().parse(text), {}, 0
    if tokens and tokens[0].type == "front_matter":
        front, start = _yaml(tokens[0].content or "{}"), (tokens[0].map or (0, 0))[1]
    if not isinstance(front, dict):
        raise LatentbookError(
            f"{path} has front matter that is not lines of 'key: value'. {ACCEPTED}"
        )
    jupyter = front.get("jupyter")
    metadata = {**front, **(jupyter if isinstance(jupyter, dict) else {}), "front": front}
    form = str(metadata.get("jupytext", "myst"))
    runs = RUNS if "myst" in form or "quarto" in form else RUNS_IN_JUPYTEXT
    metadata["myst"] = runs is RUNS and path.suffix.lower() not in (".qmd", ".rmd")
    cells: list[NotebookNode] = []
    code = [each for each in tokens if each.level == 0 and _is_python(each, runs)]
    for token in (*code, None):
        first, end = (token.map if token else None) or (len(lines), len(lines))
        if source := "\n".join(lines[start:first]).strip("\n"):
            cells.append(new_markdown_cell(source, metadata={"line": start + 1}))
        if token:
            cells.append(new_code_cell(token.content, metadata={"line": first + 1}))
        start = end
    return nbformat.from_dict({"cells": cells, "metadata": metadata})


def _is_python(token: Token, runs: re.Pattern[str]) -> bool:
    match = runs.match(token.info.strip()) if token.type.endswith("fence") else None
    return bool(match and PYTHON.fullmatch(next(filter(None, match.groups()), "")))


def _take_options(cell: NotebookNode) -> None:
    """Move options of MyST and of Quarto out of the code."""
    found = MYST_OPTIONS.match(cell.source) if "line" in cell.metadata else None
    if found:
        given = found[1] or re.sub(r"(?m)^:([\w-]+):", r"\1:", found[2])
    elif found := QUARTO_OPTIONS.match(cell.source):
        given = re.sub(r"(?m)^#\| ?", "", found[0])
    if not found or not isinstance(values := _yaml(given), dict):
        return
    cell.source = cell.source[found.end() :]
    for part in (values.pop("mystnb", None) or {}).values():
        values.update(part if isinstance(part, dict) else {})
    tags = values.pop("tags", [])
    tags = re.split(r"[\s,]+", tags) if isinstance(tags, str) else [*map(str, tags or ())]
    if values.get("eval") is False:
        tags, _ = [*tags, "skip-execution"], values.pop("eval")
    options = {RENAMED.get(name, str(name)): str(value) for name, value in values.items()}
    cell.metadata |= {"tags": [*cell.metadata.get("tags", []), *tags], "options": options}


def _yaml(text: str) -> Any:
    """Return the values of a YAML text; None if it is not YAML."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None
