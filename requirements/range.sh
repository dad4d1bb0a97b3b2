#!/bin/sh
# range.sh PYTHON newest|oldest UV
#
# The tests with the newest or the oldest versions of all that pyproject.toml names, in an
# environment that is gone afterwards. Where the newest are those of the lock, `make test` has
# tested them, and nothing is tested twice.
set -eu
case $2 in
  newest) resolution=highest ;;
  oldest) resolution=lowest-direct ;;
  *) echo "range.sh: newest or oldest, not $2" >&2; exit 2 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$(dirname "$0")/.."
"$1" -I -m venv --without-pip "$work/venv"
"$3" pip install --quiet --python "$work/venv/bin/python" --resolution "$resolution" -e '.[dev]'
"$3" pip list --quiet --python "$work/venv/bin/python"
if [ "$2" = newest ]; then
  sed -n 's/^\([a-z0-9._-]*==[^ ;]*\).*/\1/p' requirements/dev.txt >"$work/locked"
  "$3" pip freeze --quiet --exclude-editable --python "$work/venv/bin/python" >"$work/newest"
  if ! grep -vxFf "$work/locked" "$work/newest"; then
    echo "The newest versions are those of the lock, which make test tests."
    exit
  fi
  echo "^ not what the lock has"
fi
"$work/venv/bin/python" -m pytest -n auto -p no:cacheprovider
