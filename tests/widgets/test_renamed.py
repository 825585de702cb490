"""Code of earlier editions imports the modules that it knew."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from latentbook.base.files import Files
from latentbook.book.read.sources import sources
from widgets import contract
from widgets.contract import Choice
from widgets.engine.frames import compute_frame, declaration_of, source_of
from widgets.engine.host import handle
from widgets.renamed import MODULES

EDITION_1 = {
    *("drawing", "encoders", "figures", "judged", "laws"),
    *("masked", "measures", "moves", "network", "probe"),
}
"""Modules of edition 0.1.0 that are not instruments."""


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
    assert "kit/probe.py" in sources(Files.of(folder), "mine")


OLD_NAMES = {
    "challenge=": "ask=",
    "computed_on_server=": "served=",
    "full_data": "everything",
    "yours=": "kept=",
    "YOURS": "KEPT",
    "autoplay_seconds=": "plays=",
    "saves=": "keeps=",
    "training_curves": "runs",
    "widgets.kit.benchmark_codes": "widgets.judged",
    "widgets.kit.figures": "widgets.figures",
    "widgets.kit.probe": "widgets.probe",
}
"""New name -> its name in editions 0.1 and 0.2."""

EDITED = {
    "linear_probe": {"computed_on_server=", "full_data", "yours=", "YOURS", "widgets.kit.probe"},
    "pipeline": {"autoplay_seconds="},
    "vq_codebook": {"saves=", "training_curves"},
}


@pytest.mark.filterwarnings("default::DeprecationWarning")
@pytest.mark.parametrize("name", EDITED)
def test_a_readers_edit_with_old_names_still_runs(name):
    source = own = source_of(name)
    used = {new for new in OLD_NAMES if new in source}
    assert EDITED[name] <= used
    for new in used:
        source = source.replace(new, OLD_NAMES[new])
    assert declaration_of(name, source) == declaration_of(name, own)
    readouts = compute_frame(name, {}, None)["readouts"]
    assert compute_frame(name, {}, source)["readouts"] == readouts


def test_old_names_of_fields_warn_and_have_the_value():
    with pytest.warns(DeprecationWarning, match="Choice: kept is now yours"):
        choice = Choice("way", "Way", {"up": "Up"}, "up", kept=True)  # type: ignore[call-arg]
    assert choice.yours
    with pytest.warns(DeprecationWarning, match="Choice: plays is now autoplay_seconds"):
        assert choice.plays == 0  # type: ignore[attr-defined]


def test_old_names_of_attributes_warn():
    with pytest.warns(DeprecationWarning, match=r"widgets\.contract\.KEPT is now YOURS"):
        assert contract.KEPT == contract.YOURS
    with pytest.raises(AttributeError, match=r"module 'widgets\.contract' has no attribute 'LOST'"):
        contract.LOST  # noqa: B018
