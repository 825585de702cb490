"""The instruments' reference has every name that they may import, as Python sees it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import typing
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

import widgets.kit
from tests.figures import check_figures
from tools.reference import EXAMPLE, PAGE, page
from widgets import contract, controls
from widgets.engine.check import check_instrument
from widgets.kit import figures

KIT = tuple(f"widgets.kit.{each.name}" for each in pkgutil.iter_modules(widgets.kit.__path__))
MODULES = (contract.__name__, controls.__name__, *KIT)
TEXT = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
MAX_BYTES = 150_000


def public(module: ModuleType) -> dict[str, Any]:
    """Public classes and functions that a module defines."""
    names = getattr(module, "__all__", None) or vars(module)
    return {
        name: vars(module)[name]
        for name in names
        if not name.startswith("_")
        and (inspect.isclass(vars(module)[name]) or inspect.isfunction(vars(module)[name]))
        and vars(module)[name].__module__ == module.__name__
    }


def section(module: str, name: str) -> str:
    own = TEXT.partition(f"\n## {module}\n")[2].partition("\n## ")[0]
    return own.partition(f"\n### {name}\n")[2].partition("\n### ")[0]


def rows(text: str) -> dict[str, list[str]]:
    """A table's rows by argument: type, default and meaning."""
    cells = [
        re.split(r"(?<!\\) \| ", line[2:-2]) for line in text.splitlines() if line[:3] == "| `"
    ]
    return {row[0].strip("`=*"): row[1:] for row in cells}


def is_array(hint: Any) -> bool:
    """Whether an argument may be an array or a tuple of arrays; a mapping does not count."""
    if hint == ArrayLike or hint is np.ndarray or typing.get_origin(hint) is np.ndarray:
        return True
    inside = typing.get_origin(hint) in (typing.Union, UnionType, tuple)
    return inside and any(map(is_array, typing.get_args(hint)))


def test_the_page_is_what_the_docstrings_say() -> None:
    assert page() == TEXT, "python -m tools.reference writes it"


@pytest.mark.parametrize("name", MODULES)
def test_every_name_is_there_with_every_argument(name: str) -> None:
    module = importlib.import_module(name)
    assert public(module)
    for each, thing in public(module).items():
        text = section(name, each)
        assert text, f"{name}.{each} is missing"
        check_arguments(f"{name}.{each}", thing, rows(text))


def check_arguments(name: str, thing: Any, told: dict[str, list[str]]) -> None:
    if inspect.isclass(thing) and issubclass(thing, Exception) and "__init__" not in vars(thing):
        return
    arguments = inspect.signature(thing).parameters
    hints = typing.get_type_hints(thing.__init__ if "__init__" in vars(thing) else thing)
    assert list(told) == list(arguments), name
    for argument, (_, default, meaning) in zip(arguments.values(), told.values(), strict=True):
        where = f"{name}: {argument.name}"
        assert len(meaning) > 1, where
        assert (default == "") == (argument.default is inspect.Parameter.empty), where
        if is_array(hints[argument.name]):
            assert re.search(r"\bshapes?\b", meaning), f"{where} has no shape"


def test_an_array_that_is_returned_has_a_shape() -> None:
    for name in KIT:
        module = importlib.import_module(name)
        for each, thing in public(module).items():
            if inspect.isfunction(thing) and is_array(typing.get_type_hints(thing)["return"]):
                returned = section(name, each).partition("*Returns*:")[2]
                assert re.search("shape|dimension", returned), f"{name}.{each}"


def test_every_link_leads_somewhere() -> None:
    """GitHub's heading anchors: lower case, no punctuation, numbered if repeated."""
    places: list[str] = []
    for title in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE):
        slug = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        places.append(f"{slug}-{count}" if (count := len(same(places, slug))) else slug)
    linked = set(re.findall(r"\]\(#([^)]+)\)", TEXT))
    assert linked and linked <= set(places)


def same(places: list[str], slug: str) -> list[str]:
    return [each for each in places if re.fullmatch(rf"{slug}(-\d+)?", each)]


def test_pictures_are_there_small_and_described() -> None:
    shown = re.findall(r"!\[(.*?)\]\((.+?)\)", TEXT)
    files = {Path(PAGE.parent, path) for _, path in shown}
    assert files == set((PAGE.parent / "instruments").iterdir())
    assert all(len(words) > 10 for words, _ in shown)
    assert sum(file.stat().st_size for file in files) <= MAX_BYTES


def test_controls_panels_and_parts_of_figures_have_an_example() -> None:
    """Each kind in the unions of controls and panels, and everything that figures are made of."""
    kinds = (*typing.get_args(contract.Control), *typing.get_args(contract.Panel))
    drawn = public(figures)
    assert len(kinds) > 10 and len(drawn) > 10
    for module, name in (
        *((kind.__module__, kind.__name__) for kind in kinds),
        *((figures.__name__, name) for name in drawn),
    ):
        text = section(module, name)
        assert f"```python\n{name}(" in text, name
        assert name in ("axis", "equal") or f"](instruments/{name}.png)" in text, name


def test_the_example_keeps_the_contract_and_is_drawn() -> None:
    spec = importlib.util.spec_from_file_location("every_part", EXAMPLE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    check_instrument(module)
    values = {each.name: each.take(each.default) for each in module.instrument.controls}
    check_figures(module.frame(module.compute(**values)))
