"""Scripts, style sheets, fonts and pictures of the frame: bundled by esbuild, named by content."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from latentbook.cache import Cache, seal, sealed
from latentbook.errors import LatentbookError, UnknownName
from latentbook.hashing import content_hash
from latentbook.settings import Settings

QUESTIONS = Path(__file__).parents[1] / "directives" / "questions"
"""A folder for each kind. A test holds them to the registry, which imports far more."""

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
"""Files that scripts load by address; modules that they import find each other."""

SHEET = "latentbook-notebook.css"
"""The name of the style sheet in ``widget.js``."""

PAGE_ONLY = ("*/figure/zoom.js", "*/cell/editor.js")
"""Modules behind buttons that an instrument has on a page but not in a notebook."""

ES = "--target=es2022"
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
        """The path of a logical name.

        Raises
        ------
        UnknownName
            If there is no such file.
        """
        if name not in self.places:
            raise UnknownName("asset", name, self.places)
        return self.places[name]


def esbuild(settings: Settings, *arguments: str) -> None:
    program = settings.root / "node_modules" / ".bin" / "esbuild"
    if not program.exists():
        raise LatentbookError("esbuild is missing. `npm ci` installs it.")
    command = [str(program), *arguments, "--log-level=warning", "--color=false"]
    done = subprocess.run(command, cwd=settings.root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LatentbookError(f"esbuild fails:\n{done.stderr.strip()}")


def kind_sources() -> list[Path]:
    """The scripts and style sheets of the kinds of question."""
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
    """The script that the build runs in-process: ``static/js/engine.js`` with KaTeX."""
    return _script(settings, "engine", "--global-name=engine")


def worker_script(settings: Settings) -> str:
    """The service worker: ``static/js/service-worker.js`` with workbox, without what it keeps."""
    # A classic script, as not every browser takes a module for a service worker.
    production = '--define:process.env.NODE_ENV="production"'
    return _script(settings, "service-worker", ES, production)


def notebook_script(settings: Settings) -> str:
    """The module that draws an instrument in a notebook: ``static/js/notebook/widget.js``, with its
    style sheet inside."""

    def make(folder: Path) -> Path:
        sheet, out = folder / "sheet.css", folder / "widget.js"
        bundle = ("--bundle", "--minify")
        esbuild(settings, "static/css/notebook.css", *bundle, f"--outfile={sheet}")
        sheet.write_text(_in_shadow_root(sheet.read_text(encoding="utf-8")), encoding="utf-8")
        esbuild(
            settings,
            "static/js/notebook/widget.js",
            *(*bundle, "--format=esm", ES, f"--outfile={out}"),
            *(f"--alias:{SHEET}={sheet}", "--loader:.css=text"),
            *(f"--external:{module}" for module in PAGE_ONLY),
        )
        return out

    return _made_once(settings, f"notebook-{sources_hash(settings, 'js', 'css')}.js", make)


def _in_shadow_root(sheet: str) -> str:
    """A sheet of pages for a shadow root, where ``:host`` is the root and ``.body`` the body."""

    def host(found: re.Match[str]) -> str:
        return f":host({found[1]})" if found[1] else ":host"

    return PAGE_BODY.sub(".body", PAGE_ROOT.sub(host, sheet))


def _script(settings: Settings, name: str, *options: str) -> str:
    """A script of ``static/js`` as one file."""

    def make(folder: Path) -> Path:
        out = folder / "script.js"
        iife = ("--bundle", "--minify", "--format=iife", f"--outfile={out}")
        esbuild(settings, f"static/js/{name}.js", *iife, *options)
        return out

    return _made_once(settings, f"{name}-{sources_hash(settings, 'js')}.js", make)


def _made_once(settings: Settings, key: str, make: Callable[[Path], Path]) -> str:
    """A bundled script, from the cache if no source has changed."""
    cache = Cache(settings.build / "cache")
    script = cache.read(key)
    if script is None:
        with tempfile.TemporaryDirectory() as folder:
            script = make(Path(folder)).read_text(encoding="utf-8")
        cache.write(key, script)
    with suppress(PermissionError):  # of an installed program the folder may be read-only
        (cache.folder / key).touch()  # the site keeps what was used last
    return str(script)


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
    common = ("--bundle", "--minify", f"--outdir={out}", *NAMES, "--loader:.woff2=file")
    style = _style_entry(settings)
    kinds = (f"{name}={path}" for name, path in KIND_SCRIPTS.items())
    own = f"--alias:latentbook={settings.root / 'static' / 'js'}"
    sheets = f"--alias:latentbook-kinds.css={_kind_sheets(settings)}"
    passes = {
        # Plotly imports a sheet of its maps, which the book does not have.
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
    """A sheet that imports those of the kinds of question."""
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
