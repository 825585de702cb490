"""Messages when Node fails."""

from pathlib import Path

import pytest

from latentbook.base.errors import LatentbookError
from latentbook.runtime.scripts import run_script, shortened


def test_minified_lines_are_left_out_of_what_node_said():
    said = "node:fs:1\n" + "x=1;" * 300_000 + "\n" + "    at place\n" * 100
    told = shortened(said + "Error: ENOSPC: no space left on device, write\n")
    assert told.endswith("Error: ENOSPC: no space left on device, write")
    assert len(told) < 1_000


@pytest.mark.parametrize(
    ("error", "said"),
    [("raise OSError(51, 'No space left on device')", "No space"), ("1 / 0", "ZeroDivisionError")],
)
def test_what_stopped_a_script_is_told(error: str, said: str, root: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(error)
    pyodide = root / "node_modules" / "pyodide"
    with pytest.raises((OSError, LatentbookError), match=said) as failed:
        run_script(str(script), tmp_path / "made", pyodide, tmp_path)
    assert isinstance(failed.value, OSError) == (said == "No space")
    assert "createPyodideModule" not in str(failed.value)
