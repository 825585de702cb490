"""Runs the tests of one part of NumPy in the page's Python. PART and TESTS are prepended."""

import base64
import contextlib
import importlib
import io
import json
import os
import sys
import types
import zipfile

SITE = "/lib/python3.14/site-packages"
# Libraries that only tests use, and that NumPy's WebAssembly wheel lacks.
HELPERS = (
    "_multiarray_tests",
    "_operand_flag_tests",
    "_rational_tests",
    "_struct_ufunc_tests",
    "_umath_tests",
)


class Outcomes:
    """Pytest plugin: records the outcome of each test."""

    def __init__(self):
        self.seen = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            name = "xfailed" if hasattr(report, "wasxfail") else report.outcome
            self.seen[f"{PART}/{report.nodeid}"] = name

    def pytest_collectreport(self, report):
        if report.failed:
            self.seen[f"{PART}/{report.nodeid}"] = "not collected"


zipfile.ZipFile(io.BytesIO(base64.b64decode(TESTS))).extractall(SITE)
importlib.invalidate_caches()
os.chdir("/tmp")

import numpy as np
import pytest


def stand_in(name):
    """Install a module whose functions skip the test that calls them."""

    def skipping(key):
        if key.startswith("__"):
            raise AttributeError(key)
        if key == "rational":
            return np.float64
        return lambda *args, **kwargs: pytest.skip("needs a library of the tests")

    module = types.ModuleType(f"numpy._core.{name}")
    module.__getattr__ = skipping
    sys.modules[module.__name__] = module
    setattr(np._core, name, module)


for helper in HELPERS:
    stand_in(helper)
outcomes = Outcomes()
options = [
    "-q",
    "-p",
    "no:cacheprovider",
    "--noconftest",
    "--import-mode=importlib",
    "--rootdir=/tmp",
]
options += ["--tb=no", "-W", "ignore", "-m", "not slow", f"{SITE}/numpy/{PART}"]
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    pytest.main(options, plugins=[outcomes])
json.dumps(outcomes.seen)
