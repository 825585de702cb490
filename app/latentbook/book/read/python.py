"""Python in the body of a directive."""

from latentbook.base.errors import FileProblems
from latentbook.book.read.nodes import DirectiveNode


def validate(node: DirectiveNode, problems: FileProblems) -> None:
    if node.argument not in ("", "python", "python3", "ipython", "ipython3"):
        problems.add(node.line, f"{node.name} takes the language python; got {node.argument!r}")
    check_python(node, problems)


def check_python(node: DirectiveNode, problems: FileProblems) -> None:
    """Report code that does not compile, at its own line."""
    try:
        compile(node.code, "cell", "exec")
    except SyntaxError as error:
        message = f"Python: {error.msg}"
        if (line := (error.text or "").strip()).startswith(("%", "!")):
            message = f"only IPython understands {line!r}: leave it out"
        problems.add(node.body_line + (error.lineno or 1) - 1, message)
    else:
        if not node.code.strip():
            problems.add(node.line, f"{node.name} has no code")
