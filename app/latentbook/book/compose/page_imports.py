"""Check imports of code that runs in the page, which has different modules from the build."""

import ast
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from latentbook.book.read.contents import WIDGETS
from latentbook.book.read.nodes import Node, directives
from latentbook.book.read.project import Project
from latentbook.book.read.sources import place_of, reached
from latentbook.runtime.page_packages import PagePackages

COPES = re.compile(r"\b(ImportError|ModuleNotFoundError|(Base)?Exception|TYPE_CHECKING)\b")


def check_imports(project: Project, texts: Iterable[tuple[Path, Sequence[Node]]]) -> None:
    """Report each import of a module that the page lacks, in texts and a course's instruments."""
    packages = PagePackages.read(project.settings, project.packages)
    course = project.settings.course
    option = f" --course {shlex.quote(str(course))}" if course else ""
    codes = [(path, line, code) for path, nodes in texts for line, code in _run_in_page(nodes)]
    if course is not None:  # tests restrict the book's own instruments to NumPy
        folder = course.resolve()
        own = [f"widgets.{name}" for name in project.overlay.instruments]
        places = reached(project.widgets, own)
        for path in (project.widgets.path(place).resolve() for place in places):
            if path.is_relative_to(folder):
                place = path.relative_to(folder.parent)
                codes.append((place, 1, path.read_text(encoding="utf-8-sig")))
    lacking: dict[tuple[Path, str], list[int]] = {}
    for path, first, code in codes:
        for line, module in imported(code):
            if not _has(project, packages, module):
                top = module.partition(".")[0]
                named = module if top == WIDGETS else top
                lacking.setdefault((path, named), []).append(first + line - 1)
    for (path, module), (line, *others) in lacking.items():
        also = f"; also in line {', '.join(map(str, others))}" if others else ""
        project.problems.add(path, line, packages.why_missing(module, option) + also)


def _has(project: Project, packages: PagePackages, module: str) -> bool:
    """Whether the page has a module; an independent book has only a few of ``widgets``."""
    top, _, inner = module.partition(".")
    return top in packages.modules and (
        top != WIDGETS or not inner or bool(place_of(project.widgets, module))
    )


def _run_in_page(nodes: Sequence[Node]) -> Iterator[tuple[int, str]]:
    """Yield code that runs in the page, with its first line. A sketch's code, say, does not."""
    for node in directives(nodes):
        if node.syntax.page_code is not None:
            yield from node.syntax.page_code(node)


def imported(code: str) -> Iterator[tuple[int, str]]:
    """Yield line and module of each import that the code requires."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError):  # reported where the code is compiled
        return
    optional = {inner for node in nodes for inner in _optional(node)}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom) and node not in optional:
            names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                names = [node.module] if node.module and not node.level else []
            yield from ((node.lineno, name) for name in names)


def _optional(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes inside ``try`` with ``except ImportError``, or only for types."""
    match node:
        case ast.Try():
            handled = [each.type for each in node.handlers]
            copes = any(each is None or COPES.search(ast.unparse(each)) for each in handled)
        case ast.With():
            copes = any(COPES.search(ast.unparse(each)) for each in node.items)
        case ast.If():
            copes = bool(COPES.search(ast.unparse(node.test)))
        case _:
            return
    if copes:
        yield from (inner for each in node.body for inner in ast.walk(each))
