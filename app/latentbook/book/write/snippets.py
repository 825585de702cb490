"""The code of a chapter in order, for snippets that need variables of earlier ones."""

import json
import symtable

from latentbook.book.compose.blocks import all_blocks
from latentbook.book.compose.types import Chapter
from latentbook.book.directives.code_cell import Snippet
from latentbook.book.directives.questions.code.kind import CodeQuestion


def snippets(chapter: Chapter) -> bytes:
    """Code that runs in a chapter, as JSON.

    A list in reading order of ``{label, number, title, url, code, makes}``: the snippets that run,
    and the code questions, whose ``code`` is empty because they make nothing. ``url`` is relative
    to the root of the book; ``makes`` lists the names that the code binds in the chapter's scope.
    """
    entries = []
    for page in chapter.pages:
        for block in all_blocks(page.blocks):
            if not isinstance(block, Snippet | CodeQuestion):
                continue
            if isinstance(block, Snippet) and block.read_only:
                continue
            code = block.source if isinstance(block, Snippet) else ""
            entries.append(
                {
                    "label": block.label,
                    "number": block.number,
                    "title": block.title.words if isinstance(block, Snippet) else "",
                    "url": f"{page.place}/#{block.label}",
                    "code": code,
                    "makes": names_made(code),
                }
            )
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()


def names_made(code: str) -> list[str]:
    """The names that a piece of code binds at its top level, in alphabetical order."""
    table = symtable.symtable(code, "snippet", "exec")
    symbols = table.get_symbols()
    return sorted(s.get_name() for s in symbols if s.is_assigned() or s.is_imported())
