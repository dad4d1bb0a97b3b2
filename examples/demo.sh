#!/bin/sh
# What `make demo` runs: the example fleet, then a copy of it with five mistakes.
set -eu
evalpolicy=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
python=$(dirname "$evalpolicy")/python
here=$(cd "$(dirname "$0")" && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

echo "\$ evalpolicy -C examples/fleet check"
"$evalpolicy" -C "$here/fleet" check

cp -R "$here/fleet/." "$copy"
echo
echo "A copy of it, with five mistakes:"
"$python" "$here/break.py" "$copy"
echo
echo "\$ evalpolicy check"
status=0
"$evalpolicy" -C "$copy" check || status=$?
echo
if [ "$status" -ne 1 ]; then
  echo "demo: expected exit code 1 for findings, got $status" >&2
  exit 1
fi
echo "Exit code $status: evalpolicy found all five mistakes, with the line to change."
