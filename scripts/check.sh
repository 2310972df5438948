#!/bin/sh
# What must hold before a change goes in, one line for each part; everything is tried, also after a failure.
# Needs DATABASE_URL and REDIS_URL: `make check` starts them.
set -u
cd "$(dirname "$0")/.."
export DJANGO_SETTINGS_MODULE=webcare.settings_test
bin=.venv/bin
output=$(mktemp)
schema=$(mktemp)
trap 'rm -f "$output" "$schema"' EXIT
failed=""

step() {
    name=$1
    shift
    if "$@" >"$output" 2>&1; then
        printf 'ok    %s\n' "$name"
    else
        printf 'FAIL  %s\n' "$name"
        sed 's/^/      /' "$output"
        failed="$failed, $name"
    fi
}

schema_current() {
    $bin/python manage.py spectacular --file "$schema" --validate --fail-on-warn || return 1
    if ! diff -u openapi.yaml "$schema"; then
        echo "openapi.yaml is not what the code says; run make schema and look at what changed."
        return 1
    fi
}

step "style" $bin/ruff check --quiet .
step "format" $bin/ruff format --check --quiet .
step "types" $bin/mypy webcare channels inbox
step "architecture" $bin/lint-imports
step "system checks" $bin/python manage.py check --fail-level WARNING
step "migrations" $bin/python manage.py makemigrations --check --dry-run
step "templates" $bin/python -m webcare.check_templates
step "translations" $bin/python -m webcare.translations check
step "schema" schema_current
step "licences" $bin/python -m webcare.licences

if [ -n "$failed" ]; then
    printf '\nfailed: %s\n' "${failed#, }"
    exit 1
fi
