#!/bin/sh
# Finds a Chromium for the browser tests, or installs one: Debian's where that works, else Playwright's.
set -eu
FIND="from latentbook.browser import chromium_path; print(chromium_path())"
if .venv/bin/python -c "$FIND" >/dev/null 2>&1; then
  exit 0
fi
echo "Installing Chromium for the browser tests"
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  apt-get update -qq || true
  install="env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq"
  $install chromium chromium-headless-shell >/dev/null 2>&1 || $install chromium >/dev/null || true
else
  .venv/bin/python -m playwright install chromium || true
fi
.venv/bin/python -c "$FIND"
