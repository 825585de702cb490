"""Private names of libraries that this project uses, and the versions in which they were read.

When a version changes, read that code again, then change the number here.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from latentbook.http.protocol import BoundedProtocol

IMPORTED = {
    "app/latentbook/runtime/inside/latentbook_start.py": {
        "numpy.linalg._umath_linalg",
        "pyodide._package_loader",
    },
    "app/latentbook/runtime/inside/pip_for_page.py": {"pip._vendor.packaging"},
    "app/latentbook_decoders/scale/replica.py": {"ray.serve._private"},
    "widgets/engine/explain/rules.py": {"numpy._core"},
}
"""Private modules, by the file that uses them."""

PRIVATE = re.compile(r"[a-z]\w*(?:\.\w+)*\._[a-z]\w*(?:\.\w+)*")


def private_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value]
        yield from (name for name in names if PRIVATE.fullmatch(name))


def test_no_other_private_module_is_used(root: Path) -> None:
    files = [
        path for folder in ("app", "training", "widgets") for path in root.glob(f"{folder}/**/*.py")
    ]
    found = {path.relative_to(root).as_posix(): set(private_modules(path)) for path in files}
    assert {name: modules for name, modules in found.items() if modules} == IMPORTED


def test_ray_has_no_setting_for_the_address_between_replicas() -> None:
    """``listen_on_loopback`` replaces the one call that binds it."""
    pytest.importorskip("ray", reason="pip install latentbook[scale] installs Ray Serve")
    from ray.serve._private import replica

    assert version("ray") == "2.60.0"
    calls = re.findall(r"\badd_port_to_grpc_server\((.*)\)", inspect.getsource(replica))
    assert calls == ['self._server, "[::]:0"']


def test_uvicorn_calls_what_bounds_a_request() -> None:
    """It does not limit the time or size of a request's head; its parser calls these methods."""
    assert version("uvicorn") == "0.54.0"
    replaced = {name for name in vars(BoundedProtocol) if hasattr(HttpToolsProtocol, name)}
    assert {name for name in replaced if not name.startswith("__")} == {
        *("connection_made", "connection_lost", "data_received", "pause_writing", "resume_writing"),
        *("on_message_begin", "on_url", "on_header", "on_headers_complete", "on_message_complete"),
    }
    source = inspect.getsource(HttpToolsProtocol.data_received)
    assert source.index("self._unset_keepalive_if_required()") < source.index("self.parser.feed")
    assert "except httptools.HttpParserError" in source


def test_pyodide_is_the_one_whose_start_was_read(root: Path) -> None:
    """static/js/python/worker/needs.js lists the rest, and the build checks that it exists.

    NumPy 2.4.3 comes with it: ``numpy.linalg`` uses its library only inside functions.
    """
    assert json.loads((root / "package.json").read_text())["dependencies"]["pyodide"] == "314.0.3"


def test_pip_judges_markers_by_the_function_that_is_replaced() -> None:
    """Read in pip 23.2. pip comes with the reader's Python, so its version is not fixed."""
    from pip._vendor.packaging import markers

    assert "default_environment()" in inspect.getsource(markers.Marker.evaluate)
