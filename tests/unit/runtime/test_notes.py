"""The page's Python explains errors the same way, and reports wrapped 32-bit integers."""

import json

import pytest

from latentbook.runtime.dist import build_runtime
from tests.explained import explained_cases, noted_cases, unexplained_cases, written
from tests.unit.runtime.projects import project
from tests.unit.runtime.start import answer

RUN = """
import json
from widgets.engine import host, notes
from widgets.engine.explain import second_look
notes.QUICK = second_look.SECONDS = second_look.SECONDS_IF_LOST = 60.0  # WebAssembly counts waiting
def said(code):
    for source in ("import numpy as np", code):
        request = {"type": "run_cell", "id": 1, "scope": "case", "code": source, "filename": "cell"}
        reply = host.handle(request, lambda mime, data: None)
    host.handle({"type": "reset_scope", "id": 1, "scope": "case"}, None)
    return reply.get("value") or [reply.get("explanation")]
json.dumps([said(code) for code in CODES])
"""
WRAPPED = {
    "x = np.arange(100_001)\nprint(x.sum())": ["705082704 stands for 5000050000"],
    "np.array([100_000]) ** 2": ["1410065408 stands for 10000000000"],
    "squares = np.arange(50_000) * np.arange(50_000)": ["stands for 2147488281"],
    "x = np.arange(2000)\nnp.cumsum(x * x)[-1]": ["stands for 2150145431"],
    "x = np.arange(2000)\nx @ x": ["-1630300296 stands for 2664667000"],
    "np.arange(1, 21).prod()": ["-2102132736 stands for 2.4329e+18"],
    "x = np.arange(40_000)\nx[:2].sum(), x.mean(), x / 2, (x * 1.0).sum()": [],
}


@pytest.fixture(scope="module")
def said_in_page(tmp_path_factory):
    dist = build_runtime(project(tmp_path_factory.mktemp("project")), report=print)

    def said(codes):
        asked = f"CODES = json.loads({json.dumps(json.dumps(codes))})"
        code = f"import json\n{asked}{RUN}"
        return dict(zip(codes, answer(dist.path, "files", code=code), strict=True))

    return said


def test_the_tables_hold_in_the_page(said_in_page):
    of_errors = dict(explained_cases()) | dict.fromkeys(unexplained_cases(), "")
    of_runs = {code: said for code, said in noted_cases() if "int64" not in "".join(said)}
    found = said_in_page([*of_errors, *of_runs])
    assert {code: written(found[code][0]) for code in of_errors} == of_errors
    assert {code: [*map(written, filter(None, found[code]))] for code in of_runs} == of_runs


def test_integers_that_wrap_in_the_page_alone_are_told(said_in_page):
    found = said_in_page(list(WRAPPED))
    for code, expected in WRAPPED.items():
        said = [written(note) for note in found[code] if note is not None]
        assert len(said) == len(expected), (code, said)
        assert all(map(str.__contains__, said, expected)), (code, said)
