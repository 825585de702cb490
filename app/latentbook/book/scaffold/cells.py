"""The cells of a Jupyter notebook, or of Markdown with code that runs.

Of Markdown, what MyST-NB, jupytext and Quarto run becomes a code cell.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbformat.v4.rwbase import rejoin_lines

from latentbook.book.read.parse import make_markdown, source_lines
from latentbook.errors import LatentbookError

ACCEPTED = (
    "A section is made from a Jupyter notebook in Python (.ipynb), or from Markdown (.md, .qmd)."
)
MARKDOWN = (".md", ".markdown", ".myst", ".qmd", ".rmd")
NOT_MYST = (".qmd", ".rmd")
OTHER_KERNELS = re.compile(
    r"(ir|julia|octave|matlab|bash|javascript|tslab|deno|rust|evcxr|scala|almond|i?haskell|sas|"
    r"stata|gnuplot|maxima|ruby|perl|gophernotes|gonb|xc(pp)?|\.net|lua)([-\d.].*)?"
)
RUNS = re.compile(r"\{code-cell\}\s*(\w*)|\{(\w+)\b[^{}]*\}|\{\.(\w+)\s+\.input\b[^{}]*\}")
RUNS_IN_JUPYTEXT = re.compile(r"(\w+)\b(?!.*(?:\bactive=|\.noeval))")
PYTHON = re.compile(r"(i?python\d*)?", re.IGNORECASE)
MYST_OPTIONS = re.compile(r"---\n(.*?)\n---\n|((?::[\w-]+:[^\n]*(?:\n|$))+)", re.DOTALL)
QUARTO_OPTIONS = re.compile(r"(?:#\|[^\n]*(?:\n|$))+")


def read_notebook(path: Path) -> NotebookNode:
    """A notebook of nbformat 4, with more in its ``metadata`` and in those of its cells.

    These are ``front``, the values of YAML at its head; ``myst``, whether the text is MyST; of a
    code cell the ``options`` of MyST or Quarto, and of each cell of a Markdown file its ``line``.

    Raises
    ------
    LatentbookError
        If the file is not a notebook in Python.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        given = None if path.suffix.lower() in MARKDOWN else json.loads(text)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or f"not JSON: {error}"
        raise LatentbookError(f"{path} cannot be read: {why}. {ACCEPTED}") from None
    notebook = (
        _of_json(path, given) if path.suffix.lower() not in MARKDOWN else _of_markdown(path, text)
    )
    first = notebook.cells[0] if notebook.cells else None
    if first is not None and first.cell_type == "raw":
        front = re.fullmatch(r"---\n(.*)\n---", first.source.strip(), re.DOTALL)
        if front and isinstance(values := _yaml(front[1]), dict):
            notebook.metadata.front = values
            del notebook.cells[0]
    language = _language(notebook.metadata)
    if not PYTHON.fullmatch(language):
        raise LatentbookError(f"{path} is in the language {language}. {ACCEPTED}")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            _take_options(cell)
    return notebook


def _of_json(path: Path, given: Any) -> NotebookNode:
    version = given.get("nbformat") if isinstance(given, dict) else None
    if version not in (3, 4):
        raise LatentbookError(f"{path} has the nbformat {version}. {ACCEPTED}")
    try:
        # Not as 4.5, whose ids nothing here needs.
        minor = min(given.setdefault("nbformat_minor", 0), 4)
        nbformat.validate(given, version=version, version_minor=minor, relax_add_props=True)
    except (nbformat.ValidationError, TypeError) as error:
        why = f"at {getattr(error, 'json_path', '$.nbformat_minor')}: {str(error)[-120:]}"
        raise LatentbookError(f"{path} is damaged {why}. {ACCEPTED}") from None
    if version == 3:
        return nbformat.convert(nbformat.reads(json.dumps(given), as_version=3), 4)
    return rejoin_lines(nbformat.from_dict(given))


def _of_markdown(path: Path, text: str) -> NotebookNode:
    lines, tokens = source_lines(text), make_markdown().parse(text)
    front: Any = {}
    start = 0
    if tokens and tokens[0].type == "front_matter":
        front = _yaml(tokens[0].content or "{}")
        start = (tokens[0].map or (0, 0))[1]
    if not isinstance(front, dict):
        raise LatentbookError(f"{path} has front matter that is not YAML. {ACCEPTED}")
    jupyter = front.get("jupyter")
    metadata = {**front, **(jupyter if isinstance(jupyter, dict) else {}), "front": front}
    form = str(metadata.get("jupytext", ""))
    runs = RUNS_IN_JUPYTEXT if "jupytext" in metadata and "myst" not in form else RUNS
    metadata["myst"] = runs is RUNS and path.suffix.lower() not in NOT_MYST
    cells = []

    def add_text(end: int) -> None:
        if source := "\n".join(lines[start:end]).strip("\n"):
            cells.append(new_markdown_cell(source, metadata={"line": start + 1}))

    for token in tokens:
        match = runs.match(token.info.strip()) if token.type.endswith("fence") else None
        language = next(filter(None, match.groups()), "") if match else None
        if language is not None and PYTHON.fullmatch(language) and token.level == 0 and token.map:
            add_text(token.map[0])
            tags = re.search(r"\btags=(\[[^\]]*\])", token.info)
            more = {"line": token.map[0] + 1, "tags": _yaml(tags[1]) if tags else []}
            cells.append(new_code_cell(token.content, metadata=more))
            start = token.map[1]
    add_text(len(lines))
    return new_notebook(cells=cells, metadata=metadata)


def _language(metadata: Mapping[str, Any]) -> str:
    info, kernel = (metadata.get(key) for key in ("language_info", "kernelspec"))
    info, kernel = (each if isinstance(each, dict) else {} for each in (info, kernel))
    name = str(kernel.get("name", "")).lower()
    other = name if OTHER_KERNELS.fullmatch(name) else ""
    return str(info.get("name") or kernel.get("language") or other)


def _take_options(cell: NotebookNode) -> None:
    """Move options of MyST and of Quarto out of the code."""
    source, values = cell.source, {}
    if "line" in cell.metadata and (found := MYST_OPTIONS.match(source)):
        values = _yaml(found[1] or re.sub(r"(?m)^:([\w-]+):", r"\1:", found[2]))
    elif found := QUARTO_OPTIONS.match(source):
        values = _yaml(re.sub(r"(?m)^#\| ?", "", found[0]))
    if not found or not isinstance(values, dict):
        return
    cell.source = source[found.end() :]
    if isinstance(mystnb := values.pop("mystnb", None), dict):
        for part in mystnb.values():
            values.update(part if isinstance(part, dict) else {})
    tags = values.pop("tags", [])
    tags = re.split(r"[\s,]+", tags) if isinstance(tags, str) else tags
    if values.get("eval") is False:
        tags.append("skip-execution")
        del values["eval"]
    cell.metadata.tags = [*cell.metadata.get("tags", []), *tags]
    cell.metadata.options = values


def _yaml(text: str) -> Any:
    """Its values, or None if it is not YAML."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None
