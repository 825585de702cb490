#!/bin/sh
# Finds WebKitGTK, which has the engine of Safari, for the tests in it, or installs Debian's where that works.
# Without it those tests are skipped.
set -eu
is_there() {
  command -v WebKitWebDriver >/dev/null 2>&1 && command -v xvfb-run >/dev/null 2>&1
}
if ! is_there && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "Installing WebKit for the browser tests"
  apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      webkit2gtk-driver xvfb xauth >/dev/null || true
fi
is_there || echo "No WebKit: the tests in it are skipped."
