#!/bin/sh
# Installs the JavaScript packages of package-lock.json.
set -eu
if ! command -v node >/dev/null 2>&1 || ! node -e 'process.exit(+(parseInt(process.versions.node) < 20))'; then
  echo "Latentbook needs Node 20 or newer; found $(node --version 2>/dev/null || echo none)." >&2
  exit 1
fi
echo "Installing JavaScript packages"
# Only esbuild has an install step that matters: it links its own binary.
if ! npm ci --ignore-scripts --no-audit --no-fund --loglevel=error; then
  echo "The JavaScript packages could not be installed. Check the network and the disk, then run make again." >&2
  exit 1
fi
npm rebuild esbuild --loglevel=error >/dev/null
