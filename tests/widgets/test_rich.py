"""Rich output of values: HTML cleaned of anything that could run, pictures, sounds."""

from __future__ import annotations

import base64
import io
import wave
from typing import Any

import numpy as np
import pytest

from widgets.engine.host import displayed
from widgets.engine.rich import cleaned
from widgets.kit.sound import Sound

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


def shows(**forms: Any) -> object:
    methods = {f"_repr_{name}_": lambda self, data=data: data for name, data in forms.items()}
    return type("Shown", (), {**methods, "__repr__": lambda self: "as text"})()


def test_the_first_form_that_there_is_is_shown() -> None:
    assert displayed(shows(svg="<svg/>", html="<b>x</b>")) == ("text/html", "<b>x</b>")
    assert displayed(shows(svg="<svg/>", html=None)) == ("image/svg+xml", "<svg/>")
    mime, data = displayed(shows(png=PIXEL))
    assert (mime, base64.b64decode(data)) == ("image/png", PIXEL)
    assert displayed(shows(png=None)) == ("text/plain", "as text")
    assert displayed(type(shows(html="<b>x</b>")))[0] == "text/plain"


def test_a_form_of_another_type_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"_repr_png_\(\) returned str. Accepted: bytes, or None"):
        displayed(shows(png="no bytes"))


def test_a_table_of_pandas_keeps_its_cells() -> None:
    html = """<div><style scoped>.dataframe tbody tr th { vertical-align: top; }</style>
      <table border="1" class="dataframe"><thead><tr style="text-align: right;"><th></th>
      <th colspan="2">a &amp; b</th></tr></thead><tbody><tr><th>0</th><td>1</td></tr></tbody>
      </table></div>"""
    assert "".join(cleaned(html).split()) == (
        '<div><table><thead><tr><th></th><thcolspan="2">a&amp;b</th></tr></thead>'
        "<tbody><tr><th>0</th><td>1</td></tr></tbody></table></div>"
    )


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("a<script>alert(1)</script>b", "ab"),
        ("<b onclick='alert(1)' style='x'>b</b>", "<b>b</b>"),
        ('<a href="javascript:alert(1)">here</a>', "here"),
        ('<img src="https://example.org/x.png" onerror="alert(1)" alt="A cat">', "A cat"),
        ('<img src="data:text/html,x" alt="A">', "A"),
        ("<svg><script>alert(1)</script></svg><iframe src=x>y</iframe>z", "z"),
        ("<<b>script>1", "&lt;<b>script&gt;1</b>"),
        ('<noscript><p title="</noscript><img src=x onerror=alert(1)>">', "<p></p>"),
        (
            "<h1>Title</h1><ul><li>one<li>two",
            "<strong>Title</strong><ul><li>one<li>two</li></li></ul>",
        ),
        ("</table></div><td colspan='999999' scope='x'>1", "<td>1</td>"),
    ],
)
def test_only_what_a_page_accepts_is_kept(html: str, kept: str) -> None:
    assert cleaned(html) == kept


def test_a_sound_is_a_wave_file_with_a_picture_and_words() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(800) / 8000)
    sound = Sound(3 * tone, 8000, "A tone & no more.")
    with wave.open(io.BytesIO(sound.wav())) as file:
        assert file.getparams()[:4] == (1, 2, 8000, 800)
        samples = np.frombuffer(file.readframes(800), "<i2") / (2**15 - 1)
    assert np.allclose(samples, tone / np.abs(tone).max(), atol=1e-4)
    mime, html = displayed(sound)
    assert mime == "text/html"
    assert html.startswith('<figure><img alt="" src="data:image/svg+xml;base64,')
    assert '<audio controls aria-label="A tone &amp; no more." src="data:audio/wav;base64,' in html
    assert html.endswith("<figcaption>A tone &amp; no more.</figcaption></figure>")


@pytest.mark.parametrize("samples", [np.zeros((2, 3)), np.array([]), np.array([0, np.nan])])
def test_what_is_no_sound_is_refused(samples: np.ndarray[Any, Any]) -> None:
    with pytest.raises(ValueError, match="one row of finite numbers"):
        Sound(samples, 8000, "Nothing.")
