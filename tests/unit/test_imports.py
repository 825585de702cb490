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
    "app/latentbook/base": ".",
    "app/latentbook/book": ".http .serving .main .cli",
    "app/latentbook/runtime": ".book .http .serving",
    "app/latentbook/http": ".book .serving .main .cli",
    "app/latentbook/serving": ".main .cli",
    "app/latentbook_authoring": f"{PLUGINS} .http .serving .main .cli",
    "app/latentbook_classroom": f"{PLUGINS} torch .main .cli",
    "app/latentbook_decoders": f"{PLUGINS} .main .cli",
    "app/latentbook_decoders/models": ".book .http -api -decoding -scale",
    "app/latentbook_decoders/decoding": ".book -api -scale ray",
    "app/latentbook_decoders/api": ".book -scale ray",
    "app/latentbook_decoders/scale": ".book torch -api",
    "training": "tools .book .http .main .cli -api -decoding -scale",
}
"""Modules that a folder must not import, except its own package. ``.NAME`` is a module of
``latentbook``, ``.`` any of them, and ``-NAME`` one of ``latentbook_decoders``.
"""

NUMPY_ONLY = {"numpy", "widgets", *sys.stdlib_module_names}


def imported(path: Path) -> set[str]:
    """Every module that a file imports, including inside functions."""
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
    own = folder.removeprefix("app/").replace("/", ".")
    for path in files(root, folder):
        for module in (each for each in imported(path) if not is_in(each, own)):
            for name in REFUSED[folder].split():
                refused = re.sub(r"^\.", "latentbook.", re.sub("^-", "latentbook_decoders.", name))
                assert not is_in(module, refused.rstrip(".")), (path, module)


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


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
    """A cycle in a graph of imports; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def graph_of(root: Path) -> tuple[dict[str, set[str]], dict[str, Path]]:
    """Each module's imports, including those that only types need, and each module's file."""
    folders = (
        *(("app", "app/latentbook"), ("app", "app/latentbook_classroom")),
        *(("app", "app/latentbook_authoring"), ("app", "app/latentbook_decoders")),
        *(("", "widgets"), ("", "training"), ("", "tools")),
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
    """The package's own folder is exempt: it contains the entry points and the shared basics."""
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


def test_no_two_floors_import_each_other(root: Path) -> None:
    """A floor is a folder of the engine or its ``book``, a module next to those, or a package."""

    def floor(name: str) -> str:
        package, *inner = name.split(".")
        depth = 0 if package != "latentbook" else 2 if inner[:1] == ["book"] and inner[2:] else 1
        return ".".join([package, *inner[:depth]])

    floors: dict[str, set[str]] = {}
    for name, imports in graph_of(root)[0].items():
        floors.setdefault(floor(name), set()).update(map(floor, imports))
    graph = {name: found - {name, "latentbook"} for name, found in floors.items()}
    assert len(graph) > 20
    assert circle(graph) == []


def test_few_modules_stand_on_each_other(root: Path) -> None:
    """Limit the longest chain of imports that starts at the command."""
    graph, _ = graph_of(root)

    @cache
    def chain(name: str) -> tuple[str, ...]:
        return (name, *max(map(chain, graph[name]), key=len, default=()))

    assert len(longest := chain("latentbook.cli")) <= 16, longest


def test_no_scripts_import_each_other(root: Path) -> None:
    """Imports that only types need count, too."""
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
    """``matplotlib_backend`` is exempt: only Matplotlib imports it."""
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
