"""What the classroom reads of a book: its assignments, and their questions with keys and answers.

It goes beside the site, never into it.
"""

import base64
import json
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from latentbook.book.compose.blocks import text_of
from latentbook.book.compose.question import Question, parts_of
from latentbook.book.compose.types import AskedQuestion, Loaded
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.write.render import Renderer
from latentbook.errors import Problems


def assignments_data(
    renderer: Renderer, loaded: Loaded, config: Mapping[str, Any], packages: str
) -> bytes:
    """All of it as JSON.

    Parameters
    ----------
    config : what scripts are told on every page
    packages : a hash of the packages of the page's Python
    """
    renderer = replace(renderer, config=config)
    place = Problems(loaded.laid.origins).place

    def whole(html: str) -> str:
        """HTML with the files in it that the site does not have."""
        return re.sub(r"(?:\.\./)+(assets/[\w.-]+)", lambda found: _inside(found, loaded), html)

    def asked(each: AskedQuestion) -> dict[str, Any]:
        variants = []
        for node, block in zip(each.nodes, each.blocks, strict=True):
            assert isinstance(block, Question)
            html, answer = renderer.asked(block, each.page.place)
            where = place(each.page.path, node.line)
            judged = judged_by(block, node, where, each.earlier)
            variants.append({"html": whole(html), "answer_html": whole(answer), "question": judged})
        kind = each.nodes[0].argument
        sources = [each.page.place, packages, *(node.seed for node in each.nodes)]
        return {"label": each.label, "kind": kind, "sources": sources, "variants": variants}

    assignments = [
        {
            "name": each.name,
            "title": each.title,
            "page": whole(renderer.assignment(each)),
            "questions": [[question.label, question.points] for question in each.questions],
        }
        for each in loaded.assignments
    ]
    questions = [asked(each) for page in loaded.assignments for each in page.questions]
    data = {"assignments": assignments, "questions": questions}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _inside(found: re.Match[str], loaded: Loaded) -> str:
    data = loaded.unseen.files.get(found[1])
    if data is None or found[1] in loaded.media.files:
        return found[0]
    kind = mimetypes.guess_type(found[1])[0]
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def judged_by(
    block: Question, node: DirectiveNode, place: str, earlier: Sequence[str]
) -> dict[str, Any]:
    """What judges an answer to a question, as data.

    Parameters
    ----------
    place : of the source
    earlier : the snippets before it
    """
    solutions = [part.code for part, syntax in parts_of(node) if syntax.solves]
    mistakes = [(part.argument, part.code) for part in node.parts("mistake")]
    check = None
    if public := block.key.get("check"):
        grades = [part.code for part in node.parts("grade")]
        check = {
            "code": grades[0] if grades else public,
            "answers": [*solutions, *(part.code for part in node.parts("code-cell"))],
            "earlier": [] if block.runs_alone else list(earlier),
            "mistakes": [words for words, _ in mistakes],
        }
    return {
        "label": block.label,
        "kind": block.kind,
        "place": place,
        "key": dict(block.key),
        "feedback": {name: text_of(blocks) for name, blocks in block.feedback.items()},
        "lines": [],
        "step": "",
        **block.judged_with,
        "check": check,
        "solutions": solutions,
        "mistakes": mistakes,
    }
