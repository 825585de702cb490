"""Answers per minute that the grader judges, each with a fresh interpreter, and their cost."""

from __future__ import annotations

import resource
import time
from contextlib import closing

from latentbook.book.overlay.merge import open_project
from latentbook.settings import Settings
from latentbook_classroom.grader.book_questions import read_questions
from latentbook_classroom.grader.grader import Grader
from latentbook_classroom.grader.snapshot import prepare
from tools.bench import Measurement, Report

LABEL = "q-kl-code"
WORKERS = 2
COUNT = 40
AT_LEAST = 100  # per minute: 500 students in 5 minutes


def measure(settings: Settings, report: Report, count: int = COUNT) -> list[Measurement]:
    project = open_project(settings)
    question = read_questions(project)[LABEL]
    answers = [*question.solutions, *(code for _, code in question.mistakes)]
    sandbox, before = prepare(project, report), processor_seconds()
    with closing(Grader(sandbox, workers=WORKERS)) as grader:
        for warm in [grader.submit(question, answers[0]) for _ in range(WORKERS)]:
            warm.result()
        report(f"Judging {count} answers to {LABEL}, {WORKERS} at a time")
        start = time.perf_counter()
        futures = [grader.submit(question, answers[i % len(answers)]) for i in range(count)]
        verdicts = [future.result() for future in futures]
        wall = time.perf_counter() - start
    processor = processor_seconds() - before
    judged = [verdict for verdict in verdicts if verdict.state in ("right", "wrong")]
    return [
        Measurement("answers per minute", 60 * count / wall, "", AT_LEAST, at_least=True),
        Measurement(
            "processor time per answer, warm interpreters included", processor / count, "s"
        ),
        Measurement("answers without a verdict", count - len(judged), "", 0),
    ]


def processor_seconds() -> float:
    """Measure the processor time of this process and its ended children."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in usages)
