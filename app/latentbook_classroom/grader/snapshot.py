"""The folder from which interpreters start: scripts, and a snapshot of the page's Python.

It is made in the build's cache on first use, and again if anything in it changes.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from latentbook.base.cache import new_folder, seal, sealed
from latentbook.base.errors import LatentbookError
from latentbook.base.hashing import content_hash
from latentbook.base.report import Report
from latentbook.book.read.project import Project
from latentbook.runtime.dist import SCRIPT, RuntimeDist, build_runtime
from latentbook.runtime.page_packages import PagePackages
from latentbook_classroom import STATIC

PEER = Path(__file__).with_name("peer.py")
SNAPSHOT, MAIN = "snapshot.bin", "pyodide.asm.wasm"
START, MAKE = "start.mjs", "make.mjs"
FLAGS = (
    *("--no-prompt", "--cached-only", "--no-remote", "--no-npm"),
    *("--no-config", "--no-lock", "--no-code-cache"),
    "--v8-flags=--liftoff-only,--no-wasm-dynamic-tiering,--single-threaded,--max-old-space-size=128",
)
ENVIRONMENT = {"DENO_DIR": "/dev/null/none"}
"""Without a usable folder, Deno stores no localStorage, in which code without any permission could
leave data for later submissions, and no caches, for which RLIMIT_FSIZE would kill it."""


@dataclass(frozen=True)
class Sandbox:
    """Everything that an interpreter starts from.

    Attributes
    ----------
    start : the script that Deno runs
    boot : the interpreter's first input: Pyodide's script, Python, the snapshot
    packs : files of the runtime that are read when something in them is opened, by name
    """

    start: Path
    boot: bytes
    packs: Mapping[str, Path]


def deno() -> str:
    """The path of Deno.

    Raises
    ------
    LatentbookError
        If the extra ``classroom`` is not installed.
    """
    if find_spec("deno") is None:
        raise LatentbookError(
            "Students' code runs in Deno: `pip install 'latentbook[classroom]'` installs it."
        )
    return str(import_module("deno").find_deno_bin())


def prepare(project: Project, report: Report) -> Sandbox:
    """The sandbox of a book; make its snapshot if there is none yet."""
    settings = project.settings
    packages = PagePackages.read(settings, project.packages)
    runtime = build_runtime(
        settings, report=report, widgets=project.widgets, content=project.files, course=packages
    )
    scripts = script_files(settings.root / "static" / "js")
    folder = settings.build / "cache" / f"grader-{content_hash(runtime.version, *scripts.values())}"
    files = sealed(folder)
    if files is None:
        report("Making the snapshot for students' code, once")
        _make(folder, scripts, runtime)
        files = sealed(folder) or {}
    script, main = ((runtime.path / name).read_bytes() for name in (SCRIPT, MAIN))
    parts = (script, main, files[SNAPSHOT])
    boot = b"".join(len(part).to_bytes(4, "little") + part for part in parts)
    packs = {path.name: path for path in runtime.path.iterdir() if path.name != SCRIPT}
    return Sandbox(folder / START, boot, packs)


def script_files(root: Path) -> dict[str, bytes]:
    """The scripts of an interpreter, by their paths in the folder."""
    paths = [root / "python" / "download.js", *sorted((root / "python" / "worker").glob("*.js"))]
    files = {f"js/{path.relative_to(root)}": path.read_bytes() for path in paths}
    for path in sorted((STATIC / "grader").glob("*.js")):  # Deno knows no aliases
        files[f"js/grader/{path.name}"] = path.read_bytes().replace(b'"latentbook/', b'"../')
    for name, script, function in ((START, "sandbox", "run"), (MAKE, "make-snapshot", "make")):
        files[name] = (
            'import "./js/grader/scope.js";\n'
            f'import {{ {function} }} from "./js/grader/{script}.js";\n'
            f"await {function}();\n"
        ).encode()
    return files | {PEER.name: PEER.read_bytes()}


def _make(path: Path, scripts: Mapping[str, bytes], runtime: RuntimeDist) -> None:
    with new_folder(path) as folder:
        for name, data in scripts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        snapshot = folder / SNAPSHOT
        permissions = (f"--allow-read={runtime.path},{folder}", f"--allow-write={snapshot}")
        given = (*FLAGS, *permissions, folder / MAKE, runtime.path, snapshot, folder / PEER.name)
        done = subprocess.run(
            [deno(), "run", *map(str, given)],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not snapshot.exists():
            raise LatentbookError(
                f"The snapshot for students' code cannot be made:\n{done.stderr[-2000:]}"
            )
        seal(folder)
