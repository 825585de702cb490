#!/bin/sh
# Installs one lock file and the project itself into .venv, and says plainly why if it cannot.
set -eu
log=.venv/install.log
uv="uv pip install --python .venv/bin/python"
if ! .venv/bin/python -m pip install --progress-bar off --require-hashes -r requirements-uv.lock >"$log" 2>&1 ||
   ! .venv/bin/$uv --require-hashes -r "$1" >>"$log" 2>&1 ||
   ! .venv/bin/$uv --no-deps -e . >>"$log" 2>&1; then
  tail -n 20 "$log" >&2
  if grep -qi "No space left" "$log"; then
    echo "The disk is full: the Python packages need about 1.5 GB." >&2
  elif grep -qE "NewConnectionError|Temporary failure|Network is unreachable|No matching distribution|Connection|Failed to fetch|dns error" "$log"; then
    echo "The Python package index could not be reached. Connect to the network and run make again; what was installed stays." >&2
    echo "If pip reads a mirror's address from a file of its own, name it in UV_INDEX_URL too." >&2
  fi
  exit 1
fi
