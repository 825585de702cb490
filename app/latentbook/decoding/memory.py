"""How the process keeps its memory."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3  # as in malloc.h
MIB = 2**20


def keep_freed_memory() -> None:
    """Have glibc keep what is freed; elsewhere nothing happens.

    A decoder's layers need the same buffers for each chunk. glibc gives those of a megabyte back to
    the kernel each time and gets them back page by page: a quarter of the time, as measured.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, TypeError, OSError):
        return
    mallopt(MMAP_THRESHOLD, 32 * MIB)
    mallopt(TRIM_THRESHOLD, 1024 * MIB)
    mallopt(TOP_PAD, 64 * MIB)
