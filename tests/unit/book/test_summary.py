"""The takeaways of a chapter, on one page with the equations that they refer to."""

from __future__ import annotations

import re

from .conftest import HEAD, MakeBook, pages_of

TEXT = f"""{HEAD}
$$a = b$$ (one)

$$c = d$$ (two)

:::{{takeaways}}
- The first {{eq}}`two` is kept.
- The second has none.
:::
"""


def test_a_page_has_the_takeaways_of_a_chapter_and_their_equations(make_book: MakeBook) -> None:
    html = pages_of(make_book, TEXT)["summary/sample/index.html"]
    assert re.search(r'<h2 [^>]+><a href="../../sample/text/">2.1 Text</a></h2>', html)
    assert "The second has none." in html
    assert re.findall(r'<a class="number" href="([^"]+)"', html) == ["../../sample/text/#two"]


def test_a_chapter_without_takeaways_has_no_such_page(make_book: MakeBook) -> None:
    text = TEXT.partition(":::")[0]
    with_them, without = pages_of(make_book, TEXT), pages_of(make_book, text)
    assert set(with_them) - set(without) == {"summary/sample/index.html"}
    assert 'href="../summary/sample/"' in with_them["sample/index.html"]
    assert "summary/" not in without["sample/index.html"]
