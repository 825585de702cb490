"""Matplotlib's figures under a snippet: their number, order and content."""

import re
import xml.etree.ElementTree as ET

import pytest

from widgets.engine import host

PLOT = "import matplotlib.pyplot as plt\n"
SVG = "{http://www.w3.org/2000/svg}"


class Shown(list):
    """Everything that a snippet shows and prints, in order."""

    def run(self, code, kind="run_cell"):
        self.clear()
        request = {"type": kind, "id": 1, "scope": "matplotlib", "code": code, "filename": "it"}
        return host.handle(request, lambda mime, data: self.append((mime, data)))

    @property
    def kinds(self):
        return [mime.partition("/")[2] for mime, _ in self]


@pytest.fixture
def shown():
    host.reset_scope("matplotlib")
    return Shown()


def words(svg):
    return re.findall("<!-- (.*?) -->", svg)


def lines(svg):
    """Extract the points of each line of a plot."""
    groups = [g for g in ET.fromstring(svg).iter(f"{SVG}g") if "line2d" in g.get("id", "")]
    paths = [path.get("d") for group in groups for path in group.findall(f"{SVG}path")]
    found = [re.findall(r"[-\d.]+", path) for path in paths]
    return [[(float(x), float(y)) for x, y in zip(p[::2], p[1::2], strict=True)] for p in found]


def test_a_figure_is_shown_at_the_end(shown):
    assert shown.run(PLOT + "plt.title('Loss')\nplt.plot([0, 1, 2], [5, 3, 5])")["type"] == "done"
    [(mime, svg)] = shown
    assert mime == "image/svg+xml"
    assert words(svg)[-1] == "Loss"
    assert {"0.00", "2.00", "3.00", "5.00"} <= set(words(svg))
    [curve] = [line for line in lines(svg) if len(line) == 3]
    (left, high), (middle, low), (right, same) = curve
    assert middle - left == pytest.approx(right - middle)
    assert high == pytest.approx(same) and low > high + 100  # y grows downwards
    shown.run("plt.get_fignums()")
    assert shown == [("text/plain", "[]")]


def test_each_show_shows_what_is_open(shown, capsys):
    draw = "plt.plot({0})\nplt.show()\nprint('drawn')\n"
    shown.run(PLOT + draw.format("[1, 2]") + draw.format("[1, 2, 1]"))
    assert shown.kinds == ["svg+xml", "svg+xml"]
    assert [max(map(len, lines(svg))) for _, svg in shown] == [2, 3]
    assert capsys.readouterr().err == ""


def test_the_same_code_draws_the_same_bytes(shown):
    code = PLOT + "figure, axes = plt.subplots()\naxes.fill_between([0, 1], [1, 2])\nplt.show()"
    shown.run(code)
    [first] = shown
    shown.run(code)
    assert shown == [first]


@pytest.mark.parametrize(
    "last",
    [
        "plt.gcf()",
        "plt.gca()",
        "plt.plot([1, 2])",
        "plt.hist([1, 2, 2])",
        "plt.subplots()",
        "plt.xlabel('x')",
        "plt.gcf().show()",
        "figure = plt.figure()",
    ],
)
def test_a_figure_is_shown_once_and_what_drawing_returns_is_not(shown, last):
    assert shown.run(PLOT + last)["type"] == "done"
    assert shown.kinds == ["svg+xml"]


def test_the_code_may_choose_another_backend(shown):
    shown.run(f"import matplotlib\nmatplotlib.use('agg')\n{PLOT}plt.plot([1, 2])")
    assert shown.kinds == ["svg+xml"]
    shown.run(f"matplotlib.use('{host.os.environ['MPLBACKEND']}')")


def test_other_values_are_shown_as_they_were(shown):
    shown.run(PLOT + "items = [1]\nitems.append(items)\nitems")
    assert shown == [("text/plain", "[1, [...]]")]


def test_a_figure_without_pyplot_is_shown_as_a_value(shown):
    shown.run("from matplotlib.figure import Figure\nf = Figure((3, 2))\nf.suptitle('Alone')\nf")
    assert shown.kinds == ["svg+xml"]
    assert words(shown[0][1]) == ["Alone"]
    shown.run("f.suptitle('Again')\nf")
    assert words(shown[0][1]) == ["Again"]


def test_a_figure_is_as_large_as_what_is_drawn(shown):
    shown.run(PLOT + "plt.figure(figsize=(4, 3))\nplt.gcf().patch.set_visible(True)\n"
              "plt.gca().set_position([0, 0, 1, 1])\nplt.axis('off')\nplt.show()")  # fmt: skip
    root = ET.fromstring(shown[0][1])
    inches = [float(root.get(name).removesuffix("pt")) / 72 for name in ("width", "height")]
    assert inches == pytest.approx([4.2, 3.2], abs=0.01)  # with 0.1 on each side


@pytest.mark.parametrize("kind", ["run_cell", "step_cell"])
def test_nothing_is_left_of_code_that_fails_or_is_stepped_through(shown, kind):
    shown.run(PLOT + "plt.plot([1, 2])\n" + ("1 / 0" if kind == "run_cell" else ""), kind)
    assert shown == []
    shown.run(PLOT + "len(plt.get_fignums())")
    assert shown == [("text/plain", "0")]


def test_a_figure_with_too_much_in_it_says_so(shown):
    reply = shown.run(
        PLOT + "import numpy as np\nplt.scatter(*np.random.rand(2, 20_000))\nplt.show()"
    )
    assert reply["type"] == "failed"
    assert "The figure is too large to be shown" in reply["message"]
    assert shown.run(PLOT + "plt.plot([1, 2])")["type"] == "done"
    assert shown.kinds == ["svg+xml"]
