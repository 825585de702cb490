"""Scripts, style sheets and fonts: bundled by esbuild, named by their content."""

from __future__ import annotations

import subprocess

from app.book.media import content_hash
from app.errors import LatentbookError
from app.settings import Settings


def esbuild(settings: Settings, *arguments: str) -> None:
    """Run esbuild; its own message is the error's."""
    program = settings.root / "node_modules" / ".bin" / "esbuild"
    if not program.exists():
        raise LatentbookError("esbuild is missing. `npm ci` installs it.")
    command = [str(program), *arguments, "--log-level=warning", "--color=false"]
    done = subprocess.run(command, cwd=settings.root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LatentbookError(f"esbuild fails:\n{done.stderr.strip()}")


def sources_hash(settings: Settings, *folders: str) -> str:
    """Stands for all files in some folders below ``static`` and for the installed packages."""
    static = settings.root / "static"
    files = sorted(
        path for folder in folders for path in (static / folder).rglob("*") if path.is_file()
    )
    lock = settings.root / "package-lock.json"
    names = [str(path.relative_to(static)) for path in files]
    return content_hash(*names, *(path.read_bytes() for path in [*files, lock]))


def engine_script(settings: Settings) -> str:
    """The script that the build runs in-process: ``static/js/engine.js`` with KaTeX."""
    out = settings.build / "cache" / f"engine-{sources_hash(settings, 'js')}.js"
    if not out.is_file():
        iife = ("--bundle", "--minify", "--format=iife", "--global-name=engine")
        esbuild(settings, "static/js/engine.js", *iife, f"--outfile={out}")
    return out.read_text(encoding="utf-8")
