"""Builds the wheel and tries it as its users do: ``make release`` (docs/releasing.md).

tests/unit/test_release.py takes the same steps in an environment that is faster to build, without a
browser and without PyTorch.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ParamSpec, TypeVar
from urllib.parse import urljoin

from latentbook.settings import ROOT
from tools.changes import git
from tools.translations import check
from tools.wheel import make_wheel, release

P = ParamSpec("P")
T = TypeVar("T")

START_S = 600
"""Long, because the first start builds the book."""

SNIPPET = "/autoencoders/compress/"
"""A page whose first snippet needs NumPy."""

GRID = "/api/models/conv_vae_mnist/grid?n=4"
SHIPPED = (
    *("content", "practice", "static", "docs", "package.json", "package-lock.json"),
    *("CHANGELOG.md", "CONTRIBUTING.md"),
)
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


class Failed(Exception):
    """A step has failed; the message describes what happened."""


def expect(met: bool, found: object) -> None:
    """Fail with the finding unless a condition is met."""
    if not met:
        raise Failed(str(found))


@dataclass(frozen=True)
class Answer:
    """An answer of a server."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body, read as UTF-8."""
        return self.body.decode()


def get(url: str, accept: str = "*/*") -> Answer:
    """Send a request; return the answer, whatever its status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept})) as got:
            return Answer(got.status, got.headers, got.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


@dataclass(frozen=True)
class Installed:
    """An installed wheel.

    Attributes
    ----------
    venv : folder of the virtual environment
    work : an empty folder for the steps' output
    """

    wheel: Path
    venv: Path
    work: Path

    @property
    def environment(self) -> dict[str, str]:
        """Environment of its programs: no other program, such as Node, is on the path."""
        asked = {n: v for n, v in os.environ.items() if n == "LATENTBOOK_BROTLI_QUALITY"}
        return {"PATH": str(self.venv / "bin"), "HOME": str(self.work), "LANG": "C.UTF-8", **asked}

    def run(self, *command: str, status: int = 0, **settings: str) -> str:
        """Run one of its programs with more environment variables; return the output.

        Raises
        ------
        Failed
            If the exit status differs from ``status``.
        """
        program = self.venv / "bin" / command[0]
        done = subprocess.run(
            [program, *command[1:]],
            cwd=self.work,
            env=self.environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
        expect(done.returncode == status, said)
        return done.stdout

    @contextmanager
    def served(self, *options: str, **settings: str) -> Iterator[str]:
        """Run ``latentbook serve``; yield its address, and expect it to end without an error."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [self.venv / "bin" / "latentbook", "serve", "--port", str(port), *options]
        log = self.work / "serve.log"
        env = self.environment | settings
        with log.open("w") as out:
            server = subprocess.Popen(
                command, cwd=self.work, env=env, stdout=out, stderr=subprocess.STDOUT
            )
        try:
            url = f"http://127.0.0.1:{port}"
            until = time.monotonic() + START_S
            while not is_ready(url):
                expect(server.poll() is None, f"The server has ended:\n{log.read_text()}")
                expect(time.monotonic() < until, f"No server after {START_S} s:\n{log.read_text()}")
                time.sleep(0.1)
            yield url
        finally:
            server.terminate()
            status = server.wait()
        expect(status == 0, f"The server ended with {status}:\n{log.read_text()}")


def is_ready(url: str) -> bool:
    """Tell whether a server answers and has a book."""
    try:
        return get(f"{url}/readyz").status == 200
    except OSError:
        return False


# Steps without PyTorch.


