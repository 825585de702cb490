"""The PyTorch listings print what the NumPy snippets under them print."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "content" / "workshop"
PAIR = re.compile(
    r"^```python\n(.*?)^```\n.*?^```\{code-cell\} python\n:label: ([\w-]+)$", re.M | re.S
)
PAIRS = {label: code for code, label in PAIR.findall((FOLDER / "listings.md").read_text("utf-8"))}


@pytest.mark.parametrize("label", PAIRS)
def test_a_listing_prints_what_the_snippet_under_it_prints(label: str) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PAIRS[label]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    recorded = json.loads((FOLDER / "outputs.json").read_text("utf-8"))[label]
    printed = [output["data"] for output in recorded["outputs"] if output["kind"] == "stdout"]
    assert run.stdout == "".join(printed)


def test_every_snippet_has_its_listing() -> None:
    assert set(PAIRS) == {
        "snippet-autoencoder",
        "snippet-vae-loss",
        "snippet-embedding",
        "snippet-probe",
    }
