#!/bin/sh
# What `make demo-replay` runs: a recorded run of the example fleet in containers, then the same
# with the last recorded reply cut off. Works with docker or podman.
set -eu
evalpolicy=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
python=$(dirname "$evalpolicy")/python
here=$(cd "$(dirname "$0")" && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
fixture=arithmetic-1-shell

engine=
for candidate in docker podman; do
  if "$candidate" info > "$copy/info" 2>&1; then engine=$candidate; break; fi
done
if [ -z "$engine" ]; then
  echo "demo-replay: neither docker nor podman responds: install and start one of them" >&2
  exit 3
fi
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
sh "$here/base-images.sh" --python "$version" "$engine"
mkdir "$copy/fleet"
cp -R "$here/fleet/." "$copy/fleet"
rm -rf "$copy/fleet/evalpolicy-replay"

# replayed CODE: replays the fixture; evalpolicy has to end with CODE.
replayed() {
  status=0
  echo "\$ evalpolicy -C examples/fleet replay run --engine $engine $fixture"
  "$evalpolicy" -C "$copy/fleet" replay run --engine "$engine" "$fixture" || status=$?
  echo
  if [ "$status" -ne "$1" ]; then
    echo "demo-replay: expected exit code $1, got $status" >&2
    exit 1
  fi
}

echo
replayed 0
cat "$copy"/fleet/evalpolicy-replay/$fixture/output/arithmetic/1/task/result.json
echo
echo "The same run, with the last recorded reply cut off:"
recorded=$copy/fleet/tests/run/replay/fixtures/$fixture.traces.jsonl
sed '$d' "$recorded" > "$copy/cut"
cat "$copy/cut" > "$recorded"
replayed 1
cat "$copy"/fleet/evalpolicy-replay/$fixture/output/arithmetic/1/agent/stderr.log
echo
echo "The answer is still right, but the run is not the recorded one: exit code 1."
