"""Find code of notebooks that only IPython understands, and code that a page cannot run."""

import ast
import builtins
import re
import symtable
from collections.abc import Collection

from latentbook.book.compose.page_imports import imported

TIMER = r"(?:time|timeit|[lm]?prun|memit)\b"
MAGIC = re.compile(r"([ \t]*)(?:(\w+)\s*=\s*(?=[%!]))?((?:[%!?]|[\w.]+\?)(?:.*\\\n)*.*\n?)")
CELL_MAGIC = re.compile(rf"%%(?!{TIMER}|capture\b|python3?\b)(\w+)(.*)\n?")
MEASURES = re.compile(
    rf"%{{1,2}}{TIMER}"
    r"(?:[ \t]+-(?:[fsTDm][ \t]*\S+|\w+(?:[ \t]+\d+)?))*(?:[ \t]+(?!-)|(?=\n)|$)"
)
"""Magics that precede the code that they measure."""
PYLAB = "import numpy as np\nimport matplotlib.pyplot as plt\nfrom matplotlib.pylab import *\n"


def plain_python(source: str) -> tuple[str, list[str], set[str]]:
    """Code without the parts that only IPython understands, these parts, and names they assign."""
    code, left_out, names = source, list[str](), set[str]()
    while True:
        try:
            ast.parse(code)
        except SyntaxError as error:
            start = sum(len(line) + 1 for line in code.split("\n")[: (error.lineno or 1) - 1])
            if found := MAGIC.match(code, start):
                indent, name, magic = found.groups()
                measures = MEASURES.match(magic)
                instead = indent + magic[measures.end() :] if measures else ""
                instead = PYLAB if magic.startswith("%pylab") else instead
                left_out.append((measures or found)[0].strip())
                names.update(filter(None, [name]))
                code = code[:start] + instead + code[found.end() :]
                continue
        return code.strip("\n"), left_out, names


class Scope:
    """Names that snippets define, and names that are missing because a page cannot run their code.

    Parameters
    ----------
    modules : those that code in the page can import
    """

    def __init__(self, modules: Collection[str]) -> None:
        self.modules, self.missing = {*modules}, set[str]()
        self.known = set(dir(builtins))

    def lacking(self, code: str, *, fails: bool = False) -> set[str]:
        """The missing modules and names that code needs; if any, its own names are missing too."""
        try:
            tables = [symtable.symtable(code, "cell", "exec")]
        except SyntaxError:
            return set()  # the check reports it
        for table in tables:
            tables += table.get_children()
        top = tables[0].get_symbols()
        own = {each.get_name() for each in top if each.is_assigned() or each.is_imported()}
        lacking = {module for _, module in imported(code)} - self.modules
        lacking |= (self.missing - own) & {
            each.get_name()
            for table in tables
            for each in table.get_symbols()
            if each.is_referenced() and (table is tables[0] or each.is_global())
        }
        if lacking or fails:
            self.missing |= own if lacking else own - self.known
        else:
            self.known |= own
            self.missing -= own
        return lacking

    def imports(self, code: str) -> str:
        """The top-level imports in code whose modules the page has."""
        kinds = (ast.Import, ast.ImportFrom)
        lines = [ast.unparse(each) for each in ast.parse(code).body if isinstance(each, kinds)]
        return "\n".join(
            line for line in lines if {name for _, name in imported(line)} <= self.modules
        )
