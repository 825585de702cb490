"""The import names `latentbook` and `widgets` in a user's Python, and clashes with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import SERVER_S


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program as a notebook in `folder` would: that folder comes first on Python's path."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SERVER_S,
        check=False,
    )


def test_an_app_beside_a_notebook_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise SystemExit('app.py was executed')\n")
    (tmp_path / "training.py").write_text("raise SystemExit('training.py was executed')\n")
    shown = run(
        tmp_path,
        "from latentbook import Instrument; print(Instrument('bottleneck', k=10).controls['k'])",
    )
    assert (shown.returncode, shown.stdout.strip()) == (0, "10"), shown.stderr


@pytest.mark.parametrize("place", ["widgets.py", "widgets/__init__.py"])
def test_another_package_called_widgets_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("")
    shown = run(tmp_path, "import latentbook")
    assert shown.returncode == 1
    assert "ImportError" in shown.stderr
    assert str(tmp_path / "widgets") in shown.stderr


def test_only_what_there_is_can_be_imported() -> None:
    shown = run(Path("/"), "from latentbook import Slider")
    assert "cannot import name 'Slider'" in shown.stderr
