#!/bin/sh
# Locks both languages. The torch build depends on the machine, so only what torch itself needs is locked.
set -eu
options="--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet"
echo uv | .venv/bin/uv pip compile $options - -o requirements-uv.lock
needs_of_torch="filelock fsspec networkx sympy typing-extensions setuptools"
printf '%s\n' $needs_of_torch | .venv/bin/uv pip compile $options pyproject.toml - -o requirements.lock
ray=$(sed -n 's/^scale = .*"\(ray[^"]*\)"\]$/\1/p' pyproject.toml)  # the extra brings torch too
printf '%s\n' $needs_of_torch "$ray" | .venv/bin/uv pip compile $options --extra dev pyproject.toml - -c requirements.lock -o requirements-dev.lock
.venv/bin/uv pip compile $options --extra classroom pyproject.toml -c requirements-dev.lock -o requirements-server.lock
npm install --package-lock-only --ignore-scripts --no-audit --no-fund
