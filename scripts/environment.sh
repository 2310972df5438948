#!/bin/sh
# Makes .venv from uv.lock with nothing but git, make and some python3 >= 3.9 on the machine; never needs root.
# Done in a few milliseconds when uv.lock has not changed since the last time.
set -eu

cd "$(dirname "$0")/.."
HOME="${HOME:-/nonexistent}" # unset in some build systems
UV_VERSION=0.13.9 # what is fetched when the machine has no recent uv
stamp=.venv/.webcare-lock

say() { printf '%s\n' "$*" >&2; }

stop() {
    say "$@"
    exit 1
}

# Every python that could be there, best first. What a version manager left on PATH may not run: the caller tries.
pythons() {
    for version in 3.13 3.14 3.12; do
        for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version"*/bin/python; do
            [ -x "$candidate" ] && printf '%s\n' "$candidate"
        done
        command -v "python$version" 2>/dev/null || true
    done
    command -v python3 2>/dev/null || true
    command -v python 2>/dev/null || true
    for candidate in /usr/bin/python3 /usr/local/bin/python3; do
        [ -x "$candidate" ] && printf '%s\n' "$candidate"
    done
    for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python; do
        [ -x "$candidate" ] && printf '%s\n' "$candidate"
    done
    return 0
}

# at_least PYTHON MINOR: whether it really runs and is 3.MINOR or newer.
at_least() {
    "$1" -c "import sys; sys.exit(sys.version_info < (3, $2))" >/dev/null 2>&1
}

recent_uv() {
    found=$("$1" --version 2>/dev/null) || return 1
    printf '%s\n' "$found" | awk '{ split($2, v, "."); exit !(v[1] > 0 || v[2] >= 8) }'
}

find_uv() {
    for candidate in "$(command -v uv 2>/dev/null || true)" "$HOME/.local/bin/uv" .data/uv/bin/uv; do
        if [ -n "$candidate" ] && [ -x "$candidate" ] && recent_uv "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

# A private uv in .data/uv, by pip in a small venv, or straight by pip where Debian left out ensurepip.
fetch_uv() {
    log=.data/uv.log
    mkdir -p .data || stop "Geen schrijfrecht in $(pwd): .data kan niet worden gemaakt."
    : >"$log"
    usable=no
    for python in $(pythons); do
        at_least "$python" 9 || continue
        usable=yes
        rm -rf .data/uv
        if "$python" -m venv .data/uv >>"$log" 2>&1 &&
            .data/uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" >>"$log" 2>&1 &&
            recent_uv .data/uv/bin/uv; then
            return
        fi
        rm -rf .data/uv
        if "$python" -m pip install --quiet --disable-pip-version-check --target .data/uv "uv==$UV_VERSION" \
            >>"$log" 2>&1 && recent_uv .data/uv/bin/uv; then
            return
        fi
        network_or_disk "$log"
    done
    rm -rf .data/uv
    [ "$usable" = yes ] || stop "Geen werkende Python gevonden. Installeer Python 3.9 of nieuwer (liefst 3.13)."
    tail -n 5 "$log" >&2
    stop "uv kon niet worden opgehaald. Installeer het zelf (https://docs.astral.sh/uv/) of, op Debian en Ubuntu," \
        "het pakket python3-venv."
}

# Stops with a sentence when the log tells of a cause that trying again another way would not cure.
network_or_disk() {
    if grep -qi -e 'no space left' -e 'disk quota exceeded' "$1"; then
        stop "De schijf is vol: de omgeving kon niet worden gemaakt. Maak ruimte vrij (ongeveer 1 GB)."
    fi
    if grep -qi -e 'dns error' -e 'name resolution' -e 'name or service not known' -e 'failed to resolve' \
        -e 'connection refused' -e 'network is unreachable' -e 'timed out' -e 'error sending request' \
        -e 'failed to establish a new connection' "$1"; then
        tail -n 3 "$1" >&2
        stop "De Python-pakketten zijn niet op te halen. Is er verbinding met internet, of een proxy nodig" \
            "(HTTPS_PROXY)?"
    fi
}

# sync_once UV ARGUMENTS: a second try trusts what the system trusts, because many an organisation inspects its
# traffic under a certificate of its own that uv does not bring along.
sync_once() {
    program=$1
    shift
    "$program" sync --frozen --quiet "$@" >.data/uv.log 2>&1 && return
    grep -qi certificate .data/uv.log || return 1
    UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1 "$program" sync --frozen --quiet "$@" >.data/uv.log 2>&1
}

sync() {
    uv=$(find_uv) || {
        say "uv ophalen …"
        fetch_uv
        uv=.data/uv/bin/uv
    }
    set --
    if ! at_least .venv/bin/python 12; then
        set -- --python 3.13 # uv downloads it
        for python in $(pythons); do
            if at_least "$python" 12; then
                set -- --python "$python"
                break
            fi
        done
    fi
    say "Python-omgeving bijwerken …"
    mkdir -p .data || stop "Geen schrijfrecht in $(pwd): .data kan niet worden gemaakt."
    if ! sync_once "$uv" "$@"; then
        if grep -q 'python-build-standalone' .data/uv.log; then
            stop "Er is geen Python 3.12 of nieuwer gevonden, en downloaden lukte niet. Installeer Python 3.13."
        fi
        network_or_disk .data/uv.log
        tail -n 20 .data/uv.log >&2
        stop "De Python-omgeving kon niet worden gemaakt; hierboven staat waarom (.data/uv.log)."
    fi
    cp uv.lock "$stamp"
}

if ! cmp -s uv.lock "$stamp" || [ ! -x .venv/bin/python ]; then
    sync
fi

for po in locale/*/LC_MESSAGES/django.po; do
    [ -f "$po" ] || continue
    mo="${po%.po}.mo"
    if [ ! -f "$mo" ] || [ -n "$(find "$po" -newer "$mo")" ]; then
        .venv/bin/python -m babel.messages.frontend --quiet compile --domain django --input-file "$po" \
            --output-file "$mo" || stop "De vertaling $po is niet te compileren."
    fi
done
