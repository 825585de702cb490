"""Imports point one way: widgets to NumPy, app.book to widgets, app.api to app.models."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REFUSED = {
    "widgets": ("app", "torch", "PIL", "plotly"),
    "app/book": ("torch", "app.models", "app.api", "app.decoding", "app.main", "app.cli"),
    "app/runtime": ("torch", "app.models", "app.api", "app.decoding", "app.book"),
    "app/models": ("app.api", "app.decoding", "app.http", "app.book", "app.main"),
    "app/http": ("torch", "app.api", "app.decoding", "app.main", "app.cli", "app.scale", "ray"),
    "app/decoding": ("app.api", "app.book", "app.main", "app.cli", "app.scale", "ray"),
    "app/api": ("app.book", "app.main", "app.cli", "app.scale", "ray"),
    "app/scale": ("app.book", "app.main", "app.cli", "torch"),
}
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
            for refused in REFUSED[folder]:
                assert module != refused and not module.startswith(f"{refused}."), (path, module)


def test_instruments_import_numpy_alone(root: Path) -> None:
    for path in files(root, "widgets"):
        assert {module.split(".")[0] for module in imported(path)} <= NUMPY_ONLY, path


def test_building_the_book_does_not_load_torch() -> None:
    program = "import sys, app.book.write.site, app.book.check; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
