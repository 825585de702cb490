"""Scripts, style sheets, fonts and pictures of the frame: bundled by esbuild, named by content."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from latentbook.cache import Cache, replace_file, seal, sealed
from latentbook.errors import LatentbookError, UnknownName
from latentbook.hashing import content_hash
from latentbook.settings import Settings

QUESTIONS = Path(__file__).parents[1] / "directives" / "questions"
"""A folder for each kind. A test compares them with the registry, which would import far more."""

HASHED = re.compile(r"-[A-Z0-9]{8}(?=\.\w+$)")
IN_HEAD = ("static/js/head.js", "static/js/start.js")
"""Scripts that run before the first paint: classic ones, one file each."""

MODULES = ("static/js/main.js", "static/js/embed.js")
WORKERS = ("static/js/python/worker/worker.js", "static/js/python/worker/maker.js")
"""One file each: a worker starts sooner with fewer files to fetch."""

KIND_SCRIPTS = {
    f"question-{path.parent.name.replace('_', '-')}": path
    for path in sorted(QUESTIONS.glob("*/block.js"))
}
"""The script of each kind of question, by its name in the page."""

ON_DEMAND = ("worker.js", "maker.js", "zoom.css", *(f"{name}.js" for name in KIND_SCRIPTS))
"""Files that scripts load by address, unlike the modules that they import."""

SHEET = "latentbook-notebook.css"
"""The name of the style sheet in ``widget.js``."""

PAGE_ONLY = ("*/figure/zoom.js", "*/cell/editor.js")
"""Modules for buttons that an instrument has on a page but not in a notebook."""

ES = "--target=es2022"
BUNDLED = ("--bundle", "--minify")
NAMES = tuple(f"--{kind}-names=[name]-[hash]" for kind in ("entry", "chunk", "asset"))
PAGE_ROOT = re.compile(r"(?<![\w.#-])(?::root|html)((?:\[[^]]*\]|:not\([^)]*\))*)")
PAGE_BODY = re.compile(r"(?<![\w.#-])body(?=[\s>{,])")
FONT_FACE = re.compile(r"src:url\(([^)]+\.woff2)\)[^;}]*")


@dataclass(frozen=True)
class Assets:
    """The bundled files.

    Attributes
    ----------
    files : by their place below the site's root, ``assets/main-ABCDEFGH.js``
    places : logical name, ``main.js``, to that place
    """

    files: Mapping[str, Path]
    places: Mapping[str, str]

    @property
    def on_demand(self) -> dict[str, str]:
        """Paths that scripts need because they load these files by address."""
        return {name: self.place(name) for name in ON_DEMAND}

    def place(self, name: str) -> str:
        if name not in self.places:
            raise UnknownName("asset", name, self.places)
        return self.places[name]


def esbuild(settings: Settings, *arguments: str) -> str:
    """Run esbuild; return its output, which is the bundle unless an option names a place for it."""
    program = settings.root / "node_modules" / ".bin" / "esbuild"
    if not program.exists():
        raise LatentbookError("esbuild is missing. `npm ci` installs it.")
    command = [str(program), *arguments, *BUNDLED, "--log-level=warning", "--color=false"]
    done = subprocess.run(
        command, cwd=settings.root, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode != 0:
        raise LatentbookError(f"esbuild fails:\n{done.stderr.strip()}")
    return done.stdout


def kind_sources() -> list[Path]:
    return sorted(QUESTIONS.glob("*/*.[jc]s*"))


def sources_hash(settings: Settings, *folders: str) -> str:
    """A hash of all files in some folders below ``static`` and of the installed packages."""
    static = settings.root / "static"
    files = sorted(
        path for folder in folders for path in (static / folder).rglob("*") if path.is_file()
    )
    own = [settings.root / "package-lock.json", Path(__file__), *kind_sources()]
    names = [str(path.relative_to(static)) for path in files]
    return content_hash(*names, *(path.read_bytes() for path in [*files, *own]))


def engine_script(settings: Settings) -> str:
    """The script that the build runs itself: ``static/js/engine.js`` with KaTeX."""
    return _script(settings, "engine", "--global-name=engine", "--format=iife")


def worker_script(settings: Settings) -> str:
    """The service worker without its list: ``static/js/service-worker.js`` with workbox."""
    # A classic script, because not every browser accepts a module as a service worker.
    production = '--define:process.env.NODE_ENV="production"'
    return _script(settings, "service-worker", ES, production, "--format=iife")


def notebook_script(settings: Settings) -> str:
    """The module that draws an instrument in a notebook: ``static/js/notebook/widget.js``, with its
    style sheet inside."""
    key = f"notebook-{sources_hash(settings, 'js', 'css')}.js"
    if (script := _cached(settings, key)) is None:
        sheet = settings.build / "cache" / "notebook.css"
        text = _in_shadow_root(esbuild(settings, "static/css/notebook.css"))
        replace_file(sheet, text.encode())
        script = esbuild(
            settings,
            "static/js/notebook/widget.js",
            *("--format=esm", ES, f"--alias:{SHEET}={sheet}", "--loader:.css=text"),
            *(f"--external:{module}" for module in PAGE_ONLY),
        )
        Cache(settings.build / "cache").write(key, script)
    return script


def _in_shadow_root(sheet: str) -> str:
    """The pages' sheet for a shadow root, where ``:host`` is the root and ``.body`` the body."""

    def host(found: re.Match[str]) -> str:
        return f":host({found[1]})" if found[1] else ":host"

    return PAGE_BODY.sub(".body", PAGE_ROOT.sub(host, sheet))


