#!/bin/sh
# test.sh WORKERS [PATH ...]: the tests at these paths, or all of them.
set -eu
workers=$1
shift
if [ $# -gt 0 ]; then
    exec python -m pytest -n "$workers" --dist loadgroup "$@"
fi
# The storm takes all there is of the machine: beside it a browser waits, and a town takes minutes to come up.
failed=0
python -m pytest -n "$workers" --dist loadgroup --ignore tests/chaos || failed=$?
python -m pytest tests/chaos || failed=$?
exit $failed
