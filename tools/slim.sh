#!/bin/sh
# Leaves of the built project what serves it, and what builds a course from it. For the Dockerfile:
# there is no way back.
set -eu
torch=$(.venv/bin/python -c 'import torch; print(torch.__path__[0])')

# PyTorch's own tests, and what programs in C++ are compiled with.
rm -rf "$torch/test" "$torch/include" "$torch/share"
find "$torch/bin" -mindepth 1 ! -name torch_shm_manager -delete
find .venv -name '*.a' -delete
# Tables of symbols serve debuggers only: a fifth of PyTorch, and most of some others. What auditwheel
# has moved into NAME.libs does not survive it.
find .venv -type f -name '*.so*' -size +8M ! -path '*.libs/*' -exec strip --strip-unneeded {} +

# PyTorch compiles models with these; a server does not.
.venv/bin/python -m pip uninstall --quiet --yes mpmath networkx sympy

# Of the JavaScript packages a course needs the page's Python; the rest is in build/cache, bundled.
find node_modules -mindepth 1 -maxdepth 1 ! -name pyodide -exec rm -rf {} +
# The site holds the runtime; data sets are fetched when a model is trained.
rm -rf build/runtime build/data tools Makefile requirements.lock requirements-server.lock

# Says whether that was too much, and leaves the bytecode of what is imported, not of everything.
find .venv -name __pycache__ -prune -exec rm -rf {} +
.venv/bin/python - <<'PYTHON'
import latentbook.book.build
import latentbook_classroom.commands
import latentbook_classroom.course.mode
import latentbook.main
import latentbook_decoders.api
import latentbook_decoders.decoding.inference
from latentbook_decoders.models import registry

for name in registry.names():
    registry.load(name)
PYTHON
