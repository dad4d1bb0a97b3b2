#!/bin/sh
# base-images.sh [--packages] [--python X.Y] ENGINE [codex]
#
# Makes the external images that the example fleet is built on, in the store of ENGINE (docker or
# podman):
#
#   localhost/evalpolicy-example/base:bookworm   Debian with Python, also as …/python:X.Y
#   localhost/evalpolicy-example/codex:VERSION   the Codex CLI; 300 MB, only on request
#
# They are built from images that it pulls. With --packages, or if nothing can be pulled, they are
# built from Debian packages (with mmdebstrap) and npm packages. Existing images are kept.
set -eu
usage() { sed -n '2s/^# /usage: /p' "$0" >&2; exit 2; }
packages=
version=3.11
while [ $# -gt 0 ]; do
  case $1 in
    --packages) packages=1 ;;
    --python) version=${2:-}; shift ;;
    -*) usage ;;
    *) break ;;
  esac
  shift
done
engine=${1:-}
[ -n "$engine" ] && [ -n "$version" ] || usage
here=$(cd "$(dirname "$0")" && pwd)
names=localhost/evalpolicy-example
codex=$(sed -n 's/^ARG AGENT_VERSION=//p' "$here/fleet/containers/agents/codex/Dockerfile")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

there() { "$engine" image inspect "$1" > "$work/inspected" 2>&1; }

# tried COMMAND…: whether it went well; what it says is shown only if there is no other way.
tried() { [ -z "$packages" ] && "$@" > "$work/said" 2>&1; }

need() {
  command -v "$1" > "$work/where" && return
  [ ! -s "$work/said" ] || tail -n 5 "$work/said" >&2
  echo "base-images: $2 cannot be pulled, and $1 is not installed" >&2
  exit 3
}

# imported TAR IMAGE: a file system as an image; what the engine says is shown if it fails.
imported() {
  "$engine" import "$1" "$2" > "$work/said" 2>&1 && return
  cat "$work/said" >&2
  exit 3
}

base() {
  from=docker.io/library/python:$version-slim-bookworm
  echo "base-images: $names/python:$version" >&2
  if tried "$engine" pull --quiet "$from"; then
    "$engine" tag "$from" "$names/python:$version"
    return
  fi
  need mmdebstrap "$from"
  case $version in
    3.11) suite=bookworm ;;
    3.13) suite=trixie ;;
    *) echo "base-images: $from cannot be pulled, and Debian has no Python $version" >&2; exit 3 ;;
  esac
  mmdebstrap --quiet --variant=minbase --include=python3 \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*' \
    "$suite" "$work/base.tar"
  imported "$work/base.tar" "$names/python:$version"
}

cli() {
  echo "base-images: $names/codex:$codex" >&2
  if tried "$engine" build --quiet --build-arg "CODEX_VERSION=$codex" \
    --tag "$names/codex:$codex" --file "$here/base/codex.Dockerfile" "$here/base"; then
    return
  fi
  need npm "docker.io/library/node"
  npm install --loglevel error --no-audit --no-fund --prefix "$work/npm" "@openai/codex@$codex" > "$work/said"
  mkdir -p "$work/root/codex/$codex"
  mv "$work"/npm/node_modules/@openai/codex-linux-*/vendor/*/bin/codex "$work/root/codex/$codex/"
  tar -C "$work/root" -cf "$work/codex.tar" codex
  imported "$work/codex.tar" "$names/codex:$codex"
}

there "$names/python:$version" || base
"$engine" tag "$names/python:$version" "$names/base:bookworm"
[ "${2:-}" != codex ] || there "$names/codex:$codex" || cli
