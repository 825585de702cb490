"""Memory settings of the process."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3  # as in malloc.h
MIB = 2**20


def keep_freed_memory() -> None:
    """Stop glibc from returning freed memory to the kernel; elsewhere do nothing.

    A decoder's layers need the same buffers for each chunk. glibc returns buffers of a megabyte to
    the kernel and gets them back page by page, which was measured to take a quarter of the time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, TypeError, OSError):
        return
    mallopt(MMAP_THRESHOLD, 32 * MIB)
    mallopt(TRIM_THRESHOLD, 1024 * MIB)
    mallopt(TOP_PAD, 64 * MIB)
