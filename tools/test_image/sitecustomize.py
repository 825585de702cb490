"""Reports every attempt of Python to write, successful or not, on standard error."""

import os
import sys

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = (
    *("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"),
    *("sqlite3.connect", "tempfile.mkstemp", "tempfile.mkdtemp"),
)


def audit(event, arguments):
    """Write one line per file opened for writing and per change of a folder."""
    opens = event == "open" and arguments[0] != os.devnull and arguments[2] & WRITING
    if opens or event in CHANGES:
        os.write(2, f"{event}{arguments}\n".encode())


sys.addaudithook(audit)
