"""Scripts and styles of class mode, bundled separately: the site is the same without them."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from latentbook.book.write.assets import ES, HASHED, NAMES, QUESTIONS, esbuild, sources_hash
from latentbook.book.write.render import TEMPLATES
from latentbook.cache import seal, sealed
from latentbook.errors import LatentbookError
from latentbook.settings import Settings

ENTRIES = ("lecturer", "projector", "phone")
PLACES = "places.json"
FORMS = Path("static/js/lecture/forms")
"""The forms of answer that do not belong to one kind of question."""


def folder_of(settings: Settings) -> Path:
    return settings.build / "class"


def bundle_class(settings: Settings) -> None:
    scripts = [f"static/js/lecture/{name}.js" for name in ENTRIES]
    made = {"latentbook-forms.js": forms_script(settings)}
    bundle_apart(settings, folder_of(settings), [*scripts, "static/css/lecture.css"], made)


def bundle_apart(
    settings: Settings, out: Path, entries: Sequence[str], made: Mapping[str, str]
) -> None:
    """Bundle scripts and sheets if a source has changed. The old files are served until then.

    Parameters
    ----------
    made : scripts that are in no file, by the name under which others import them
    """
    made_from = sources_hash(settings, "js", "css")
    if json.loads((sealed(out) or {}).get(PLACES, b"{}")).get("made_from") == made_from:
        return
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    meta = partial / "meta.json"
    for name, script in made.items():
        (partial / name).write_text(script, encoding="utf-8")
    esbuild(
        settings,
        *entries,
        "--format=esm",
        "--splitting",
        ES,
        f"--outdir={partial}",
        "--entry-names=[name]-[hash]",
        *NAMES[1:],
        "--loader:.css=css",
        f"--alias:latentbook={settings.root / 'static' / 'js'}",
        *(f"--alias:{name}={partial / name}" for name in made),
        f"--metafile={meta}",
    )
    outputs = json.loads(meta.read_text(encoding="utf-8"))["outputs"]
    names = {HASHED.sub("", Path(key).name): Path(key).name for key in outputs}
    for name in (meta.name, *made):
        (partial / name).unlink()
    places = json.dumps({"made_from": made_from, "names": names})
    (partial / PLACES).write_text(places, encoding="utf-8")
    seal(partial)
    shutil.rmtree(out, ignore_errors=True)
    partial.rename(out)


def form_scripts(root: Path) -> dict[str, Path]:
    scripts = {path.parent.name.replace("_", "-"): path for path in QUESTIONS.glob("*/class.js")}
    return scripts | {path.stem: path for path in (root / FORMS).glob("*.js")}


def forms_script(settings: Settings) -> str:
    """A module that exports every form of answer by its name."""
    scripts = form_scripts(settings.root)
    names = sorted(scripts)
    imports = [f'import form{i} from "{scripts[name]}";' for i, name in enumerate(names)]
    listed = ", ".join(f'"{name}": form{i}' for i, name in enumerate(names))
    return "\n".join([*imports, f"export const FORMS = {{ {listed} }};", ""])


def form_templates() -> dict[str, str]:
    templates = {
        path.parent.name.replace("_", "-"): f"{path.parent.name}/{path.name}"
        for path in sorted(QUESTIONS.glob("*/class.html"))
    }
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
    """Logical name, ``phone.js``, to the name with its hash; and all files by name."""
    files = sealed(folder)
    if files is None:
        return None
    return json.loads(files.pop(PLACES))["names"], files
