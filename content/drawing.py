"""What the scripts that draw the book's pictures share: planes, arrows, letters, digits.

Every picture is 360 units wide, and its text has 14 of them. Colours are the page's CSS variables.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDE = 360
SHOWN_WIDE = 470
"""Pixels on the page, if it has them."""

MATHS = re.compile(r"(\*\*?)([^*]+)\1(?:_([\w′]+)([^*]*))?|([⊙∥])")
"""``*z*`` is a number, ``**z**`` a list of them; ``*z*_1`` has an index."""

SLANTED = 'font-family="KaTeX_Math, serif" font-style="italic"'
BOLD = 'font-family="KaTeX_Main, serif" font-weight="700"'
BOLD_GREEK = f'{SLANTED} font-weight="700"'
UPRIGHT = 'font-family="KaTeX_Main, serif"'


@dataclass(frozen=True)
class Plane:
    """A rectangle of the picture, from ``(left, top)`` to ``(right, bottom)``, with two axes."""

    left: float
    top: float
    right: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def unit(self) -> float:
        """Length of 1 along the x axis."""
        return (self.right - self.left) / (self.x[1] - self.x[0])

    def at(self, points: ArrayLike) -> NDArray[np.float64]:
        """Places of points ``(..., 2)`` in the picture."""
        points = np.asarray(points, dtype=float)
        low, high = np.array([self.x, self.y]).T
        share = (points - low) / (high - low)
        return np.array([self.left, self.bottom]) + share * [
            self.right - self.left,
            self.top - self.bottom,
        ]

    def frame(self) -> str:
        return rectangle(self.left, self.top, self.right - self.left, self.bottom - self.top)


def picture(height: float, title: str, description: str, *parts: str) -> str:
    """A whole SVG."""
    shown = round(SHOWN_WIDE * height / WIDE)
    return (
        f'<svg viewBox="0 0 {WIDE} {n(height)}" width="{SHOWN_WIDE}" height="{shown}">\n'
        f"<title>{title}</title>\n<desc>{description}</desc>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def write(folder: Path, name: str, svg: str) -> None:
    (folder / name).write_text(svg, encoding="utf-8")
    print(f"{name}: {len(svg) / 1000:.1f} kB")


def n(value: float) -> str:
    """A length, to a tenth."""
    return f"{round(float(value), 1) + 0:g}"


def line(points: ArrayLike, colour: str, width: float = 1.5, **more: str) -> str:
    """A line through places in the picture, ``(n, 2)``."""
    d = "M" + "L".join(f"{n(x)} {n(y)}" for x, y in np.asarray(points))
    return stroke(d, colour, width, **more)


def area(points: ArrayLike) -> str:
    """A closed shape in the network's colour."""
    d = "M" + "L".join(f"{n(x)} {n(y)}" for x, y in np.asarray(points)) + "z"
    return f'<path d="{d}" fill="var(--accent-soft)" stroke="var(--accent)" stroke-width="1.5"/>'


def stroke(d: str, colour: str, width: float = 1.5, **more: str) -> str:
    rest = "".join(f' {name}="{value}"' for name, value in more.items())
    return f'<path d="{d}" fill="none" stroke="var(--{colour})" stroke-width="{width:g}"{rest}/>'


def rectangle(x: float, y: float, width: float, height: float) -> str:
    """The frame of a plane or of an image."""
    return stroke(f"M{n(x)} {n(y)}h{n(width)}v{n(height)}h{n(-width)}z", "rule-strong", 1)


def circle(middle: ArrayLike, radius: float, colour: str, width: float = 1.5) -> str:
    x, y = np.asarray(middle)
    place = f'cx="{n(x)}" cy="{n(y)}" r="{n(radius)}"'
    return f'<circle {place} fill="none" stroke="var(--{colour})" stroke-width="{width:g}"/>'


def dots(points: ArrayLike, colour: str, width: float = 4) -> str:
    """Round dots at places in the picture, as one path."""
    d = "".join(f"M{n(x)} {n(y)}h0" for x, y in np.asarray(points).reshape(-1, 2))
    return stroke(d, colour, width, **{"stroke-linecap": "round"})


def arrow(points: ArrayLike, colour: str, width: float = 1.5, head: float = 7, **more: str) -> str:
    """A line with a head at its end."""
    points = np.asarray(points, dtype=float)
    along = points[-1] - points[-2]
    along /= np.linalg.norm(along)
    across = np.array([-along[1], along[0]])
    back = points[-1] - head * along
    sides = 0.6 * head * across
    return line(points, colour, width, **more) + line(
        [back + sides, points[-1], back - sides], colour, width
    )


def text(x: float, y: float, words: str, colour: str = "ink", anchor: str = "middle") -> str:
    """Words of 14 units, with letters of mathematics as in equations."""
    place = f'x="{n(x)}" y="{n(y)}" font-size="14" text-anchor="{anchor}"'
    return f'<text {place} fill="var(--{colour})">{MATHS.sub(_letter, words)}</text>'


def _letter(found: re.Match[str]) -> str:
    stars, letter, index, rest, sign = found.groups()
    if sign:
        return f'<tspan {UPRIGHT} font-size="17">{sign}</tspan>'
    font = SLANTED if stars == "*" else BOLD if letter.isascii() else BOLD_GREEK
    made = f'<tspan {font} font-size="17">{letter}</tspan>'
    if index:
        slant = "" if index.isdigit() else f"{SLANTED} "
        made += f'<tspan {slant}dy="4" font-size="12">{index}</tspan>'
    if rest:
        made += f'<tspan dy="-4">{rest}</tspan>'
    return made


def digit(image: NDArray[np.float64], x: float, y: float, side: float, greys: int) -> str:
    """A digit as runs of equal grey, one path for each of a few degrees of opacity."""
    levels = np.rint(greys * image.reshape(28, 28)).astype(int)
    paths = []
    for level in range(1, greys + 1):
        runs = []
        for row, values in enumerate(levels == level):
            edges = np.flatnonzero(np.diff(values.astype(int), prepend=0, append=0))
            runs += [
                f"M{start} {row}h{stop - start}v1h{start - stop}z"
                for start, stop in edges.reshape(-1, 2)
            ]
        if runs:
            paths.append(f'<path d="{"".join(runs)}" fill-opacity="{level / greys:g}"/>')
    place = f"translate({x:g} {y:g}) scale({side / 28:.4g})"
    return f'<g transform="{place}" shape-rendering="crispEdges">{"".join(paths)}</g>'


def coloured(image: NDArray[np.float64], x: float, y: float, side: float, levels: int = 16) -> str:
    """A square image in colour, (n, n, 3) from 0 to 1, as runs of equal colour."""
    steps = np.rint((levels - 1) * image) / (levels - 1)  # of each of the three colours
    shades = np.rint(15 * steps).astype(int) @ [256, 16, 1]
    paths = []
    for shade in np.unique(shades):
        runs = ""
        for row, same in enumerate(shades == shade):
            edges = np.flatnonzero(np.diff(same.astype(int), prepend=0, append=0))
            for start, stop in edges.reshape(-1, 2):
                runs += f"M{start} {row}h{stop - start}v1h{start - stop}z"
        paths.append(f'<path d="{runs}" fill="#{shade:03x}"/>')
    place = f"translate({x:g} {y:g}) scale({side / len(image):.4g})"
    return f'<g transform="{place}" shape-rendering="crispEdges">{"".join(paths)}</g>'
