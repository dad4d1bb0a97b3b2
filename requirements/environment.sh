#!/bin/sh
# environment.sh PYTHON FOLDER LOCK [--editable]
#
# Makes FOLDER a virtual environment of PYTHON, if it is not one yet, with what the lock
# LOCK.txt beside this file holds, each file checked by its hash, and with evalpolicy from this
# checkout, built by what is locked. By uv where it is on PATH, by pip alone where it is not.
#
# Python runs isolated (-I), and uv reads its configuration upwards from FOLDER: the folder that
# this starts in may hold a repository that nobody trusts.
set -eu
python=$1
lock=$(cd "$(dirname "$0")" && pwd)/$3.txt
checkout=$(cd "$(dirname "$0")/.." && pwd)
editable=${4:-}
[ -f "$lock" ] || { echo "environment.sh: there is no $lock" >&2; exit 2; }

# Debian splits pip from Python's venv: uv needs none, and where pip is missing virtualenv does it.
if [ ! -x "$2/bin/python" ]; then
  if command -v uv >/dev/null; then
    "$python" -I -m venv --without-pip "$2"
  else
    "$python" -I -m venv "$2" || "$python" -I -m virtualenv "$2"
  fi
fi
cd "$2"
if command -v uv >/dev/null; then
  uv pip install --quiet --python bin/python --require-hashes -r "$lock"
  # Without the cache: uv would take a wheel of this path for today's if only sources changed.
  uv pip install --quiet --python bin/python --no-cache --no-deps --no-build-isolation \
    ${editable:+"$editable"} "$checkout"
else
  set -- bin/python -I -m pip --disable-pip-version-check --no-input install --quiet --retries 5
  "$@" --require-hashes -r "$lock"
  "$@" --no-deps --no-build-isolation ${editable:+"$editable"} "$checkout"
fi
