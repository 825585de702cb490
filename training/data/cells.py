"""Seven hundred blood cells, each as the activity of 765 genes.

An excerpt, in scanpy's wheel, of the 68,000 cells that 10x Genomics measured (Zheng et al. 2017):
log(1 + counts), each cell scaled to the same sum. Kinds were assigned by likeness to cells
that had been sorted beforehand, so they are a guess, and kinds of T cells run into each other.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.data.packages import Wheel, load_files

PBMC = Wheel(
    name="cells",
    title="Blood cells",
    package="scanpy==1.10.3",
    paths={"cells.h5ad": "scanpy/datasets/10x_pbmc68k_reduced.h5ad"},
    sha256={"cells.h5ad": "e71d41e737c941559b7c57c9243bdb3d2c889c2adfdf00e3422ac6b46783676f"},
)


@dataclass(frozen=True)
class Cells:
    """n cells and g genes.

    Attributes
    ----------
    activity : float32 ndarray of shape (n, g), log(1 + count)
    kinds : int ndarray of shape (n,), from 0
    names : of the kinds
    genes : names of the genes
    origin : where all this comes from
    """

    activity: NDArray[np.float32]
    kinds: NDArray[np.int64]
    names: tuple[str, ...]
    genes: tuple[str, ...]
    origin: Card


def load_cells() -> Cells:
    """The cells, fetched if they are not in `build/data/` yet.

    Raises
    ------
    DataUnavailable
        If the package index cannot be reached.
    DataMismatch
        If the file is not the known one.
    """
    import h5py  # type: ignore[import-untyped]
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    with h5py.File(io.BytesIO(load_files(PBMC)["cells.h5ad"])) as file:
        stored = tuple(file["raw.X"][part][:] for part in ("data", "indices", "indptr"))
        genes = tuple(name.decode() for name in file["raw.var"]["index"])
        kinds = file["obs"]["bulk_labels"].astype(np.int64)
        names = tuple(name.decode() for name in file["uns/bulk_labels_categories"][:])
    return Cells(
        activity=csr_matrix(stored, shape=(len(kinds), len(genes))).toarray().astype(np.float32),
        kinds=kinds,
        names=names,
        genes=genes,
        origin={
            "name": PBMC.name,
            "source": f"{PBMC.paths['cells.h5ad']} in the wheel of {PBMC.package}",
            "sha256": dict(PBMC.sha256),
            "cells": "10x Genomics, fresh 68k PBMCs (donor A), an excerpt",
            "licence": "CC BY 4.0",
        },
    )
