#!/bin/sh
# Make sure there is a browser for the tests: the system's Chromium, else one from the system's packages, else
# Playwright's own.
set -eu
if [ -n "${SHOPKEEPER_CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v google-chrome >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing chromium for the browser tests"
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    then
        exit 0
    fi
fi
.venv/bin/python -m playwright install chromium || {
    echo "the browser tests need Chromium: install it, or set SHOPKEEPER_CHROMIUM to its path" >&2
    exit 1
}
