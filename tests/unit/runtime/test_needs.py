"""Everything in Pyodide that the loader relies on is listed, and the build checks for it."""

import re
import shutil
from pathlib import Path

import pytest

from latentbook.base.errors import LatentbookError
from latentbook.runtime.scripts import run_script
from latentbook.settings import Settings

OWN = {"readWholeTable", "readTableAgain"}
"""Names that the loader itself adds to the module."""

TAKEN_AWAY = {"tests"}
"""Names that the loader only removes, if present."""


def test_everything_that_the_loader_uses_is_listed(root):
    folder = root / "static" / "js" / "python" / "worker"
    text = "\n".join(p.read_text() for p in folder.glob("*.js") if p.name != "needs.js")
    used = set(re.findall(r"\bmodule\.(\w+)", text)) - {"js"} - OWN
    for names in re.findall(r"\{([\w, ]+)\} = module;", text):
        used |= {name.strip() for name in names.split(",")}
    lists = re.findall(r"const OF_\w+ = \[([^\]]*)\];", (folder / "needs.js").read_text())
    of_module, of_api = (set(re.findall(r'"(\w+)"', names)) for names in lists)
    assert used == of_module
    assert set(re.findall(r"\bapi\.(\w+)", text)) - TAKEN_AWAY == of_api


def test_a_pyodide_that_lacks_something_fails_the_build(tmp_path: Path):
    stock = Settings().root / "node_modules" / "pyodide"
    other = tmp_path / "pyodide"
    other.mkdir()
    for path in stock.iterdir():
        if path.is_file():
            (other / path.name).symlink_to(path)
    script = other / "pyodide.asm.mjs"
    text = script.read_text()
    script.unlink()
    script.write_text(text.replace('Module["growMemory"]=', 'Module["growsMemory"]='))
    site = tmp_path / "site"
    site.mkdir()
    with pytest.raises(LatentbookError, match=r"This Pyodide lacks Module\.growMemory, which"):
        run_script("make_package.py", tmp_path / "made", other, site)
    shutil.rmtree(other)
