"""Imports point one way: widgets to NumPy, book to widgets, api to models, training to models."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PLUGINS = "latentbook_authoring latentbook_classroom latentbook_decoders training"
REFUSED = {
    "widgets": "latentbook training torch PIL plotly",
    "app/latentbook": f"{PLUGINS} torch ray",
    "app/latentbook/book": ".http .main .cli",
    "app/latentbook/runtime": ".book .http",
    "app/latentbook/http": ".main .cli",
    "app/latentbook_authoring": f"{PLUGINS} .http .main .cli",
    "app/latentbook_classroom": f"{PLUGINS} torch .main .cli",
    "app/latentbook_decoders": f"{PLUGINS} .main .cli",
    "app/latentbook_decoders/models": ".book .http -api -decoding -scale",
    "app/latentbook_decoders/decoding": ".book -api -scale ray",
    "app/latentbook_decoders/api": ".book -scale ray",
    "app/latentbook_decoders/scale": ".book torch -api",
    "training": "tools .book .http .main .cli -api -decoding -scale",
}
"""What a folder must not import, but for its own package; ``.NAME`` is a module of ``latentbook``,
and ``-NAME`` one of ``latentbook_decoders``.
"""

NUMPY_ONLY = {"numpy", "widgets", *sys.stdlib_module_names}


def imported(path: Path) -> set[str]:
    """Every module that a file imports, those inside functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return found


def files(root: Path, folder: str) -> list[Path]:
    found = sorted((root / folder).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("folder", REFUSED)
def test_no_import_points_the_other_way(folder: str, root: Path) -> None:
    for path in files(root, folder):
        for module in imported(path):
            for name in REFUSED[folder].split():
                refused = re.sub(r"^\.", "latentbook.", re.sub("^-", "latentbook_decoders.", name))
                if refused == folder.partition("/")[2]:
                    continue
                assert module != refused and not module.startswith(f"{refused}."), (path, module)


@pytest.mark.parametrize(
    "folder", ["app/latentbook_classroom", "app/latentbook_decoders", "examples/plugin"]
)
def test_a_plugin_imports_what_is_for_plugins(folder: str, root: Path) -> None:
    page = (root / "docs" / "plugins.md").read_text(encoding="utf-8")
    listed = page.partition("## What a plugin may import")[2].partition("\n## ")[0]
    public = set(re.findall(r"`(latentbook\.[a-z_.]+)`", listed))
    found = {module for path in files(root, folder) for module in imported(path)}
    of_the_engine = {module for module in found if module.partition(".")[0] == "latentbook"}
    assert len(of_the_engine) > 3
    assert of_the_engine <= public


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The first circle in a graph of imports, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def graph_of(root: Path) -> tuple[dict[str, set[str]], dict[str, Path]]:
    """What each module imports, those imports included that only types need, and its file."""
    folders = (
        *(("app", "app/latentbook"), ("app", "app/latentbook_classroom")),
        *(("app", "app/latentbook_authoring"), ("app", "app/latentbook_decoders")),
        *(("", "widgets"), ("", "training")),
    )
    modules = {
        ".".join(path.relative_to(root / base).with_suffix("").parts): path
        for base, folder in folders
        for path in files(root, folder)
    }
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        graph[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                inside = {f"{node.module}.{alias.name}" for alias in node.names} & set(modules)
                graph[name] |= inside or {node.module}
            elif isinstance(node, ast.Import):
                graph[name] |= {alias.name for alias in node.names}
        graph[name] &= set(modules) - {name}
    return graph, modules


def test_no_python_modules_import_each_other(root: Path) -> None:
    assert circle(graph_of(root)[0]) == []


@pytest.mark.parametrize(
    ("package", "least"),
    [("latentbook", 40), ("latentbook_classroom", 3), ("latentbook_decoders", 6)],
)
def test_no_two_folders_import_each_other(root: Path, package: str, least: int) -> None:
    """But the package's own, which holds both what starts everything and what everything needs."""
    graph, modules = graph_of(root)
    own = root / "app" / package
    arrows = {
        (modules[name].parent.relative_to(own), modules[other].parent.relative_to(own))
        for name, imports in graph.items()
        for other in imports
        if own in modules[name].parent.parents and own in modules[other].parent.parents
    }
    assert len(arrows) >= least
    assert [each for each in sorted(arrows) if each[0] < each[1] and each[::-1] in arrows] == []


def test_few_modules_stand_on_each_other(root: Path) -> None:
    """The longest chain of imports that the command begins."""
    graph, _ = graph_of(root)

    @cache
    def chain(name: str) -> tuple[str, ...]:
        return (name, *max(map(chain, graph[name]), key=len, default=()))

    assert len(longest := chain("latentbook.cli")) <= 16, longest


def test_no_scripts_import_each_other(root: Path) -> None:
    """Those that only types need count, too."""
    questions = root / "app" / "latentbook" / "book" / "directives" / "questions"
    classroom = root / "app" / "latentbook_classroom" / "static"
    aliases = {"latentbook": root / "static" / "js", "latentbook-class": classroom / "lecture"}
    folders = (aliases["latentbook"], questions, classroom)
    imports = re.compile(r"""["'](?:(latentbook(?:-class)?)/|(?=\.{1,2}/))([^"']+\.js)["']""")
    graph = {
        str(path.relative_to(root)): {
            str((aliases.get(alias, path.parent) / named).resolve().relative_to(root))
            for alias, named in imports.findall(path.read_text())
        }
        for folder in folders
        for path in folder.rglob("*.js")
    }
    assert len(graph) > 100
    assert all((root / named).is_file() for found in graph.values() for named in found)
    assert circle(graph) == []
    own = str(classroom.relative_to(root))
    towards = {name for name, found in graph.items() if any(n.startswith(own) for n in found)}
    assert {name for name in towards if not name.startswith(own)} <= {
        str(path.relative_to(root)) for path in questions.glob("*/class.js")
    }


def test_instruments_import_numpy_alone(root: Path) -> None:
    """Only Matplotlib imports the one module that needs Matplotlib."""
    for path in files(root, "widgets"):
        if path.name == "matplotlib_backend.py":
            continue
        assert {module.split(".")[0] for module in imported(path)} <= NUMPY_ONLY, path


def test_building_the_book_does_not_load_torch() -> None:
    program = (
        "import sys, latentbook.book.build, latentbook_authoring.check.book;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
