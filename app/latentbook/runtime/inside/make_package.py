"""Runs inside Pyodide during the build: packs the package in SITE, which a course adds.

``/out/package.pack`` contains bytecode, libraries and data, ``/out/source.pack`` the sources, which
only tracebacks need.
"""

import py_compile

from packing import OUT, SITE, bytecode_path, compiled, package_pack, wanted, write_pack


def main() -> None:
    files: dict[str, bytes] = {}
    sources: dict[str, bytes] = {}
    for file in sorted(SITE.rglob("*")):
        if not file.is_file() or not wanted(file.relative_to(SITE)):
            continue
        path, content = str(file), file.read_bytes()
        if file.suffix != ".py":
            files[path] = content
            continue
        try:
            files[bytecode_path(path)] = compiled(content, path)
            sources[path] = content
        except py_compile.PyCompileError:  # a template, or code for another Python
            files[path] = content
    (OUT / "package.pack").write_bytes(package_pack(files, sources))
    write_pack(sources, OUT / "source.pack")


main()
