"""Bundles the page's judges as one script for the server."""

from latentbook.base.cache import replace_file
from latentbook.book.write.assets import bundled_script, by_kind
from latentbook.settings import Settings
from latentbook_classroom import STATIC


def judge_script(settings: Settings) -> str:
    """Bundle ``static/grader/judge.js`` with the judges of all kinds of question."""
    listed = settings.build / "cache" / "judges.js"
    judges = by_kind("judge.js")
    imports = (
        f'import {{ judge as judge{i} }} from "{path}";' for i, path in enumerate(judges.values())
    )
    named = ", ".join(f'"{name}": judge{i}' for i, name in enumerate(judges))
    replace_file(listed, "\n".join([*imports, f"export const JUDGES = {{ {named} }};"]).encode())
    aliases = {"latentbook": settings.root / "static" / "js", "latentbook-judges": listed}
    return bundled_script(
        settings,
        STATIC / "grader" / "judge.js",
        *("--global-name=judges", "--format=iife"),
        *(f"--alias:{name}={path}" for name, path in aliases.items()),
    )
