"""The check that a figure keeps to what is drawn: ``static/js/figure/check.js`` says the same.

Here, where there is time, values are looked at too: infinities, logarithms of what is not
positive, and room for the titles.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from widgets.contract import FIGURE_WIDTH, ContractError
from widgets.engine.subset import AXIS, FONT_SIZE, SUBSET, TYPES, Table, is_list, is_numbers

AXIS_KEY = re.compile(r"[xy]axis([2-9]|[1-9]\d+)?")

TITLE_ROOM = {"x": 3.0, "y": 2.0}
"""What an axis title and its labels need of the margin, in font sizes."""


def check_figure(figure: Any) -> None:
    """Raise at the first thing in a figure that the book does not draw.

    Parameters
    ----------
    figure : mapping with ``data`` and ``layout``
        A Plotly figure as plain dicts, lists and arrays (see ``docs/figures.md``).

    Raises
    ------
    ContractError
        Names the key, what stands there and what is accepted.
    """
    if not isinstance(figure, Mapping):
        refuse("figure", figure, "an object with data and layout")
    data: Any = figure.get("data")
    layout: Any = figure.get("layout")
    if not is_list(data):
        refuse("data", data, "a list")
    for i, trace in enumerate(data):
        kind = trace.get("type") if isinstance(trace, Mapping) else None
        if not isinstance(kind, str) or kind not in SUBSET["data"]:
            refuse(f"data[{i}].type", kind, ", ".join(f'"{name}"' for name in SUBSET["data"]))
        check_object(trace, SUBSET["data"][kind], f"data[{i}]")
    check_object(layout, SUBSET["layout"], "layout")
    for key in figure:
        if key not in ("data", "layout"):
            raise ContractError(f"{key} is not drawn; accepted: data, layout")
    for check in (check_axes, check_traces, check_overlays, check_room):
        check(data, layout)


SHORT = 4
"""Items of a list that is printed."""


def shown(value: Any) -> str:
    """A value as messages print it."""
    if is_list(value):
        items = list(value)
        plain = all(
            isinstance(item, str | int | float) and not isinstance(item, bool) for item in items
        )
        if plain and len(items) <= SHORT:
            return f"[{', '.join(map(shown, items))}]"
        return f"a list of {len(items)}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None:
        return "missing"
    if isinstance(value, str | int | float | bool):
        return json.dumps(value, ensure_ascii=False)
    return "an object"


def refuse(path: str, value: Any, accepted: str) -> NoReturn:
    """Say what stands at a path and what is accepted there."""
    raise ContractError(f"{path} is {shown(value)}; accepted: {accepted}")


def an_object(table: Table) -> str:
    """What an object holds, in words."""
    names = [name.rstrip("!") for name in table]
    return "an object" if len(names) > 6 else f"an object with {', '.join(names)}"


def check_value(value: Any, spec: Any, path: str) -> None:
    """Hold one value to its place in the table."""
    match spec:
        case str():
            accepted, test = TYPES[spec]
            if not test(value):
                refuse(path, value, accepted)
        case dict():
            check_object(value, spec, path)
        case [dict() as table]:
            if not is_list(value):
                refuse(path, value, "a list")
            for i, item in enumerate(value):
                check_object(item, table, f"{path}[{i}]")
        case _:
            if not any(value is one or (value == one and type(value) is type(one)) for one in spec):
                refuse(path, value, ", ".join(map(json.dumps, spec)))


def check_object(value: Any, table: Table, path: str) -> None:
    """Hold an object to its table: no key that is not drawn, none missing."""
    if not isinstance(value, Mapping):
        refuse(path, value, an_object(table))
    for key, item in value.items():
        if item is None:
            continue
        spec = table.get(key, table.get(f"{key}!"))
        if spec is None and path == "layout" and AXIS_KEY.fullmatch(key):
            spec = AXIS
        if spec is None:
            accepted = ", ".join(sorted(name.rstrip("!") for name in table))
            raise ContractError(f"{path}.{key} is not drawn; accepted: {accepted}")
        check_value(item, spec, f"{path}.{key}")
    for name, spec in table.items():
        if name.endswith("!") and value.get(name[:-1]) is None:
            match spec:
                case str():
                    accepted = TYPES[spec][0]
                case list():
                    accepted = json.dumps(spec[0])
                case _:
                    accepted = an_object(spec)
            raise ContractError(f"{path}.{name[:-1]} is missing; accepted: {accepted}")


# What no single key shows: names of axes, lengths that belong together, keys that need one another.


def axis_ids(layout: Mapping[str, Any], letter: str) -> list[str]:
    """The axes of one direction: "x", "x2"."""
    keys = [key for key in layout if AXIS_KEY.fullmatch(key) and layout[key] is not None]
    return sorted(key.replace("axis", "") for key in keys if key[0] == letter)


def axis_key(axis: str) -> str:
    """``yaxis2`` of "y2"."""
    return f"{axis[0]}axis{axis[1:]}"


def named(path: str, name: str | None, accepted: Sequence[str]) -> None:
    """Hold a name to those that exist."""
    if name is not None and name not in accepted:
        refuse(path, name, ", ".join(f'"{one}"' for one in accepted))


def need(owner: Mapping[str, Any], path: str, *keys: str) -> None:
    """Ask for keys that others call for."""
    for key in keys:
        if owner.get(key) is None:
            raise ContractError(f"{path}.{key} is missing")


def as_long(path: str, value: Any, length: int, other: str) -> None:
    """Hold a list to the length of another."""
    if is_list(value) and len(value) != length:
        refuse(path, value, f"a list of {length}, as long as {other}")


def check_axes(data: Sequence[Any], layout: Mapping[str, Any]) -> None:
    """Axes name one another, and their lists of ticks fit."""
    for letter, sides in (("x", ("bottom", "top")), ("y", ("left", "right"))):
        ids, others = axis_ids(layout, letter), axis_ids(layout, "y" if letter == "x" else "x")
        for axis_id in ids:
            path = f"layout.{axis_key(axis_id)}"
            axis = layout[axis_key(axis_id)]
            named(f"{path}.anchor", axis.get("anchor"), others)
            named(f"{path}.overlaying", axis.get("overlaying"), [i for i in ids if i != axis_id])
            named(f"{path}.scaleanchor", axis.get("scaleanchor"), others)
            if len(axis_id) > 1 and axis.get("overlaying") is None:
                need(axis, path, "anchor")
            named(f"{path}.side", axis.get("side"), sides)
            if axis.get("ticktext") is not None:
                need(axis, path, "tickvals")
                as_long(f"{path}.ticktext", axis["ticktext"], len(axis["tickvals"]), "tickvals")
            if axis.get("tickvals") is not None and axis.get("ticksuffix"):
                raise ContractError(
                    f"{path}.ticksuffix is not drawn beside tickvals; "
                    "accepted: ticktext with the suffix in it"
                )
            if axis.get("scaleanchor"):
                for key in (axis_key(axis_id), axis_key(axis["scaleanchor"])):
                    need(layout[key], f"layout.{key}", "constrain")


def check_traces(data: Sequence[Any], layout: Mapping[str, Any]) -> None:
    """Lists of a trace belong together, and its axes exist and can show it."""
    for i, trace in enumerate(data):
        path = f"data[{i}]"
        for letter in "xy":
            named(f"{path}.{letter}axis", trace.get(f"{letter}axis"), axis_ids(layout, letter))
        if trace["type"] == "heatmap":
            check_heatmap(trace, path)
            continue
        n = len(trace["x"])
        as_long(f"{path}.y", trace["y"], n, "x")
        marker = trace.get("marker") or {}
        as_long(f"{path}.width", trace.get("width"), n, "x")
        as_long(f"{path}.base", trace.get("base"), n, "x")
        as_long(f"{path}.marker.color", marker.get("color"), n, "x")
        as_long(f"{path}.marker.size", marker.get("size"), n, "x")
        if is_numbers(marker.get("color")):
            need(marker, f"{path}.marker", "colorscale", "cmin", "cmax")
        before = data[i - 1]["type"] if i > 0 else None
        if trace.get("fill") == "tonexty" and before != "scatter":
            refuse(f"{path}.fill", "tonexty", '"tonexty" after another scatter')
        if trace["type"] == "scatter":
            check_logarithms(trace, layout, path)
    if sum(trace["type"] == "bar" for trace in data) > 1:
        need(layout, "layout", "barmode")


def check_heatmap(trace: Mapping[str, Any], path: str) -> None:
    """Rows are equally long, centres evenly spaced."""
    rows, columns = len(trace["z"]), len(trace["z"][0])
    for r, row in enumerate(trace["z"]):
        as_long(f"{path}.z[{r}]", row, columns, "the first row")
    as_long(f"{path}.x", trace.get("x"), columns, "a row of z")
    as_long(f"{path}.y", trace.get("y"), rows, "z")
    for letter in "xy":
        centers = trace.get(letter)
        steps = np.diff(np.asarray(() if centers is None else centers, dtype=float))
        if steps.size and not np.allclose(steps, steps[0], rtol=1e-6):
            refuse(f"{path}.{letter}", trace[letter], "evenly spaced numbers")


def check_logarithms(trace: Mapping[str, Any], layout: Mapping[str, Any], path: str) -> None:
    """A logarithmic axis shows positive numbers alone."""
    for letter in "xy":
        axis = layout[axis_key(trace.get(f"{letter}axis") or letter)]
        values = np.asarray(trace[letter], dtype=float)
        if axis.get("type") == "log" and (values <= 0).any():
            low = float(np.nanmin(values))
            raise ContractError(
                f"{path}.{letter} holds {low:g}; accepted: positive numbers, "
                "as the axis is logarithmic"
            )


def check_overlays(data: Sequence[Any], layout: Mapping[str, Any]) -> None:
    """Shapes and annotations stand on axes that exist, and have their ends."""
    for name in ("shapes", "annotations"):
        for i, item in enumerate(layout.get(name) or ()):
            path = f"layout.{name}[{i}]"
            for letter in "xy":
                named(f"{path}.{letter}ref", item.get(f"{letter}ref"), list(refs(layout, letter)))
            if name == "shapes":
                need(
                    item, path, *(("path",) if item["type"] == "path" else ("x0", "x1", "y0", "y1"))
                )


def refs(layout: Mapping[str, Any], letter: str) -> Iterator[str]:
    """What a coordinate can be measured on."""
    for axis_id in axis_ids(layout, letter):
        yield axis_id
        yield f"{axis_id} domain"
    yield "paper"


def check_room(data: Sequence[Any], layout: Mapping[str, Any]) -> None:
    """The figure has the book's width, and its margins leave room for the plot and the titles."""
    if layout["width"] != FIGURE_WIDTH:
        refuse("layout.width", layout["width"], f"{FIGURE_WIDTH}, and the page lays it out anew")
    margin = layout["margin"]
    for one, other, most in (("l", "r", 160), ("t", "b", 120)):
        total = margin[one] + margin[other]
        if total > most or total >= layout["height"]:
            raise ContractError(
                f"layout.margin.{one} and .{other} are {total:g} together; accepted: {most} or "
                "less, which leaves room for the plot on a phone"
            )
    size = (layout.get("font") or {}).get("size", FONT_SIZE)
    for axis_id in axis_ids(layout, "x") + axis_ids(layout, "y"):
        axis = layout[axis_key(axis_id)]
        side = "b" if axis_id[0] == "x" and axis.get("side") != "top" else "t"
        least = TITLE_ROOM[axis_id[0]] * size
        if axis.get("title") and axis.get("visible") is not False and margin[side] < least:
            raise ContractError(
                f"layout.margin.{side} is {shown(margin[side])}; accepted: {least:g} or more, "
                f"which the title of {axis_key(axis_id)} needs"
            )
