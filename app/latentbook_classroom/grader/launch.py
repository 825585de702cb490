"""Drops rights that an interpreter must not have, then becomes Deno.

Run as ``python -I -S launch.py LIMITS COMMAND ...``. This is a separate program because code
between fork and exec could deadlock in a server with threads.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from contextlib import suppress

CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET = 0x08000000, 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38


def launch(limits: dict[str, int], command: list[str]) -> None:
    with suppress(OSError):  # if memory runs out, Linux kills an interpreter, not the server
        os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"1000")
    libc = ctypes.CDLL(None)
    if limits.pop("namespaces") and hasattr(libc, "unshare"):
        # Some containers refuse it; then the other walls remain, and `classroom doctor` reports it.
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a killed server leaves none behind
    os.nice(10)  # pages and new answers come first
    for name, limit in limits.items():
        number = getattr(resource, f"RLIMIT_{name}")
        _, most = resource.getrlimit(number)
        limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(number, (limit, limit))
    os.execv(command[0], command)


launch(json.loads(sys.argv[1]), sys.argv[2:])
