"""The tests of a course's own instruments, run by pytest."""

import importlib.util
import os
import subprocess
import sys

from latentbook.base.errors import LatentbookError
from latentbook.base.report import Report
from latentbook.book.read.contents import INSTRUMENTS
from latentbook.settings import Settings


def run_tests(settings: Settings, *, report: Report) -> bool:
    """Run ``instruments/test_*.py``, which import ``widgets`` as the page has it.

    Returns
    -------
    bool
        False if there are tests but pytest is not installed.

    Raises
    ------
    LatentbookError
        If one fails.
    """
    assert settings.course is not None
    folder = settings.course.resolve() / INSTRUMENTS
    if not list(folder.glob("test_*.py")):
        report("The course has no tests of instruments")
        return True
    if importlib.util.find_spec("pytest") is None:
        report(
            "The tests of the instruments are not run: pytest is not installed. "
            "`python -m pip install pytest` installs it."
        )
        return False
    path = os.pathsep.join(sys.path)
    # No settings file: one in a folder above is not the course's.
    options = ["-q", "-c", os.devnull, "--rootdir", str(folder), "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *options, str(folder)],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    if done.returncode != 0:
        raise LatentbookError("The tests of the instruments fail.")
    return True
