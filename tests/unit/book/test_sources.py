"""The sources that a still depends on: it is redrawn if, and only if, one of them has changed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

import widgets
from latentbook.base.files import Files
from latentbook.book.read.sources import sources

FILES = {
    "__init__.py": "",
    "engine/__init__.py": "",
    "engine/host.py": "from widgets.engine import frames",
    "engine/frames.py": "import numpy as np",
    "lens.py": "import widgets.light.ray\nimport widgets.data",
    "light/__init__.py": "from . import mirror",
    "light/ray.py": "from widgets import paint as colours",
    "light/mirror.py": "",
    "paint.py": "import widgets.lens",
    "plain.py": "import numpy as np",
    "data/__init__.py": "",
    "data/digits.npz": "",
}
ENGINE = {"engine/__init__.py", "engine/host.py", "engine/frames.py"}


def names(folder: Path, instrument: str) -> set[str]:
    return {*sources(Files.of(folder), instrument)}


def test_an_instrument_depends_on_what_it_imports_at_any_remove(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert names(tmp_path, "plain") == ENGINE | {"plain.py"}
    light = {"light/__init__.py", "light/ray.py", "light/mirror.py"}
    data = {"data/__init__.py", "data/digits.npz"}
    assert names(tmp_path, "lens") == ENGINE | light | data | {"lens.py", "paint.py"}


@pytest.mark.parametrize("name", widgets.WIDGETS)
def test_everything_that_python_imports_for_a_frame_is_among_them(root: Path, name: str) -> None:
    kept = {key: sys.modules.pop(key) for key in list(sys.modules) if is_widgets(key)}
    try:
        for each in (f"widgets.{name}", "widgets.engine.host"):
            importlib.import_module(each)
        paths = {file_of(module) for key, module in sys.modules.items() if is_widgets(key)}
    finally:
        for key in [key for key in sys.modules if is_widgets(key)]:
            del sys.modules[key]
        sys.modules.update(kept)
    loaded = {path.relative_to(root / "widgets").as_posix() for path in paths}
    found = names(root / "widgets", name)
    assert loaded - {"__init__.py", "renamed.py"} <= found
    assert not {f"{other}.py" for other in widgets.WIDGETS if other != name} & found


def is_widgets(module: str) -> bool:
    return module.partition(".")[0] == "widgets"


def file_of(module: ModuleType) -> Path:
    return Path(str(module.__file__)).resolve()
