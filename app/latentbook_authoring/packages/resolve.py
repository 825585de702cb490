"""Choose compatible package versions for the page's Python, with pip's resolver. pip knows the
index; stub wheels describe Pyodide's own distribution to it.
"""

import difflib
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version
from pyodide_lock import PackageSpec

from latentbook.base.errors import LatentbookError, first_of
from latentbook.runtime.pins import MARKERS, PLATFORM
from latentbook.runtime.pip import Done, for_page, last_words, pip, report_of

NO_VERSION = re.compile(
    r"ERROR: Could not find a version that satisfies the requirement "
    r"(?P<wanted>(?P<name>[\w.-]+).*?) (?:\(from (?!versions)(?P<parent>.*?)\) )?"
    r"\(from versions: (?P<versions>.*)\)"
)
CONFLICT = re.compile(r"The conflict is caused by:\n(.*?)\n\n", re.DOTALL)
NO_NETWORK = re.compile(r"NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError")


class NoWheel(LatentbookError):
    """The index has the package, but no wheel that the page's Python can load."""

    def __init__(self, wanted: str, versions: Sequence[str], asked_by: str) -> None:
        self.wanted = wanted
        super().__init__(
            f"{wanted}{asked_by} has no wheel for the page's Python: the index has "
            f"{first_of(versions)}, but none is pure Python or built for {PLATFORM}, and Pyodide's "
            "distribution lacks it."
        )


def resolve(
    requested: Mapping[str, str],
    pyodide: Mapping[str, PackageSpec],
    kept: Mapping[str, str],
    own: Path,
) -> list[PackageSpec]:
    """The requested packages and their dependencies, except NumPy, which is always included.

    Parameters
    ----------
    requested : requirements in pip's syntax, by name
    pyodide : Pyodide's packages by name
    kept : versions to keep, by name
    own : folder of the course's own wheels, which come before those of the index

    Raises
    ------
    NoWheel
        If a package would have to be compiled.
    LatentbookError
        If there is no such package or version, or if they are incompatible.
    """
    fixed = {**kept, "numpy": pyodide["numpy"].version}
    with tempfile.TemporaryDirectory() as folder:
        for package in pyodide.values():
            if package.file_name.endswith(f"{PLATFORM}.whl"):  # the index has all others
                write_stub(package, Path(folder))
        versions = {name: f"{name}=={version}\n" for name, version in fixed.items()}
        # By address: of the same version, pip would choose the index's wheel.
        files = own_wheels(own, requested, fixed).items()
        versions |= {name: f"{name} @ {path.resolve().as_uri()}\n" for name, path in files}
        constraints = Path(folder, "constraints.txt")
        constraints.write_text("".join(versions[name] for name in sorted(versions)))
        done = for_page(
            *("install", "--dry-run", "--ignore-installed", "--report=-"),
            *(f"--target={folder}/unused", f"--find-links={folder}"),
            *(f"--constraint={constraints}", *requested.values()),
        )
    if done.returncode:
        raise explained(done, [*requested.values()], pyodide)
    found = [spec_of(item, pyodide) for item in report_of(done)["install"]]
    return [package for package in found if package.name != "numpy"]


def own_wheels(
    folder: Path, requested: Mapping[str, str], kept: Mapping[str, str]
) -> dict[str, Path]:
    """By name, the newest wheel in a folder that the page can load and the versions allow."""
    found: dict[str, tuple[Version, Path]] = {}
    for path in folder.glob("*.whl"):
        name, version, _, tags = parse_wheel_filename(path.name)
        allowed = Requirement(requested.get(name, name)).specifier
        if name in kept:
            allowed &= f"=={kept[name]}"
        if fits_page(tags) and allowed.contains(version, prereleases=True):
            found[name] = max(found.get(name, (version, path)), (version, path))
    return {name: path for name, (_, path) in found.items()}


def fits_page(tags: Iterable[Tag]) -> bool:
    return any(tag.platform in ("any", PLATFORM) for tag in tags)


