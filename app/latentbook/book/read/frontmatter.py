"""The YAML at the head of a chapter: known keys, right types, each mistake with its line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from latentbook.book.read import suggestions
from latentbook.book.read.suggestions import known_names
from latentbook.errors import FileProblems
from latentbook.renamed import FRONT_MATTER, warn

ITEMS: dict[type, Any] = {list: str, tuple: int | float}
"""What the items of a list are, by the type that stands for it among the accepted keys."""

KINDS: dict[type, str] = {list: "a list of texts", tuple: "a list of numbers"}


def read_front_matter(
    content: str, problems: FileProblems
) -> tuple[dict[str, Any], dict[str, int]]:
    """The values, and the line of each key. The content begins at line 2 of the file."""
    try:
        root = yaml.compose(content, Loader=yaml.SafeLoader)
        values = yaml.safe_load(content)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 2 if mark else 1
        problems.add(
            line, f"front matter is not YAML: {error.problem}. Quote text that contains ': '"
        )
        return {}, {}
    if not isinstance(root, yaml.MappingNode):
        problems.add(1, "front matter must be lines of 'key: value'")
        return {}, {}
    lines: dict[str, int] = {}
    for key, _ in root.value:
        line = key.start_mark.line + 2
        if key.value in lines:
            problems.add(line, f"front matter key {key.value!r} is given twice")
        lines[key.value] = line
    for old, new in FRONT_MATTER.items():
        if old in lines and new not in lines:
            warn(f"{old!r} in {problems.path}", repr(new))
            values[new], lines[new] = values.pop(old), lines.pop(old)
    return values, lines


def check_front_matter(
    front: dict[str, Any],
    lines: dict[str, int],
    accepted: dict[str, type],
    required: Iterable[str],
    problems: FileProblems,
) -> None:
    """Report keys that are unknown or missing, or whose value has the wrong type."""
    if not lines:
        return
    for key, line in lines.items():
        if key not in accepted:
            known = known_names(key, accepted, suggestions.FRONT_MATTER)
            problems.add(line, f"unknown front matter key {key!r}{known}")
            continue
        value = front[key]
        wanted = accepted[key]
        fits = (
            isinstance(value, list) and all(isinstance(item, ITEMS[wanted]) for item in value)
            if wanted in ITEMS
            else isinstance(value, str) and bool(value)
        )
        if not fits:
            what = KINDS.get(wanted, "text")
            problems.add(line, f"front matter key {key!r} must be {what}; got {value!r}")
    if missing := [key for key in required if key not in lines]:
        problems.add(1, f"front matter lacks {', '.join(missing)}")
