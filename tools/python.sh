#!/bin/sh
# Makes .venv with the Python named, or the first of the usual names that is 3.11 or newer.
set -eu
for python in "$1" python3.13 python3.12 python3.11; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv .venv || {
      echo "Could not make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2
      exit 1
    }
    exit 0
  fi
done
echo "Latentbook needs Python 3.11 or newer; found $("$1" --version 2>&1 || echo "no $1"). Choose one: make PYTHON=/path/to/python3.12" >&2
exit 1
