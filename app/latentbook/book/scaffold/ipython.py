"""The code of notebooks: what only IPython understands, and what a page cannot run."""

import ast
import builtins
import re
import symtable
from collections.abc import Collection

from latentbook.book.compose.page_imports import imported

MAGIC = re.compile(r"([ \t]*)(?:(\w+)\s*=\s*(?=[%!]))?((?:[%!?]|[\w.]+\?)(?:.*\\\n)*.*\n?)")
TIMER = r"(?:time|timeit|[lm]?prun|memit)\b"
CELL_MAGIC = re.compile(rf"%%(?!{TIMER}|capture\b|python3?\b)(\w+)(.*)\n?")
MEASURES = re.compile(
    rf"%{{1,2}}{TIMER}"
    r"(?:[ \t]+-(?:[fsTDm][ \t]*\S+|\w+(?:[ \t]+\d+)?))*(?:[ \t]+(?!-)|(?=\n)|$)"
)
"""What goes before the code that it measures."""
PYLAB = "import numpy as np\nimport matplotlib.pyplot as plt\nfrom matplotlib.pylab import *\n"


def plain_python(source: str) -> tuple[str, list[str], set[str]]:
    """Code without the parts that only IPython understands, these parts, and names they assign."""
    code, left_out, names = source.strip("\n"), list[str](), set[str]()
    while True:
        try:
            ast.parse(code)
        except SyntaxError as error:
            start = sum(len(line) + 1 for line in code.split("\n")[: (error.lineno or 1) - 1])
            if found := MAGIC.match(code, start):
                indent, name, magic = found.groups()
                names.update([name] if name else [])
                measures = MEASURES.match(magic)
                instead = indent + magic[measures.end() :] if measures else ""
                if magic.startswith("%pylab"):
                    instead = PYLAB
                left_out.append((measures or found)[0].strip())
                code = code[:start] + instead + code[found.end() :]
                continue
        return code.strip("\n"), left_out, names


class Scope:
    """The names that the snippets of a page have, and those of code that it cannot run.

    Parameters
    ----------
    modules : those that code in the page can import
    """

    def __init__(self, modules: Collection[str]) -> None:
        self.modules = modules
        self.known = set(dir(builtins))
        self.missing: set[str] = set()
        self.any_missing = False  # an unknown module has been imported with *

    def lacking(
        self, code: str, unset: Collection[str] = (), *, fails: bool = False
    ) -> tuple[set[str], set[str]]:
        """Modules and names that code needs and the page lacks; then its own names are missing too.

        Parameters
        ----------
        unset : names that lines which are left out would assign
        fails : the code is not run anyway
        """
        self.missing.update(unset)
        try:
            tables = [symtable.symtable(code, "cell", "exec")]
        except SyntaxError:
            return set(), set()  # the check says why
        for table in tables:
            tables += table.get_children()
        top = tables[0].get_symbols()
        own = {each.get_name() for each in top if each.is_assigned() or each.is_imported()}
        used = {
            each.get_name()
            for table in tables
            for each in table.get_symbols()
            if each.is_referenced() and (table is tables[0] or each.is_global())
        }
        modules = {module for _, module in imported(code)} - {*self.modules}
        names = used - own - self.known if self.any_missing else (used - own) & self.missing
        if modules or names:
            self.missing |= own
            self.any_missing |= bool(modules) and "import *" in code
        elif fails:
            self.missing |= own - self.known
        else:
            self.known |= own
            self.missing -= own
        return modules, names

    def imports(self, code: str) -> str:
        """The imports of code that the page can do."""
        nodes = [
            each for each in ast.parse(code).body if isinstance(each, ast.Import | ast.ImportFrom)
        ]
        lines = [ast.unparse(each) for each in nodes]
        return "\n".join(
            line for line in lines if {name for _, name in imported(line)} <= {*self.modules}
        )
