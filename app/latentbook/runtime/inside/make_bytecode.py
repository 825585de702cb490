"""Runs inside Pyodide during the build: compiles every module in SITE.

The bytecode of each goes in ``/out`` under the path of its source.
"""

from packing import OUT, SITE, compiled

for file in sorted(SITE.rglob("*.py")):
    made = OUT / file.relative_to(SITE)
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_bytes(compiled(file.read_bytes(), str(file)))