def write_stub(package: PackageSpec, folder: Path) -> None:
    """Write a wheel that contains only the package's name and dependencies."""
    info = f"{package.file_name.partition('-')[0]}-{package.version}.dist-info"
    head = f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n"
    needs = "".join(f"Requires-Dist: {name}\n" for name in package.depends)
    with zipfile.ZipFile(folder / package.file_name, "w") as wheel:
        wheel.writestr(f"{info}/METADATA", head + needs)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n")
        wheel.writestr(f"{info}/RECORD", "")


def spec_of(item: dict[str, dict[str, str]], pyodide: Mapping[str, PackageSpec]) -> PackageSpec:
    """Convert an entry of pip's report to an entry of the lock, still without dependencies."""
    name, version = canonicalize_name(item["metadata"]["name"]), item["metadata"]["version"]
    file_name = unquote(item["download_info"]["url"].rpartition("/")[2])
    known = pyodide.get(name)
    if known is not None and known.file_name == file_name and file_name.endswith("wasm32.whl"):
        sha256 = known.sha256
    else:
        sha256 = item["download_info"]["archive_info"]["hashes"]["sha256"]  # type: ignore[index]
    return PackageSpec(
        name=name, version=version, file_name=file_name, install_dir="site", sha256=sha256
    )


def needs_of(wheel: Path, package: PackageSpec, versions: Mapping[str, str]) -> list[str]:
    """Names of a wheel's dependencies in the page.

    Raises
    ------
    LatentbookError
        If one is missing or has a different version.
    """
    needs = []
    for requirement in metadata_of(wheel).requires_dist or ():
        if requirement.marker and not requirement.marker.evaluate({**MARKERS, "extra": ""}):
            continue
        name = canonicalize_name(requirement.name)
        version = versions.get(name)
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            raise LatentbookError(
                f"{package.name} {package.version} needs {requirement}; the course would have "
                f"{version or 'none'}. Add it too: latentbook packages add '{requirement}'"
            )
        needs.append(name)
    return sorted(needs)


def metadata_of(wheel: Path) -> Metadata:
    with zipfile.ZipFile(wheel) as archive:
        (place,) = (
            name
            for name in archive.namelist()
            if name.endswith(".dist-info/METADATA") and name.count("/") == 1
        )
        return Metadata.from_email(archive.read(place), validate=False)


def explained(
    done: Done, requested: Sequence[str], pyodide: Mapping[str, PackageSpec]
) -> LatentbookError:
    if NO_NETWORK.search(done.stderr):
        return LatentbookError(f"The package index cannot be reached: {last_words(done)}.")
    if missing := NO_VERSION.search(done.stderr):
        return missing_package(missing, pyodide)
    if conflict := CONFLICT.search(done.stdout):
        lines = "\n".join(line.strip() for line in conflict[1].splitlines())
        lines = lines.replace("(constraint)", "(already in the page or the course)")
        return LatentbookError(f"{', '.join(requested)} are incompatible:\n{lines}")
    return LatentbookError(f"pip could not resolve {', '.join(requested)}: {last_words(done)}")


def missing_package(missing: re.Match[str], pyodide: Mapping[str, PackageSpec]) -> LatentbookError:
    """Word the error: the index has a different version, only one to compile, or nothing."""
    name, wanted = missing["name"], missing["wanted"].strip()
    asked_by = f" (which {missing['parent']} needs)" if missing["parent"] else ""
    if missing["versions"] != "none":
        versions = missing["versions"].split(", ")[::-1]
        return LatentbookError(
            f"No version of {name} for the page's Python is {wanted}{asked_by}; "
            f"there is {first_of(versions)}."
        )
    listed = pip("index", "versions", name)
    if versions_line := re.search(r"Available versions: (.*)", listed.stdout):
        return NoWheel(wanted, versions_line[1].split(", "), asked_by)
    near = difflib.get_close_matches(name, pyodide, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return LatentbookError(
        f"There is no package {name!r}{asked_by} on the package index or among the "
        f"{len(pyodide)} of Pyodide's distribution.{hint}"
    )
