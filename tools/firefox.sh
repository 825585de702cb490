#!/bin/sh
# Finds a Firefox for the tests in it, or installs Debian's where that works. Without one those tests are skipped.
set -eu
if [ -n "${LATENTBOOK_FIREFOX:-}" ] || command -v firefox-esr >/dev/null 2>&1 || command -v firefox >/dev/null 2>&1; then
  exit 0
fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "Installing Firefox for the browser tests"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq firefox-esr >/dev/null || true
fi
command -v firefox-esr >/dev/null 2>&1 || echo "No Firefox: the tests in it are skipped. LATENTBOOK_FIREFOX can name one."