def holds_what_it_should(it: Installed) -> None:
    """The wheel contains the packages and the licences, and nothing else of the project."""
    with zipfile.ZipFile(it.wheel) as wheel:
        names = wheel.namelist()
        info = next(name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = wheel.read(info).decode()
    folder = info.partition("/")[0]
    tops = {name.partition("/")[0] for name in names}
    ours = {
        "latentbook",
        *(f"latentbook_{name}" for name in ("authoring", "classroom", "decoders")),
    }
    expect(tops == {*ours, "widgets", folder}, tops)
    made = ("latentbook/shipped/build/", "latentbook/shipped/node_modules/", folder)
    differ = sources() ^ {name for name in names if not name.startswith(made)}
    expect(not differ, f"Either in the wheel or in the project: {', '.join(sorted(differ))}")
    for name in ("LICENSE", "content/LICENSE"):
        expect(f"{folder}/licenses/{name}" in names, f"The wheel has no {name}")
    expect("License-Expression: MIT AND CC-BY-4.0\n" in metadata, metadata[:2000])


def sources() -> set[str]:
    """List the project's files that belong in a wheel, by their names there."""
    folders = {"app/": "", "widgets/": "widgets/"}
    folders |= {name: f"latentbook/shipped/{name}" for name in SHIPPED}
    asked = ("--cached", "--others", "--exclude-standard")  # includes uncommitted files
    return {
        place + name.removeprefix(folder)
        for folder, place in folders.items()
        for name in git("ls-files", *asked, folder).splitlines()
        if (ROOT / name).is_file()
    }


def stands_alone(it: Installed) -> None:
    """The program runs without Node, PyTorch and the checkout."""
    expect(shutil.which("node", path=it.environment["PATH"]) is None, "Node is on the path")
    said = it.run("python", "-c", "import torch", status=1)
    expect("No module named 'torch'" in said, said)
    place = it.run("python", "-c", "import latentbook; print(latentbook.__file__)")
    expect(place.startswith(str(it.venv)), place)


def serves_the_book(it: Installed) -> None:
    """Every chapter of the book is served, and the front page states the licence."""
    with it.served() as url:
        front = get(f"{url}/")
        expect(front.status == 200 and LICENCE in front.text, front.text[-2000:])
        chapters = set(re.findall(r'class="title" href="([^"]+)"', front.text))
        expect(len(chapters) > 5, chapters)
        for chapter in chapters:
            page = get(urljoin(f"{url}/", chapter))
            expect(page.status == 200 and "</html>" in page.text, (chapter, page.status))


def says_what_it_cannot_do(it: Installed) -> None:
    """Without PyTorch the decoders answer 503 and state the reason."""
    with it.served() as url:
        for path in ("/api/models", GRID):
            answer = get(url + path)
            kind = answer.headers["Content-Type"]
            expect((answer.status, kind) == (503, "application/problem+json"), (path, answer))
            expect("PyTorch is not installed" in answer.text, answer.text)


def makes_a_course(it: Installed) -> None:
    """A course is created, built and served, and credits the book; a small one is also checked."""
    small, course = it.work / "small", it.work / "course"
    it.run("latentbook", "new", "book", str(small))
    it.run("latentbook", "check", "--course", str(small))
    manifest = small / "course.toml"
    manifest.write_text(manifest.read_text().replace('language = "en"', 'language = "de"'))
    said = it.run("latentbook", "build", "--course", str(small))
    front = (small / "build" / "site" / "index.html").read_text(encoding="utf-8")
    expect("Zum Text springen" in front and "not translated" not in said, (said, front[:3000]))
    it.run("latentbook", "course", "new", str(course))
    it.run("latentbook", "build", "--course", str(course))
    with it.served("--course", str(course)) as url:
        front = get(f"{url}/").text
        expect("<title>Course</title>" in front, front[:2000])
        expect("Adapted from Latentbook: " in front and LICENCE in front, front[-2000:])


def serves_people(it: Installed) -> None:
    """A book is served with class mode and a classroom, which judges code on the server."""
    book, database = it.work / "peopled", {"LATENTBOOK_DATABASE": str(it.work / "course.sqlite")}
    it.run("latentbook", "new", "book", str(book))
    with it.served("--course", str(book), "--class") as url:
        check_scripts(f"{url}/class/")
    address = ("--address", "https://book.example")
    it.run("latentbook", "classroom", "new", "Course", *address, **database)
    with it.served("--course", str(book), **database) as url:
        check_scripts(f"{url}/classroom/")
    it.run("latentbook", "classroom", "doctor", "--course", str(book))


def check_scripts(page: str) -> None:
    """Check that a page has scripts and that all of them exist."""
    html = get(page).text
    scripts = re.findall(r'<script[^>]* src="([^"]+)"', html)
    found = {script: get(urljoin(page, script)).status for script in scripts}
    expect(found and set(found.values()) == {200}, (found, html[:2000]))


def has_its_documentation(it: Installed) -> None:
    """The program lists the pages of its documentation and shows each."""
    for line in it.run("latentbook", "docs").splitlines():
        page = it.run("latentbook", "docs", line.split()[0])
        expect(line.split(maxsplit=1)[1] in page, page[:200])


def asks_for_a_checkout(it: Installed) -> None:
    """Commands that need a checkout name the folder that is missing."""
    for command in ("train", "reproduce", "bench"):
        said = it.run("latentbook", command, status=1)
        expect(said.startswith("This command needs tools/, "), said)


WITHOUT_PYTORCH: tuple[Callable[[Installed], None], ...] = (
    holds_what_it_should,
    stands_alone,
    serves_the_book,
    says_what_it_cannot_do,
    makes_a_course,
    serves_people,
    has_its_documentation,
    asks_for_a_checkout,
)


# Steps with a browser or PyTorch.


def runs_a_snippet(it: Installed) -> None:
    """A snippet prints the recorded output in a browser."""
    from playwright.sync_api import sync_playwright

    from latentbook.browser import FLAGS, chromium_path

    with it.served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        page = browser.new_page()
        page.goto(url + SNIPPET)
        cell = page.locator("section[data-cell]").first
        recorded = cell.locator("[data-output]").inner_text()
        cell.locator('[data-action="run"]').click()
        page.wait_for_selector('section[data-cell]:is([data-state="done"], [data-state="failed"])')
        printed = cell.locator("[data-output]").inner_text()
        browser.close()
    expect(printed == recorded != "", f"recorded:\n{recorded}\nprinted:\n{printed}")


def decodes(it: Installed) -> None:
    """With PyTorch the server decodes a grid to a picture."""
    with it.served() as url:
        grid = get(url + GRID, "image/png")
        expect(grid.status == 200 and grid.body.startswith(b"\x89PNG"), (grid.status, grid.headers))


# The environment.


def install(wheel: Path, folder: Path) -> Installed:
    """A new environment contains the wheel and the packages in requirements.lock."""
    it = Installed(wheel, folder / ".venv", folder / "work")
    it.work.mkdir()
    call(sys.executable, "-m", "venv", it.venv)
    pip = (it.venv / "bin" / "python", "-m", "pip")
    call(*pip, "install", "--quiet", "--require-hashes", "-r", ROOT / "requirements.lock")
    call(*pip, "install", "--quiet", f"{wheel}[classroom]")
    call(*pip, "check")
    return it


def install_pytorch(it: Installed) -> None:
    """The PyTorch of pyproject.toml is installed as for a checkout."""
    folder = it.venv.parent
    shutil.copy(ROOT / "pyproject.toml", folder)
    call("sh", ROOT / "tools" / "torch.sh", cwd=folder)
    it.run("python", "-c", "import torch")


def call(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a program of this machine, without the modules of the checkout.

    Raises
    ------
    Failed
        With the program's output, if it fails.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    expect(done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}")


# The release.


def stated_dates() -> set[str]:
    """Collect the release dates that the files state."""
    files = (
        (ROOT / "CITATION.cff", "date-released:"),
        (ROOT / "content" / "book.toml", "released ="),
    )
    return {
        match[1]
        for path, key in files
        for match in re.finditer(rf"^{key} (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


def stated_versions() -> dict[str, str]:
    """Collect the version that each file states."""
    cff = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    book = (ROOT / "content" / "book.toml").read_text(encoding="utf-8")
    log = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    docs = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    wheels = sorted(set(re.findall(r"latentbook-(\d[\d.]*)-py3-none-any\.whl", docs)))
    found = {
        "CITATION.cff": re.search(r"^version: (\S+)$", cff, re.MULTILINE),
        "book.toml": re.search(r'^edition = "(\S+)"$', book, re.MULTILINE),
        "CHANGELOG.md": re.search(r"^## \[(\d\S*)\]", log, re.MULTILINE),
    }
    stated = {name: m[1] if m else "" for name, m in found.items()}
    return {"pyproject.toml": release(), "docs/": ", ".join(wheels), **stated}


def agree_on_the_version() -> None:
    """All files state the same version."""
    expect(len(set(stated_versions().values())) == 1, stated_versions())


def have_all_words() -> None:
    """The languages listed as complete have every message."""
    check(silent)


def silent(message: str) -> None:
    """Discard the progress messages of a step."""


def step(take: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Take a step and print a line about it; exit with status 1 if it fails."""
    name = (take.__doc__ or "").partition("\n")[0]
    start = time.monotonic()
    try:
        result = take(*given, **named)
    except Exception as error:
        raise SystemExit(f"FAILED: {name}\n{type(error).__name__}: {error}") from None
    print(f"{time.monotonic() - start:4.0f} s  {name}", flush=True)
    return result


def main() -> None:
    """Take every step."""
    step(agree_on_the_version)
    step(have_all_words)
    wheel = step(make_wheel, ROOT / "build" / "wheel", silent)
    with TemporaryDirectory() as folder:
        it = step(install, wheel, Path(folder))
        for each in (*WITHOUT_PYTORCH, runs_a_snippet):
            step(each, it)
        step(install_pytorch, it)
        step(decodes, it)
    print(f"{wheel} can be released")


if __name__ == "__main__":
    main()
