"""What plugins use of the engine documents its exceptions and long signatures.

These are the names that the classroom, the decoders and the examples of docs/plugins.md import.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = ("app/latentbook_classroom", "app/latentbook_decoders", "examples/plugin")
EXAMPLES = "\n".join(
    re.findall(r"^from latentbook\..*", (ROOT / "docs/plugins.md").read_text("utf-8"), re.M)
)

OF_LIBRARIES = ({"tokens", "idx", "options", "env"}, {"scope", "receive", "send"})
"""Parameters that markdown-it (renderer rules) and ASGI prescribe, and document themselves."""

NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def used() -> dict[str, set[str]]:
    """The engine's modules that plugins import from, and the names in each."""
    files = [path for folder in PLUGINS for path in (ROOT / folder).rglob("*.py")]
    found: dict[str, set[str]] = {}
    for source in (EXAMPLES, *(path.read_text(encoding="utf-8") for path in files)):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("latentbook."):
                found.setdefault(str(node.module), set()).update(each.name for each in node.names)
    return found


USED = used()


def public(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in body:
        if isinstance(node, NESTED[:3]) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)
            else:
                yield node


def raised(node: ast.AST) -> set[str]:
    """Names of the exceptions that leave a function, or of the helpers that build them."""
    if isinstance(node, ast.Raise) and node.exc:
        built = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return {ast.unparse(built).rpartition(".")[2]} - {"NotImplementedError"}
    found: set[str] = set()
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, NESTED):
            found |= raised(child)
        if isinstance(node, ast.Try) and child is node.body[-1]:  # handlers come next
            caught = (ast.unparse(each.type) for each in node.handlers if each.type)
            found -= set(re.findall(r"\w+", " ".join(caught)))
    return found


def faults(source: str, names: set[str]) -> Iterator[tuple[int, str]]:
    """Line and name of each function that lacks a section, or a name in it."""
    body = [node for node in ast.parse(source).body if getattr(node, "name", "") in names]
    for node in public(body):
        _, *parts = re.split(r"^(\w+)\n-{3,}$", ast.get_docstring(node) or "", flags=re.M)
        sections = dict(zip(parts[::2], parts[1::2], strict=True))
        classes = re.findall(r"^\w[\w, ]*$", sections.get("Raises", ""), re.M)
        listed = re.findall(r"^([\w, *]+) : ", sections.get("Parameters", ""), re.M)
        for name in sorted(raised(node) - {*re.findall(r"\w+", " ".join(classes))}):
            if name[0].isupper() or not classes:
                yield node.lineno, f"{node.name} raises {name}: name the class under Raises"
        given = {each.arg for each in ast.iter_child_nodes(node.args) if isinstance(each, ast.arg)}
        given -= {"self", "cls"}
        if len(given) >= 4 and not any(given >= each for each in OF_LIBRARIES):
            for name in sorted(given - {*re.findall(r"\w+", " ".join(listed))}):
                yield node.lineno, f"{node.name} takes {name}: describe it under Parameters"


@pytest.mark.parametrize("module", sorted(USED))
def test_public_functions_document_themselves(module: str) -> None:
    assert len(USED) > 20 and EXAMPLES
    folder = ROOT.joinpath("app", *module.split("."))
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    source = path.read_text(encoding="utf-8")
    found = [f"{path}:{line}: {why}" for line, why in faults(source, USED[module])]
    assert not found, "\n".join(found)
