"""esbuild output that a built course needs besides its pages, made on a machine with Node.

The wheel and the image contain it: bundles of class mode and the classroom, and server scripts.
"""

from latentbook.book.write.assets import (
    bundle,
    engine_script,
    notebook_script,
    worker_script,
)
from latentbook.settings import ROOT, Settings
from latentbook_classroom.course.bundle import bundle_classroom
from latentbook_classroom.grader.judge_script import judge_script
from latentbook_classroom.lecture.bundle import bundle_class


def make_bundles(settings: Settings) -> None:
    bundle(settings), engine_script(settings), worker_script(settings), notebook_script(settings)
    judge_script(settings), bundle_class(settings), bundle_classroom(settings)


if __name__ == "__main__":
    make_bundles(Settings(course=None, build=ROOT / "build"))
