"""Code of earlier editions imports the modules that it knew."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from latentbook.book.read.sources import sources
from widgets.engine.frames import compute_frame, source_of
from widgets.engine.host import handle
from widgets.renamed import MODULES

EDITION_1 = {
    *("drawing", "encoders", "figures", "judged", "laws"),
    *("masked", "measures", "moves", "network", "probe"),
}
"""The modules beside the instruments of edition 0.1.0."""


def test_every_module_of_the_first_edition_has_a_place():
    assert {name.removeprefix("widgets.") for name in MODULES} == EDITION_1


@pytest.mark.parametrize("old", MODULES)
def test_an_old_name_is_the_new_module(old, monkeypatch):
    monkeypatch.delitem(sys.modules, old, raising=False)
    with pytest.warns(DeprecationWarning, match=f"{old} is now {MODULES[old]}") as warned:
        assert import_module(old) is import_module(MODULES[old])
    assert len(warned) == 1


def test_an_old_name_is_found_in_any_form_of_import():
    program = (
        "from widgets.probe import fit\n"
        "from widgets import measures\n"
        "import widgets.moves as moves\n"
        "import widgets.kit.probe, widgets.kit.metrics, widgets.kit.transforms\n"
        "assert fit is widgets.kit.probe.fit\n"
        "assert measures is widgets.kit.metrics and moves is widgets.kit.transforms\n"
        "assert widgets.kit.probe.__spec__.name == 'widgets.kit.probe'"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr.count("DeprecationWarning")) == (0, 3), ran.stderr


@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_readers_code_runs_with_old_names():
    code = "from widgets.network import silu\nfloat(silu(0))"
    request = {"id": 1, "type": "run_cell", "scope": "s", "code": code, "filename": "cell"}
    shown = []
    reply = handle(request, lambda mime, data: shown.append(data))
    assert (reply["type"], shown) == ("done", ["0.0"])


def test_an_instrument_with_old_names_depends_on_the_new_files(tmp_path: Path):
    for name, text in {
        "mine.py": "from widgets.probe import fit\n",
        "kit/__init__.py": "",
        "kit/probe.py": "",
    }.items():
        path = tmp_path / "widgets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    folder = tmp_path / "widgets"
    assert folder / "kit" / "probe.py" in sources(folder, "mine")


@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_a_readers_edit_of_a_served_instrument_still_runs():
    source = source_of("linear_probe")
    for new, old in {
        "computed_on_server=True": "served=True",
        "full_data": "everything",
        "widgets.kit.benchmark_codes": "widgets.judged",
        "widgets.kit.probe": "widgets.probe",
    }.items():
        assert new in source
        source = source.replace(new, old)
    edited = compute_frame("linear_probe", {}, source)
    assert edited["readouts"] == compute_frame("linear_probe", {}, None)["readouts"]
