"""``tab-set``: alternatives, such as NumPy and PyTorch, of which the page shows one."""

from collections.abc import Iterator
from dataclasses import dataclass

from latentbook.base.errors import FileProblems
from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import Text
from latentbook.book.read.nodes import DirectiveNode


@dataclass(frozen=True)
class Tab(Block):
    kind = "tab"
    said = ("title", "blocks")
    id: str  # of the element
    title: Text
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Tabs(Block):
    kind = "tabs"
    said = ("blocks",)
    blocks: tuple[Tab, ...]

    @property
    def choice(self) -> str:
        """The joined titles: sets of tabs with the same titles share the reader's choice."""
        return "|".join(tab.title.words for tab in self.blocks)


def run(node: DirectiveNode, composer: Composer) -> Tabs:
    page = composer.page.replace("/", "-")
    return Tabs(
        tuple(
            Tab(
                f"tab-{page}-{tab.line}",
                composer.inline(tab.argument, tab.line),
                composer.blocks(tab.nodes),
            )
            for tab in node.parts("tab-item")
        )
    )


def check_tabs(node: DirectiveNode, problems: FileProblems) -> None:
    tabs = node.parts("tab-item")
    if len(tabs) < 2:
        form = "write :::{tab-item} and its title for each"
        problems.add(node.line, f"a tab-set has two tabs or more; got {len(tabs)}: {form}")
    for part in node.text:
        problems.add(part.line, "a tab-set contains only tabs: put this into one of them")
    titles = [tab.argument for tab in tabs]
    for number, tab in enumerate(tabs):
        if tab.argument and tab.argument in titles[:number]:
            problems.add(tab.line, f"two tabs have the title {tab.argument!r}")


def check_tab(node: DirectiveNode, problems: FileProblems) -> None:
    if not node.nodes:
        problems.add(node.line, "the tab is empty")


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    """All tabs, one after the other."""
    for tab in node.parts("tab-item"):
        yield Cell(f"**{writer.text(tab.argument)}**")
        yield from writer.cells(tab.nodes)


TAB_SET = Directive(name="tab-set", validate=check_tabs, run=run, notebook=notebook)
TAB_ITEM = Directive(name="tab-item", argument="its title", parent="tab-set", validate=check_tab)
