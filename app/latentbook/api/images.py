"""Lossless formats of grey pictures, and how each is written."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import zstandard
from isal import igzip, isal_zlib
from starlette.requests import Request

from latentbook.decoding.mosaic import Grey, picture_of
from latentbook.http.negotiation import negotiate, negotiate_encoding

Body = bytes | memoryview

DELTA = "application/vnd.latentbook.delta"


def raw(cells: Grey) -> Body:
    return cells.data.cast("B")


def delta(cells: Grey) -> Body:
    """Each cell minus the cell to its left, minus the one above, plus the one above to the left.

    All modulo 256, in the order of :func:`raw`; cells outside the picture are 0. Neighbouring codes
    give similar images, so most values are near 0 and compress to half a PNG. Two prefix sums undo
    it: along each row of cells, then down each column.
    """
    across = cells.copy()
    across[:, 1:] -= cells[:, :-1]
    both = across.copy()
    both[1:] -= across[:-1]
    return both.data.cast("B")


def png(cells: Grey) -> Body:
    """PNG, 8-bit grey; ten times faster than Pillow at about the same size."""
    picture = picture_of(cells)
    height, width = picture.shape
    lines = np.zeros((height, width + 1), np.uint8)  # each line starts with filter 0, none
    lines[:, 1:] = picture
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", isal_zlib.compress(lines, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, content) for kind, content in chunks)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


WRITERS: dict[str, Callable[[Grey], Body]] = {
    "image/png": png,
    "application/octet-stream": raw,
    DELTA: delta,
}
"""Media type -> writer; a client that accepts anything gets the first."""

ENCODERS: dict[str, Callable[[Body], Body]] = {
    "zstd": lambda body: zstandard.ZstdCompressor(level=1).compress(body),
    "gzip": lambda body: igzip.compress(body, 1),
    "identity": lambda body: body,
}
"""Content codings; the first is preferred if the client accepts several equally."""


@dataclass(frozen=True)
class Form:
    """A format of a picture that the client accepts."""

    media_type: str
    encoding: str

    @property
    def headers(self) -> dict[str, str]:
        said = {"Content-Type": self.media_type, "Vary": "Accept, Accept-Encoding"}
        return said if self.encoding == "identity" else {**said, "Content-Encoding": self.encoding}

    def write(self, cells: Grey) -> Body:
        """Write cells of shape (rows, columns, height, width) in this format."""
        return ENCODERS[self.encoding](WRITERS[self.media_type](cells))


def form_for(request: Request, *others: str) -> Form:
    """The format that the client prefers, out of ``others`` and those of a picture, in this order.

    Only the delta format is compressed. A PNG already is, and clients ask for raw bytes on
    connections so fast that compressing takes more time than it saves.
    """
    media_type = negotiate(request.headers.get("accept"), (*others, *WRITERS))
    offered = tuple(ENCODERS) if media_type == DELTA else ("identity",)
    return Form(media_type, negotiate_encoding(request.headers.get("accept-encoding"), offered))


PICTURE_CONTENT = {
    media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in WRITERS
}
"""For OpenAPI: the formats of a picture."""

PICTURE_HEADERS = {
    "Latentbook-Shape": {
        "description": "rows,columns,height,width of the cells, gap included.",
        "schema": {"type": "string", "pattern": r"^\d+,\d+,\d+,\d+$"},
    },
    "Latentbook-Dtype": {
        "description": "Number format in which the images were decoded.",
        "schema": {"type": "string", "enum": ["float32", "bfloat16"]},
    },
    "Server-Timing": {
        "description": "Milliseconds in the queue, in the model, and writing the picture.",
        "schema": {"type": "string"},
    },
}
"""For OpenAPI: headers of a picture. application/octet-stream is its bytes, cell by cell."""
