"""Scripts, style sheets, fonts and pictures of the frame: bundled by esbuild, named by content."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from latentbook.base.cache import Cache, new_folder, replace_file, seal, sealed
from latentbook.base.errors import LatentbookError, UnknownName
from latentbook.base.hashing import content_hash
from latentbook.settings import Settings

QUESTIONS = Path(__file__).parents[1] / "directives" / "questions"
"""One folder per kind. A test compares them with the registry, which imports far more."""


def by_kind(name: str) -> dict[str, Path]:
    """The files of this name for all kinds of question, by kind."""
    paths = sorted(QUESTIONS.glob(f"*/{name}"))
    return {path.parent.name.replace("_", "-"): path for path in paths}


HASHED = re.compile(r"-[A-Z0-9]{8}(?=\.\w+$)")
IN_HEAD = tuple(f"static/js/{name}.js" for name in ("head", "start", "embed-start"))
"""Scripts that run before the first paint: classic ones, one file each."""

MODULES = ("static/js/main.js", "static/js/embed.js")
STYLES = tuple(
    f"static/css/{name}.css"
    for name in ("book", "more", "print", "recall", "review", "show", "steps", "study", "zoom")
)
LATE_SHEETS = ("recall.css", "study.css")
"""Sheets whose places the scripts contain, so that no page has to."""

WORKERS = ("static/js/python/worker/worker.js", "static/js/python/worker/maker.js")
"""One file each: a worker starts sooner with fewer files to fetch."""

KIND_SCRIPTS = {f"question-{name}": path for name, path in by_kind("block.js").items()}
"""The script of each kind of question, by its name in the page."""

ON_DEMAND = ("worker.js", "maker.js", "in-page.js", "show.css", "steps.css", "zoom.css")
"""Files that scripts load by address instead of importing them."""

SHEET = "latentbook-notebook.css"
"""The name of the style sheet in ``widget.js``."""

PAGE_ONLY = ("*/figure/zoom.js", "*/cell/editor.js", "*/explain/sentences.js", "*/study/log.js")
"""Modules for buttons that an instrument has on a page but not in a notebook."""

ES = "--target=es2022"
BUNDLED = ("--bundle", "--minify")
NAMES = tuple(f"--{kind}-names=[name]-[hash]" for kind in ("entry", "chunk", "asset"))
PAGE_ROOT = re.compile(r"(?<![\w.#-])(?::root|html)((?:\[[^]]*\]|:not\([^)]*\))*)")
PAGE_BODY = re.compile(r"(?<![\w.#-])body(?=[\s>{,])")
KATEX = Path("node_modules/katex/dist/katex-swap.min.css")


@dataclass(frozen=True)
class Assets:
    """The bundled files.

    Attributes
    ----------
    files : by their place below the site's root, ``assets/main-ABCDEFGH.js``
    places : those places by logical name, ``main.js``
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
    """Run esbuild; return its output: the bundle, unless an option names a file for it.

    Raises
    ------
    LatentbookError
        If esbuild is missing or fails.
    """
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


def sources_hash(settings: Settings, *folders: str) -> str:
    """A hash of all files in folders below ``static``, and of the installed packages."""
    static = settings.root / "static"
    files = sorted(
        path
        for folder in folders
        for path in (static / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"  # pip compiles fonts.py
    )
    kinds = sorted(QUESTIONS.glob("*/*.[jc]s*"))
    own = [settings.root / "package-lock.json", Path(__file__), *kinds]
    names = [path.relative_to(static).as_posix() for path in files]
    return content_hash(*names, *(path.read_bytes() for path in [*files, *own]))


def engine_script(settings: Settings) -> str:
    """The script that the build runs itself: ``static/js/engine.js`` with KaTeX."""
    source = settings.root / "static" / "js" / "engine.js"
    return bundled_script(settings, source, "--global-name=engine", "--format=iife")


def worker_script(settings: Settings) -> str:
    """The service worker without its list: ``static/js/service-worker.js`` with workbox."""
    # A classic script, because not every browser accepts a module as a service worker.
    production = '--define:process.env.NODE_ENV="production"'
    source = settings.root / "static" / "js" / "service-worker.js"
    return bundled_script(settings, source, ES, production, "--format=iife")


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


def bundled_script(settings: Settings, source: Path, *options: str) -> str:
    """Bundle a script with all its imports into one file, which is not for a page."""
    key = f"{source.stem}-{content_hash(sources_hash(settings, 'js'), source.read_bytes())}.js"
    if (script := _cached(settings, key)) is None:
        script = esbuild(settings, str(source), *options)
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
        with new_folder(out) as partial:
            _bundle(settings, partial)
            seal(partial)
        names = sealed(out) or {}
    out.touch()
    files = {
        f"assets/{name}": out / name
        for name in names
        if not name.startswith("meta-") and name != "places.json"
    }
    return Assets(files, json.loads(names["places.json"]))


def _bundle(settings: Settings, out: Path) -> None:
    own = f"--alias:latentbook={settings.root / 'static' / 'js'}"
    made = {"kinds": _kind_sheets(settings)} | _font_sheets(settings)
    sheets = (f"--alias:latentbook-{name}.css={sheet}" for name, sheet in made.items())
    common = (f"--outdir={out}", *NAMES, "--loader:.woff2=file", own, *sheets)
    kinds = (f"{name}={path}" for name, path in KIND_SCRIPTS.items())
    passes = {
        "style": STYLES,  # first: the scripts contain places of sheets
        # Plotly imports a style sheet for maps, which the book does not use.
        "modules": (*MODULES, *kinds, "--format=esm", "--splitting", ES, "--loader:.css=empty"),
        "workers": (*WORKERS, "--format=esm", ES),
        "head": (*IN_HEAD, "--format=iife", ES),
    }
    places: dict[str, str] = {}
    for name, arguments in passes.items():
        meta = out / f"meta-{name}.json"
        late = json.dumps({sheet: places[sheet] for sheet in LATE_SHEETS if sheet in places})
        # As text: for an object, esbuild would add a module that all the others import.
        late = f"--define:globalThis.LATE_SHEETS={json.dumps(late)}"
        esbuild(settings, *arguments, *common, late, f"--metafile={meta}")
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


def _font_sheets(settings: Settings) -> dict[str, Path]:
    """KaTeX's sheet and ``fonts.css``, with fonts cut into slices by ``static/css/fonts.py``."""
    css = settings.root / "static" / "css"
    sources = (css / "fonts.py", settings.root / KATEX, css / "fonts.css")
    folder = settings.build / "cache" / f"fonts-{content_hash(*(s.read_bytes() for s in sources))}"
    if sealed(folder) is None:
        program, *sheets = map(str, sources)
        with new_folder(folder) as out:
            subprocess.run([sys.executable, program, str(out), *sheets], check=True)
            seal(out)
    return {"katex": folder / KATEX.name, "fonts": folder / "fonts.css"}


def _frame_pictures(folder: Path, out: Path) -> dict[str, str]:
    places: dict[str, str] = {}
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        data = path.read_bytes()
        place = f"assets/{path.stem}-{content_hash(data)}{path.suffix}"
        (out / Path(place).name).write_bytes(data)
        places[path.name] = place
    return places
