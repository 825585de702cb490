"""What a wheel holds beside the packages: the book, the scripts of its pages, Python for them."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
PYODIDE = Path("node_modules/pyodide")
GUIDES = ("docs", "CHANGELOG.md", "CONTRIBUTING.md")
SHIPPED = ("content", "practice", "static", "package.json", "package-lock.json", *GUIDES)
PYODIDE_FILES = (
    *("package.json", "pyodide-lock.json", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide.mjs"),
    "python_stdlib.zip",
)
MADE = "build/shipped"


class BuildWithBook(build_py):
    """Copies it into ``latentbook/shipped``; an editable installation reads it where it is."""

    def run(self) -> None:
        """Copy the packages, then the rest."""
        super().run()
        if self.editable_mode:
            return
        if not (HERE / MADE).is_dir():
            raise SystemExit(f"{MADE} is missing: `make wheel` makes it, and then the wheel.")
        out = Path(self.build_lib) / "latentbook" / "shipped"
        shutil.rmtree(out, ignore_errors=True)
        ignored = shutil.ignore_patterns("__pycache__", ".*.swp")
        for name in SHIPPED:
            source, target = HERE / name, out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=ignored)
            else:
                shutil.copy(source, target)
        (out / PYODIDE).mkdir(parents=True)
        for name in PYODIDE_FILES:
            shutil.copy(HERE / PYODIDE / name, out / PYODIDE / name)
        shutil.copytree(HERE / MADE, out / "build")


setup(cmdclass={"build_py": BuildWithBook})
