"""Runs in Pyodide: imports each of ``NAMES`` and gives the outcomes as JSON text."""

import contextlib
import importlib
import io
import json
import sys
import warnings

SAID = {}
warnings.simplefilter("ignore")
for name in NAMES:  # noqa: F821 (put before this by the test)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            importlib.import_module(name)
            SAID[name] = "imported"
        except Exception as error:
            SAID[name] = f"{type(error).__name__}: {error}"
sys.stdout.flush()
json.dumps(SAID)
