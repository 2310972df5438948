#!/bin/sh
# test.sh WORKERS [PATH ...]: the tests at these paths, or all of them.
set -eu
workers=$1
shift
if [ $# -gt 0 ]; then
    exec .venv/bin/python -m pytest -n "$workers" --dist loadgroup "$@"
fi
# The storm takes all there is of the machine: beside it a browser waits, and a town takes minutes to come up.
failed=0
.venv/bin/python -m pytest -n "$workers" --dist loadgroup --ignore tests/chaos || failed=$?
.venv/bin/python -m pytest tests/chaos || failed=$?
exit $failed
