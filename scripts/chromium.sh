#!/bin/sh
# Prints the path of a Chromium for the browser tests; installs it by apt when there is none and we are root.
set -eu

find_chromium() {
    for candidate in /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome \
        "$(command -v chromium 2>/dev/null || true)" "$(command -v chromium-browser 2>/dev/null || true)" \
        "$(command -v google-chrome 2>/dev/null || true)" \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        if [ -n "$candidate" ] && [ -x "$candidate" ]; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

if [ -n "${CHROMIUM:-}" ]; then
    if [ -x "$CHROMIUM" ]; then
        printf '%s\n' "$CHROMIUM"
        exit 0
    fi
    echo "CHROMIUM=$CHROMIUM is no program that can be run." >&2
    exit 1
fi
find_chromium && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing chromium for the browser tests …" >&2
    export DEBIAN_FRONTEND=noninteractive
    if { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1; then
        find_chromium && exit 0
    fi
    echo "apt could not install chromium. Install it by hand, or set CHROMIUM to a Chromium or Chrome." >&2
    exit 1
fi
echo "The browser tests need Chromium: install it (Debian: apt install chromium), or set CHROMIUM to its path." >&2
exit 1
