"""Maps of blood cells: kinds, genes that mark them, and a batch that was put in.

Each of 700 cells is the activity of 765 genes, turned into ten numbers by principal components or
an autoencoder, and then into a place on a map by t-SNE. Beside both stand the components of
*shuffled* genes: each gene is dealt to the cells at random, so nothing is left that genes do
together.

A batch is what a laboratory adds: half of the cells, chosen by chance, get every count multiplied
by a factor of its gene. With the mean of its batch off each cell, that is gone.
"""

import numpy as np

from widgets.contract import (
    CLASS_0,
    CLASS_1,
    CLASS_2,
    CLASS_3,
    CLASS_4,
    CLASS_5,
    CLASS_6,
    CLASS_7,
    CLASS_8,
    CLASS_9,
    DATA_1,
    DATA_2,
    INK_3,
    PAPER,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
)
from widgets.data import load
from widgets.kit.cells import BATCHES, CODES, MARKERS, SEEDS, same_among_nearest
from widgets.kit.figures import axis, bars, dots, equal, figure, label

COLORED = {"kind": "Kind", "gene": "Gene", "batch": "Batch"}
SHORT = (
    *("T reg", "T naive", "T memory", "T killer", "T naive killer"),
    *("monocyte", "B", "stem", "NK", "dendritic"),
)
COLORS = (
    *(CLASS_0, CLASS_1, CLASS_2, CLASS_3, CLASS_4),
    *(CLASS_5, CLASS_6, CLASS_7, CLASS_8, CLASS_9),
)
LEVELS = 1023  # along the longer side of a map
SHADES = 5  # of a gene's activity

instrument = Instrument(
    name="cells",
    title="Maps of blood cells",
    challenge="Name the islands by their genes, and then look at the kinds. Shuffle the genes: "
    "how many islands would you have named?",
    controls=(
        Choice("code", "Code", CODES, "pca"),
        Choice(
            "batch",
            "Measured",
            BATCHES,
            "none",
            when=("code", "pca", "autoencoder"),
        ),
        Choice("colored", "Colour", COLORED, "gene"),
        Choice("gene", "Gene", {gene: gene for gene in MARKERS}, "CD3D", when=("colored", "gene")),
        Choice("start", "Start", {str(k): str(k + 1) for k in range(SEEDS)}, "0"),
    ),
    readouts=(
        Readout("in_code", "Of ten nearest in the code, same kind"),
        Readout("on_map", "Of ten nearest on the map, same kind"),
        Readout("in_batch", "Same batch, in the code"),
    ),
    references=("zheng2017", "vandermaaten2008"),
)


def compute(*, code, batch, colored, gene, start):
    """Look up one code, its map, and what colours it.

    Parameters
    ----------
    code : str, a key of CODES
    batch : str, a key of BATCHES; shuffled genes have none
    colored : str, a key of COLORED
    gene : str, a key of MARKERS
    start : str, which random start of t-SNE, "0" or "1"

    Returns
    -------
    dict
        ``places``, (700, 2), from 0 to 1 along the longer side; ``kinds``, ``batches``, (700,);
        ``activity``, (700,), log(1 + count) of the gene; ``by_kind``, (10,), for each kind the
        share of the ten nearest in the code that are of it, too; ``in_code``, ``on_map`` and
        ``in_batch``, means over all cells; ``chance``, how often two cells drawn at random are of
        one kind.
    """
    data = load("cells")
    name = f"{code}_{'none' if code == 'shuffled' else batch}"
    kinds, codes = data["kinds"].astype(int), data[f"{name}_code"].astype(np.float64)
    places = data[f"{name}_maps"][int(start)] / LEVELS
    same = same_among_nearest(codes, kinds)
    return {
        "code": code,
        "colored": colored,
        "gene": gene,
        "places": places,
        "kinds": kinds,
        "batches": data["batch"].astype(int),
        "activity": data["markers"][:, list(MARKERS).index(gene)].astype(float),
        "by_kind": np.array([same[kinds == k].mean() for k in range(len(SHORT))]),
        "in_code": float(same.mean()),
        "on_map": float(same_among_nearest(places, kinds).mean()),
        "in_batch": float(same_among_nearest(codes, data["batch"]).mean()),
        "chance": float(np.sum((np.bincount(kinds) / len(kinds)) ** 2)),
    }


def frame(result):
    """The map, and what the kinds are like."""
    by_gene = result["colored"] == "gene"
    return Frame(
        readouts={
            name: f"{100 * result[name]:.0f} %" for name in ("in_code", "on_map", "in_batch")
        },
        panels=[cell_map(result), activity(result) if by_gene else purity(result)],
        note=f"Of two cells drawn at random, both are of one kind in {100 * result['chance']:.0f} "
        "of 100 cases.",
    )


def cell_map(result):
    """All cells as dots, coloured as asked."""
    x, y = result["places"].T
    kinds, colored = result["kinds"], result["colored"]
    words = []
    if colored == "kind":
        parts = [(kinds == k, COLORS[k]) for k in range(len(SHORT))]
        words = [
            label(
                f"<b>{SHORT[k]}</b>",
                *np.median(result["places"][kinds == k], axis=0),
                COLORS[k],
                bgcolor=PAPER,
            )
            for k in range(len(SHORT))
            if np.sum(kinds == k) > 25
        ]
        said = "coloured by kind"
    elif colored == "batch":
        parts = [(result["batches"] == k, color) for k, color in enumerate((DATA_1, DATA_2))]
        said = "coloured by batch"
    else:
        on = result["activity"] > 0
        parts = [(~on, INK_3), (on, DATA_2)]
        said = f"with {result['gene']} active in {np.sum(on)}"
    return Plot(
        "map",
        figure(
            [dots(x[part], y[part], color, size=4) for part, color in parts if part.any()],
            *equal(axis(-0.03, 1.03, visible=False), axis(-0.03, 1.03, visible=False)),
            height=430,
            left=8,
            right=8,
            top=8,
            bottom=8,
            labels=words,
        ),
        f"A map of {len(x)} blood cells as dots, {said}.",
        half=True,
    )


def purity(result):
    """For each kind, how many of the ten nearest in the code are of it."""
    return by_kind(
        result,
        100 * result["by_kind"],
        "ten nearest in the code of its kind, %",
        100.0,
    )


def activity(result):
    """The mean activity of the gene in each kind."""
    means = [result["activity"][result["kinds"] == k].mean() for k in range(len(SHORT))]
    gene = result["gene"]
    return by_kind(result, np.array(means), f"mean log(1 + count) of {gene}", 5.0)


def by_kind(result, values, title, most):
    """A number for each kind, as bars."""
    places = np.arange(len(SHORT))[::-1]
    return Plot(
        "by_kind",
        figure(
            [
                bars(values[[k]], [places[k]], COLORS[k], width=0.7, orientation="h")
                for k in range(len(SHORT))
            ],
            axis(0, most, title),
            axis(
                -0.6,
                len(SHORT) - 0.4,
                tickvals=places.tolist(),
                ticktext=list(SHORT),
                showgrid=False,
            ),
            height=430,
            left=96,
        ),
        f"{title[0].upper()}{title[1:]}, by kind: "
        + ", ".join(f"{SHORT[k]} {values[k]:.3g}" for k in range(len(SHORT)))
        + ".",
        half=True,
    )
