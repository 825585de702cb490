"""The instrument in CONTRIBUTING.md works exactly as printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.figures import check_figures
from widgets.engine.check import check_instrument


@pytest.fixture
def source(root: Path) -> str:
    """The first block of Python under "An instrument, in ten minutes"."""
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"## An instrument.*?```python\n(.*?)```", text, re.DOTALL)
    assert block is not None
    return block[1]


def test_it_keeps_the_contract_and_its_figure_is_drawn(source: str) -> None:
    module = ModuleType("shrinkage")
    exec(compile(source, "shrinkage.py", "exec"), module.__dict__)
    check_instrument(module)
    for sigma in (0.0, 1.0, 2.0):
        result = module.compute(sigma=sigma)
        check_figures(module.frame(result))
    assert result["kept"] == pytest.approx(0.2)  # 1 / (1 + 2^2)


def test_it_is_formatted(source: str, root: Path) -> None:
    command = [sys.executable, "-m", "ruff", "format", "--check", "--stdin-filename", "x.py", "-"]
    done = subprocess.run(command, input=source, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
