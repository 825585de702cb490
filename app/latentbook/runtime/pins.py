"""The release of Pyodide that the page's loader was written for, file by file.

``static/js/python`` depends on names inside these files that Pyodide does not promise. Another
release may work; ``docs/start.md`` says how to find out and what to change here.
"""

import hashlib
from pathlib import Path

from latentbook.base.errors import LatentbookError

PYODIDE = "314.0.3"
BUILD_ID = "2cf7085e96ffaa58f5400af724c388859f9e21586cf6f254da008c60685a5d05"
"""Pyodide's own name for this build, as in its loader."""

PLATFORM = "pyemscripten_2026_0_wasm32"
"""Tag of compiled wheels that this build can load (PEP 783)."""

MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.14.2",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_release": "5.0.3",
    "platform_system": "Emscripten",
    "platform_version": "#1",
    "python_full_version": "3.14.2",
    "python_version": "3.14",
    "sys_platform": "emscripten",
}
"""Values of the requirement markers in the page's Python."""

BUILTIN = (
    "_abc _ast _asyncio _bisect _blake2 _bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 "
    "_codecs_jp _codecs_kr _codecs_tw _collections _contextvars _csv _ctypes _datetime "
    "_decimal _elementtree _functools _heapq _hmac _imp _io _json _locale _lsprof _lzma _md5 "
    "_multibytecodec _opcode _operator _pickle _posixsubprocess _pyodide_core _queue _random "
    "_remote_debugging _sha1 _sha2 _sha3 _signal _socket _sqlite3 _sre _stat _statistics "
    "_string _struct _suggestions _symtable _sysconfig _thread _tokenize _tracemalloc _types "
    "_typing _warnings _weakref _zoneinfo _zstd array atexit binascii builtins cmath errno "
    "faulthandler fcntl gc itertools marshal math mmap posix pyexpat select sys termios time "
    "unicodedata zlib"
)
"""Modules that are compiled into the page's Python, without those for its tests. The rest of the
standard library is in ``python_stdlib.zip``."""

SHA256 = {
    "pyodide.asm.mjs": "1a9775427ef6e8abaa7db88ece0515422d1886915ae5c9093776410c865dfd8d",
    "pyodide.asm.wasm": "e7f8fac36f8bf11085309cbc5c829b3ec3057c18bf1d73b05a6741612d63cdbf",
}


def check_pyodide(folder: Path) -> None:
    """Raise LatentbookError unless the installed Pyodide is the pinned one.

    Parameters
    ----------
    folder : ``node_modules/pyodide``
    """
    for name in (*SHA256, "pyodide.mjs", "python_stdlib.zip", "pyodide-lock.json"):
        if not (folder / name).exists():
            raise LatentbookError(f"{folder / name} is missing. `npm ci` installs it.")
    found = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in SHA256}
    wrong = [name for name, digest in found.items() if digest != SHA256[name]]
    if BUILD_ID not in (folder / "pyodide.mjs").read_text(encoding="utf-8"):
        wrong.append("BUILD_ID in pyodide.mjs")
    if wrong:
        raise LatentbookError(
            f"The Pyodide in {folder} is not the release {PYODIDE} that the page's loader was "
            f"written for: {', '.join(wrong)} differs. `npm ci` installs the right one. "
            "To move to another release, follow docs/start.md and change runtime/pins.py."
        )
