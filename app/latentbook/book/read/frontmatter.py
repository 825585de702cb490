"""The YAML at the head of a page."""

from typing import Annotated, Any, ClassVar

import yaml
from pydantic import Strict

from latentbook.base.datafile import DataFile, Entry, Text, yaml_lines
from latentbook.book.read import suggestions

# Hints for common messages of the YAML library.
HINTS = {
    "mapping values are not allowed here": ". Quote text that contains ': '",
    "found character '\\t' that cannot start any token": ". Indent with spaces, not with tabs",
}


class FrontMatter(DataFile):
    """The lines between the ``---``; the first is line 2 of the file."""

    name = "front matter"

    def parse(self, text: str) -> dict[str, Any] | None:
        try:
            loader = yaml.SafeLoader(text)
            root = loader.get_single_node()
            values = loader.construct_document(root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            hint = HINTS.get(error.problem or "", "")
            self.report.add(
                mark.line + 2 if mark else 1, f"front matter is not YAML: {error.problem}{hint}"
            )
            return None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 2
            self.report.add(line, f"front matter has the character U+{error.character:04X}")
            return None
        if not isinstance(root, yaml.MappingNode):
            self.report.add(1, "front matter must be lines of 'key: value'")
            return None
        seen: set[str] = set()
        for key, _ in root.value:
            if key.value in seen:
                self.report.add(key.start_mark.line + 2, f"key {key.value!r} is given twice")
            seen.add(key.value)
        self.lines = yaml_lines(root, first=2)
        return self.placed(values)

    def named_lines(self) -> dict[str, int]:
        """Map each valid key, ``sections``, and list item, ``sections.0``, to its line."""
        right = (each for each in self.lines.items() if each[0][:1] not in self.dropped)
        return {".".join(map(str, place)): line for place, line in right}


class Head(Entry):
    """The front matter that every page has.

    Attributes
    ----------
    given : numbers that need neither be computed nor cited
    """

    instead = suggestions.FRONT_MATTER
    stand_in: ClassVar = {"title": "?", "description": "?"}
    title: Text
    description: Text
    given: tuple[Annotated[float, Strict()], ...] = ()


class FrontHead(Head):
    stand_in: ClassVar = {**Head.stand_in, "standfirst": "?"}
    standfirst: Text


class ChapterHead(FrontHead):
    stand_in: ClassVar = {**FrontHead.stand_in, "level": "?", "builds_on": [], "sections": []}
    level: Text
    builds_on: tuple[str, ...]
    sections: tuple[str, ...]
    aliases: tuple[str, ...] = ()


class SectionHead(Head):
    """The idea is one sentence (:mod:`latentbook.book.read.lessons`), the default description."""

    description: Text = ""
    aliases: tuple[str, ...] = ()
    idea: Text = ""


class EvidenceHead(Head):
    """A missing title is made from the section's."""

    stand_in: ClassVar = {"description": "?"}
    title: Text = ""


class AssignmentHead(Entry):
    instead = suggestions.FRONT_MATTER
    stand_in: ClassVar = {"title": "?"}
    title: Text
