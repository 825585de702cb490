"""Scripts and styles of class mode, bundled separately: the site is the same without them."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from filelock import FileLock

from latentbook.base.cache import seal, sealed
from latentbook.base.errors import LatentbookError
from latentbook.base.hashing import content_hash
from latentbook.book.write.assets import ES, HASHED, NAMES, by_kind, esbuild, sources_hash
from latentbook.settings import Settings
from latentbook_classroom import STATIC, TEMPLATES

ENTRIES = ("lecturer", "projector", "phone")
PLACES = "places.json"
FORMS = STATIC / "lecture" / "forms"
"""The forms of answer that do not belong to one kind of question."""


def folder_of(settings: Settings) -> Path:
    return settings.build / "class"


def bundle_class(settings: Settings) -> None:
    scripts = [f"lecture/{name}.js" for name in ENTRIES]
    made = {"latentbook-forms.js": forms_script()}
    bundle_apart(settings, folder_of(settings), [*scripts, "lecture.css"], made)


def bundle_apart(
    settings: Settings, out: Path, entries: Sequence[str], made: Mapping[str, str]
) -> None:
    """Bundle scripts and sheets if a source has changed. The old files are served until then.

    Parameters
    ----------
    entries : paths below ``STATIC``
    made : generated scripts, by the name under which others import them
    """
    made_from = content_hash(sources_hash(settings, "js", "css"), *own_sources())
    if _made_from(out) == made_from:
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(out.with_name(f"{out.name}.lock")):  # another process may be bundling
        if _made_from(out) != made_from:
            _replace(settings, out, entries, made, made_from)


def _replace(
    settings: Settings, out: Path, entries: Sequence[str], made: Mapping[str, str], made_from: str
) -> None:
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shipped = settings.root / "build" / out.name
    if _made_from(shipped) == made_from:  # a wheel's: its users have no Node
        shutil.copytree(shipped, partial)
    else:
        partial.mkdir()
        names = _bundle(settings, partial, entries, made)
        places = json.dumps({"made_from": made_from, "names": names})
        (partial / PLACES).write_text(places, encoding="utf-8")
        seal(partial)
    shutil.rmtree(out, ignore_errors=True)
    partial.rename(out)


def own_sources() -> Iterator[bytes | str]:
    """The names and contents of the plugin's scripts and sheets."""
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        yield path.relative_to(STATIC).as_posix()
        yield path.read_bytes()


def _made_from(folder: Path) -> str | None:
    """The hash of a bundle's sources; None if the bundle is missing or damaged."""
    places = (sealed(folder) or {}).get(PLACES, b"{}")
    made_from: str | None = json.loads(places).get("made_from")
    return made_from


def _bundle(
    settings: Settings, out: Path, entries: Sequence[str], made: Mapping[str, str]
) -> dict[str, str]:
    """Fill a folder; map logical names, such as ``phone.js``, to names with a hash."""
    meta = out / "meta.json"
    for name, script in made.items():
        (out / name).write_text(script, encoding="utf-8")
    esbuild(
        settings,
        *(str(STATIC / entry) for entry in entries),
        "--format=esm",
        "--splitting",
        ES,
        f"--outdir={out}",
        "--entry-names=[name]-[hash]",
        *NAMES[1:],
        "--loader:.css=css",
        f"--alias:latentbook={settings.root / 'static' / 'js'}",
        f"--alias:latentbook-css={settings.root / 'static' / 'css'}",
        f"--alias:latentbook-class={STATIC / 'lecture'}",
        *(f"--alias:{name}={out / name}" for name in made),
        f"--metafile={meta}",
    )
    outputs = json.loads(meta.read_text(encoding="utf-8"))["outputs"]
    for name in (meta.name, *made):
        (out / name).unlink()
    return {HASHED.sub("", Path(key).name): Path(key).name for key in outputs}


def form_scripts() -> dict[str, Path]:
    return by_kind("class.js") | {path.stem: path for path in FORMS.glob("*.js")}


def forms_script() -> str:
    """A module that exports every form of answer by its name."""
    scripts = form_scripts()
    names = sorted(scripts)
    imports = [f'import form{i} from "{scripts[name]}";' for i, name in enumerate(names)]
    listed = ", ".join(f'"{name}": form{i}' for i, name in enumerate(names))
    return "\n".join([*imports, f"export const FORMS = {{ {listed} }};", ""])


def form_templates() -> dict[str, str]:
    forms = by_kind("class.html")
    templates = {name: f"{path.parent.name}/{path.name}" for name, path in forms.items()}
    for path in sorted((TEMPLATES / "lecture" / "forms").glob("*.html")):
        templates[path.stem] = f"lecture/forms/{path.name}"
    return templates


def read_bundle(settings: Settings) -> tuple[dict[str, str], dict[str, bytes]]:
    found = read_apart(folder_of(settings))
    if found is None:
        raise LatentbookError(
            "The pages of class mode are not built. `latentbook serve --class` builds them; for "
            "`--built`, LATENTBOOK_CLASS_MODE=1 latentbook build."
        )
    return found


def read_apart(folder: Path) -> tuple[dict[str, str], dict[str, bytes]] | None:
    """The names with a hash by logical name, such as ``phone.js``, and all files by name."""
    files = sealed(folder)
    if files is None:
        return None
    return json.loads(files.pop(PLACES))["names"], files
