"""Runs inside Pyodide while the book is built: compiles every module that lies in SITE.

``/out`` gets the bytecode of each under the place of its source.
"""

from packing import OUT, SITE, compiled


def main() -> None:
    """Compile, write."""
    for file in sorted(SITE.rglob("*.py")):
        made = OUT / file.relative_to(SITE)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(compiled(file.read_bytes(), str(file)))


main()