def _script(settings: Settings, name: str, *options: str) -> str:
    key = f"{name}-{sources_hash(settings, 'js')}.js"
    if (script := _cached(settings, key)) is None:
        script = esbuild(settings, f"static/js/{name}.js", *options)
        Cache(settings.build / "cache").write(key, script)
    return script


def _cached(settings: Settings, key: str) -> str | None:
    cache = Cache(settings.build / "cache")
    script: str | None = cache.read(key)
    with suppress(OSError):  # missing, or an installed program's folder may be read-only
        os.utime(cache.folder / key)  # the build deletes the least recently used
    return script


def bundle(settings: Settings) -> Assets:
    """Everything that pages load, rebundled only if a source has changed."""
    out = settings.build / "cache" / f"bundle-{sources_hash(settings, 'js', 'css', 'img')}"
    if (names := sealed(out)) is None:
        shutil.rmtree(out, ignore_errors=True)
        _bundle(settings, out)
        seal(out)
        names = sealed(out) or {}
    out.touch()
    files = {
        f"assets/{name}": out / name
        for name in names
        if not name.startswith("meta-") and name != "places.json"
    }
    return Assets(files, json.loads(names["places.json"]))


def _bundle(settings: Settings, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    common = (f"--outdir={out}", *NAMES, "--loader:.woff2=file")
    style = _style_entry(settings)
    kinds = (f"{name}={path}" for name, path in KIND_SCRIPTS.items())
    own = f"--alias:latentbook={settings.root / 'static' / 'js'}"
    sheets = f"--alias:latentbook-kinds.css={_kind_sheets(settings)}"
    passes = {
        # Plotly imports a style sheet for maps, which the book does not use.
        "modules": (
            *MODULES,
            *kinds,
            own,
            "--format=esm",
            "--splitting",
            ES,
            "--loader:.css=empty",
        ),
        "workers": (*WORKERS, "--format=esm", ES),
        "head": (*IN_HEAD, "--format=iife", ES),
        "style": (f"book={style}", "zoom=static/css/zoom.css", sheets),
    }
    places: dict[str, str] = {}
    for name, arguments in passes.items():
        meta = out / f"meta-{name}.json"
        esbuild(settings, *arguments, *common, f"--metafile={meta}")
        outputs = json.loads(meta.read_text(encoding="utf-8"))["outputs"]
        places |= {HASHED.sub("", Path(key).name): f"assets/{Path(key).name}" for key in outputs}
    places |= _frame_pictures(settings.root / "static" / "img", out)
    text = json.dumps(places, indent=1, sort_keys=True)
    (out / "places.json").write_text(text, encoding="utf-8")


def _kind_sheets(settings: Settings) -> Path:
    sheet = settings.build / "cache" / "kinds.css"
    imports = (f'@import "{path}";\n' for path in sorted(QUESTIONS.glob("*/block.css")))
    sheet.write_text("".join(imports), encoding="utf-8")
    return sheet


def _style_entry(settings: Settings) -> Path:
    """A sheet that imports KaTeX's own, with woff2 fonts only, and then the book's."""
    cache = settings.build / "cache"
    dist = settings.root / "node_modules" / "katex" / "dist"
    sheet = (dist / "katex-swap.min.css").read_text(encoding="utf-8")
    sheet = FONT_FACE.sub(lambda m: f'src:url("{dist / m[1]}") format("woff2")', sheet)
    katex, entry = cache / "katex.css", cache / "book-entry.css"
    katex.write_text(sheet, encoding="utf-8")
    book = settings.root / "static" / "css" / "book.css"
    entry.write_text(f'@import "./katex.css";\n@import "{book}";\n', encoding="utf-8")
    return entry


def _frame_pictures(folder: Path, out: Path) -> dict[str, str]:
    places: dict[str, str] = {}
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        data = path.read_bytes()
        place = f"assets/{path.stem}-{content_hash(data)}{path.suffix}"
        (out / Path(place).name).write_bytes(data)
        places[path.name] = place
    return places
