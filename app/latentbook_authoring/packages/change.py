"""Add packages to the page's Python, and remove them: writes ``packages.json``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from pyodide_lock.utils import parse_top_level_import_name

from latentbook.base.cache import all_or_none
from latentbook.base.datafile import write_json
from latentbook.base.errors import LatentbookError
from latentbook.base.report import Report
from latentbook.runtime.page_packages import Lock, PagePackages
from latentbook.runtime.pins import MARKERS, PLATFORM, PYODIDE
from latentbook_authoring.packages.resolve import NoWheel, fits_page, needs_of, resolve

PYODIDE_BUILD = "pyodide"
"""The command of pyodide-build."""


def add(course: PagePackages, wanted: Sequence[str], report: Report) -> PagePackages:
    """Add packages, or choose different versions of added ones.

    Parameters
    ----------
    wanted : requirements, or paths of wheels

    Raises
    ------
    LatentbookError
        If there is no such package, if it is incompatible with the others, or if it would have
        to be compiled and cannot be.
    """
    files = {one: course.wheels.own / Path(one).name for one in wanted if one.endswith(".whl")}
    more = dict(map(requirement, wanted))
    kept = course.versions if course.lock.pyodide == PYODIDE else {}
    new = [one for one, copy in files.items() if Path(one).resolve() != copy.resolve()]
    with all_or_none(*files.values()):
        for one in new:
            course.wheels.own.mkdir(parents=True, exist_ok=True)
            shutil.copy(one, files[one])
        added = resolved(course, {**course.requested, **more}, without(kept, more), report)
    for one in new:
        report(f"Copied to {files[one]}: commit it with the course")
    return added


def remove(course: PagePackages, name: str, report: Report) -> PagePackages:
    """Remove a package, and dependencies that only it has.

    Raises
    ------
    LatentbookError
        If it was not requested; the message says which packages need it.
    """
    name = canonicalize_name(name)
    if name not in course.requested:
        asked = ", ".join(sorted(course.requested)) or "nothing"
        users = [one for one, p in course.lock.packages.items() if name in p.depends]
        needed = f" {name} is there because {', '.join(users)} needs it." if users else ""
        raise LatentbookError(f"{name!r} was not added. Added: {asked}.{needed}")
    kept = without(course.versions, [name])
    return resolved(course, without(course.requested, [name]), kept, report)


def resolved(
    course: PagePackages, requested: dict[str, str], kept: dict[str, str], report: Report
) -> PagePackages:
    """The lock for these requests, with all wheels fetched and checked."""
    while requested:
        report("Choosing versions")
        try:
            found = resolve(requested, course.wheels.pyodide, kept, course.wheels.own)
            break
        except NoWheel as missing:
            compile_wheel(missing, course.wheels.own, report)
    else:
        found = []
    versions = {package.name: package.version for package in found}
    versions["numpy"] = course.wheels.pyodide["numpy"].version
    for package in found:
        wheel = course.wheels.get(package, report)
        known = course.wheels.pyodide.get(package.name)
        brought = known.depends if known and known.version == package.version else []
        needs = {*needs_of(wheel, package, versions), *brought}
        package.depends = sorted(needs & versions.keys())
        package.imports = parse_top_level_import_name(wheel) or []
    packages = {package.name: package for package in sorted(found, key=lambda p: p.name)}
    asked = [requested[name] for name in sorted(requested)]
    return replace(course, lock=Lock(requested=asked, packages=packages))


def write(course: PagePackages) -> None:
    """Write the file, or remove it if the course adds nothing."""
    values = course.lock.model_dump(exclude_defaults=True) | {"pyodide": course.lock.pyodide}
    write_json(course.path, values if course.lock.requested else {}, indent=2, sort_keys=True)


def requirement(wanted: str) -> tuple[str, str]:
    """The name and the requirement of a wanted package; for a wheel, its exact version.

    Raises
    ------
    LatentbookError
        If it is not a requirement, or a file that the page cannot load.
    """
    path = Path(wanted)
    try:
        if path.suffix != ".whl":
            return canonicalize_name(Requirement(wanted).name), wanted
        name, version, _, tags = parse_wheel_filename(path.name)
    except (InvalidRequirement, InvalidWheelFilename) as error:
        why = str(error).splitlines()[0]
        raise LatentbookError(
            f"{wanted!r} is not a package: {why}. Accepted: a name (sympy), "
            "a name with versions ('sympy<1.14'), the path of a wheel."
        ) from None
    if not path.is_file():
        raise LatentbookError(f"There is no file {path}.")
    if not fits_page(tags):
        raise LatentbookError(
            f"{path.name} is for another system. The page's Python loads wheels that end with "
            f"-none-any.whl or -{PLATFORM}.whl."
        )
    return name, f"{name}=={version}"


def compile_wheel(missing: NoWheel, folder: Path, report: Report) -> None:
    """Compile a package that no index has as a wheel into ``folder``, with pyodide-build.

    Raises
    ------
    LatentbookError
        If pyodide-build is missing or fails.
    """
    # The extra `packages` installs it next to this Python, which need not be on the path.
    places = (sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath))
    if (program := shutil.which(PYODIDE_BUILD, path=os.pathsep.join(places))) is None:
        raise LatentbookError(
            f"{missing} It has to be compiled, but the command {PYODIDE_BUILD} is missing: "
            f"install latentbook[packages] with Python {MARKERS['python_version']} and a network, "
            "as `latentbook docs packages` says, and run this command again."
        )
    report(f"Compiling {missing.wanted} with pyodide-build")
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.iterdir())
    command = [program, "build", missing.wanted, "--outdir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    made = set(folder.iterdir()) - before
    if done.returncode or not made:
        said = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-8:])
        raise LatentbookError(f"{missing} pyodide-build could not compile it:\n{said}")
    for path in sorted(made):
        report(f"Built {path}: commit it with the course")


def without(given: dict[str, str], names: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in names}
