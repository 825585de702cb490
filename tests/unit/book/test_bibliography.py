"""References in one style, from BibTeX as authors write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentbook.base.errors import Problems
from latentbook.book.compose.bibliography import Bibliography, read_bibliography
from latentbook.book.compose.pieces import Address, Link

BIB = r"""
@article{baldi1989,
  author = {Baldi, Pierre and Hornik, Kurt},
  title = {Neural networks and {PCA}},
  journal = {Neural Networks},
  volume = {2},
  number = {1},
  pages = {53--58},
  year = {1989},
  doi = {10.1016/0893-6080(89)90014-2},
  url = {https://example.org/not-this}
}
@inproceedings{lecun1998a,
  author = {Yann LeCun and Bottou, L\'eon and Haffner, Patrick},
  title = {First \& last},
  booktitle = {Proceedings},
  year = {1998}
}
@misc{lecun1998b,
  author = {LeCun, Yann and Cortes, Corinna and Burges, Christopher J. C.},
  title = {The {MNIST} database},
  year = {1998},
  url = {http://www.example.org/mnist}
}
@misc{lab2020,
  author = {{The Laboratory}},
  title = {A report},
  year = {2020},
  eprint = {2001.00001},
  archiveprefix = {arXiv}
}
"""


@pytest.fixture
def bibliography() -> Bibliography:
    problems = Problems()
    found = read_bibliography(BIB, problems.of(Path("references.bib")))
    problems.raise_all()
    return found


def test_short_names(bibliography: Bibliography) -> None:
    keys = ("baldi1989", "lecun1998a", "lecun1998b", "lab2020")
    assert {key: bibliography.link(key).title for key in keys} == {
        "baldi1989": "Baldi & Hornik 1989",
        "lecun1998a": "LeCun et al. 1998a",
        "lecun1998b": "LeCun et al. 1998b",
        "lab2020": "The Laboratory 2020",
    }
    assert bibliography.link("lab2020").url == Address("references", "lab2020")


def test_entries_as_they_are_printed(bibliography: Bibliography) -> None:
    printed = {each.key: each.html.words for each in bibliography.references()}
    assert printed["baldi1989"] == (
        "Baldi, P. & Hornik, K. (1989). Neural networks and PCA. Neural Networks 2(1), 53–58. "
        "doi.org/10.1016/0893-6080(89)90014-2"
    )
    assert printed["lecun1998a"] == (
        "LeCun, Y., Bottou, L. & Haffner, P. (1998a). First & last. Proceedings."
    )
    assert printed["lecun1998b"].startswith("LeCun, Y., Cortes, C. & Burges, C. J. C. (1998b).")


def test_where_to_read_it(bibliography: Bibliography) -> None:
    urls = {reference.key: reference.url for reference in bibliography.references()}
    assert urls == {
        "baldi1989": "https://doi.org/10.1016/0893-6080(89)90014-2",
        "lecun1998a": "",
        "lecun1998b": "http://www.example.org/mnist",
        "lab2020": "https://arxiv.org/abs/2001.00001",
    }


def test_order_and_uses(bibliography: Bibliography) -> None:
    place = Link("../autoencoders/#compress", "Learning to compress", "2.1")
    bibliography.use("lab2020", place)
    bibliography.use("lab2020", place)
    references = bibliography.references()
    assert [reference.key for reference in references] == [
        "baldi1989",
        "lecun1998a",
        "lecun1998b",
        "lab2020",
    ]
    assert references[-1].uses == (place,)
    assert [r.key for r in bibliography.references({"lab2020", "baldi1989"})] == [
        "baldi1989",
        "lab2020",
    ]
