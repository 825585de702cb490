"""Tables of code with and without explanations, and explanations as sentences.

In ``fixtures/explained.txt`` each case is code, then ``=> ID``, then the English sentence. In
``fixtures/unexplained.txt`` each is code that fails without one. In ``fixtures/noted.txt`` each is
code that succeeds, then one such line for each explanation under its output, or none. Lines of
``---`` separate cases.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FIXTURES = Path(__file__).parent / "fixtures"
MESSAGE = re.compile(r'^\s*(?:export const )?"?([\w-]+)"?(?:: | = )translate\("(.*)"\)[,;]$', re.M)
SENTENCES = dict(
    MESSAGE.findall((ROOT / "static/js/explain/sentences.js").read_text(encoding="utf-8"))
)


def explained_cases() -> list[tuple[str, str]]:
    """Code, and ``ID: SENTENCE``."""
    cases = []
    for case in (FIXTURES / "explained.txt").read_text(encoding="utf-8").split("---\n"):
        code, expected = case.split("\n=> ")
        cases.append((code, expected.strip()))
    return cases


def noted_cases() -> list[tuple[str, list[str]]]:
    """Code, and ``ID: SENTENCE`` for each explanation under its output."""
    cases = []
    for case in (FIXTURES / "noted.txt").read_text(encoding="utf-8").split("---\n"):
        code, *expected = re.split(r"\n=> ", case.rstrip("\n"))
        cases.append((code, expected))
    return cases


def unexplained_cases() -> list[str]:
    text = (FIXTURES / "unexplained.txt").read_text(encoding="utf-8")
    return [case.rstrip("\n") for case in text.split("---\n")]


def written(explanation: Mapping[str, Any] | None) -> str:
    """``ID: SENTENCE`` as the page writes it in English, or ""."""
    if explanation is None:
        return ""
    fix, other = [*explanation["fixes"], "", ""][:2]
    end = SENTENCES["BOTH_FIT" if other else "FITS"] if fix else ""
    line = SENTENCES["LINE"] if explanation["line"] else ""
    sentence = f"{line} {SENTENCES[explanation['id']]} {end}".strip()
    values = {**explanation["values"], "line": explanation["line"], "fix": fix, "other": other}
    filled = sentence.replace("`", "").format_map(values)
    return f"{explanation['id']}: {filled}"
