#!/usr/bin/env bash
# Installs evalpolicy from the action's own checkout into an environment of its own, with what
# requirements/ locks (with INPUT_REPLAY `true`: what replays need as well), and gives that
# environment's Python as the step's output `python`. Needs INPUT_PYTHON. Packages with rules
# (INPUT_PLUGINS) come beside it, each at one version: they change nothing of what is locked, and
# nothing of them is taken from the workspace.
#
# Python runs isolated (-I): the folder it starts in holds the repository that is judged, and
# nothing from there may be imported.
set -euo pipefail

fail() {
  echo "::error title=evalpolicy::$1"
  exit 3
}

python=${INPUT_PYTHON:-python3}
[[ $python =~ ^[A-Za-z0-9_./+-]+$ ]] ||
  fail 'input python: not the name or the path of an interpreter'
command -v -- "$python" >/dev/null || fail "input python: there is no $python on this runner"
"$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
  fail "input python: $python does not run, or is older than 3.10 (see actions/setup-python)"

given=${INPUT_PLUGINS-}
read -r -a plugins <<<"${given//[$'\n\r\t,']/ }"
for plugin in ${plugins[@]+"${plugins[@]}"}; do
  [[ $plugin =~ ^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?==[A-Za-z0-9.!+_-]+$ ]] ||
    fail 'input plugins: each is name==version, a package and exactly one version of it'
done

lock=runtime
[[ ${INPUT_REPLAY:-} != true ]] || lock=replay
environment=$(mktemp -d "${RUNNER_TEMP:?}/evalpolicy.XXXXXXXX")

# beside FILE PACKAGE…: these packages too, without another version of anything that FILE names.
# Always by pip: a workflow says by pip's variables where its packages come from.
beside() {
  local python=$environment/bin/python
  [[ -x $environment/bin/pip ]] || "$python" -I -m ensurepip >/dev/null
  "$python" -I -m pip --disable-pip-version-check --no-input install --quiet --retries 5 \
    --constraint "$@"
}

installed='from importlib.metadata import distributions
for one in distributions(): print(f"{one.name}=={one.version}")'
# What these print is not to be read for workflow commands.
token=$("$python" -I -c 'import secrets; print(secrets.token_hex(16))')
echo "::stop-commands::$token"
{
  "$GITHUB_ACTION_PATH/requirements/environment.sh" "$python" "$environment" "$lock" &&
    if [[ -n ${plugins[*]-} ]]; then
      "$environment/bin/python" -I -c "$installed" >"$environment/locked" &&
        beside "$environment/locked" "${plugins[@]}"
    fi
} 2>&1 || failed=yes
echo "::$token::"
[[ -z ${failed:-} ]] || fail 'evalpolicy could not be installed; the log of this step says why'
echo "python=$environment/bin/python" >>"$GITHUB_OUTPUT"
