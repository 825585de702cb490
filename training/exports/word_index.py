"""Two indexes of the word vectors: clusters, and codewords for parts of a vector."""

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.exports.export import WIDGET_DATA, Job, write_export
from training.recipes import SEED
from widgets.kit.search import ENTRIES, LISTS, PARTS

VECTORS = "count_2"


def make_word_index(job: Job) -> Card:
    """Cluster the vectors of length 1, and each part of them."""
    from sklearn.cluster import KMeans  # type: ignore[import-untyped]

    with np.load(WIDGET_DATA / "word_vectors.npz") as stored:
        v = stored[VECTORS].astype(np.float64)
    x = v / np.linalg.norm(v, axis=1, keepdims=True)
    job.on_step(0, 1 + len(PARTS), 0.0)
    lists = KMeans(LISTS, n_init=4, random_state=SEED).fit(x)
    arrays: dict[str, NDArray[np.generic]] = {
        "centres": lists.cluster_centers_.astype(np.float16),
        "member": lists.labels_.astype(np.uint8),
    }
    lost = {}
    for done, parts in enumerate(PARTS, start=1):
        cut = x.reshape(len(x), parts, -1)
        fitted = [KMeans(ENTRIES, n_init=1, random_state=SEED).fit(cut[:, j]) for j in range(parts)]
        books = np.stack([each.cluster_centers_ for each in fitted])
        codes = np.stack([each.labels_ for each in fitted], 1)
        back = books[np.arange(parts), codes].reshape(x.shape)
        lost[str(parts)] = round(float(np.sum((x - back) ** 2) / len(x)), 4)
        arrays |= {
            f"books_{parts}": books.astype(np.float16),
            f"codes_{parts}": codes.astype(np.uint8),
        }
        job.on_step(done, 1 + len(PARTS), 0.0)
    return write_export(
        "word_index",
        arrays,
        {
            "title": "Indexes of the word vectors",
            "data": {"name": "word_vectors", "vectors": VECTORS, "length": 1},
            "lists": f"{LISTS} clusters by k-means",
            "books": f"{ENTRIES} codewords for each part, by k-means of it",
            "seed": SEED,
            "metrics": {
                "largest_list": int(np.bincount(lists.labels_).max()),
                "smallest_list": int(np.bincount(lists.labels_).min()),
                "squared_error": lost,
            },
        },
    )
