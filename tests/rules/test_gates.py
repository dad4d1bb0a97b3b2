"""GAT: gates that cannot fail, both ways, and what is exempt."""

from __future__ import annotations

import textwrap

import pytest
from tests.fleets import FIXTURES, judge, write

CI = ".github/workflows/ci.yml"
PRE = ".pre-commit-config.yaml"
BASE = {
    "containers/benchmarks/arc/Dockerfile": "FROM scratch\n",
    **{f"{FIXTURES}/arc-{n}-codex.traces.jsonl": "{}\n" for n in range(3)},
}


def workflow(script, step="", job="", before=""):
    return {
        CI: "on: push\njobs:\n  a:\n"
        + textwrap.indent(job, "    ")
        + "    steps:\n"
        + (f"      - run: {before}\n" if before else "")
        + "      - run: |\n"
        + textwrap.indent(script, "          ")
        + "\n"
        + textwrap.indent(step, "        ")
    }


def hooks(*lines, top=""):
    body = "\n".join(f"        {line}" for line in lines[1:])
    return {PRE: f"{top}repos:\n  - repo: local\n    hooks:\n      - id: {lines[0]}\n{body}\n"}


def script(text, name="tests/check.sh"):
    entry = hooks("x", f"entry: {name}", "language: system")
    return {name: "#!/bin/bash\n" + text, **entry}


ALL = workflow("pre-commit run --all-files")
LARGE = hooks("check-added-large-files")
GITLEAKS = {
    PRE: "repos:\n  - repo: https://github.com/gitleaks/gitleaks\n    rev: v8.30.1\n"
    "    hooks:\n      - id: gitleaks\n"
}
PIPE = "cargo test | tee log"
TREE = {"tests/static/here.sh": ""}
LIST = "ALL=$(cargo test -- --list"
RUN = 'mapfile -t C < <(sort <<< "$ALL")\ncargo test -- "${C[@]}"'
CASES = [
    ("GAT001", {**LARGE, **ALL}, [(PRE, 4)]),
    ("GAT001", {**hooks("check-added-large-files", "args: [--enforce-all]"), **ALL}, []),
    ("GAT001", {**LARGE, **workflow("pre-commit run --from-ref a --to-ref b")}, [(PRE, 4)]),
    ("GAT001", {**LARGE, **workflow("make build")}, [(PRE, 4)]),
    ("GAT001", LARGE, []),
    ("GAT001", {**LARGE, **workflow("pre-commit run --all-files", before="git add -A")}, []),
    ("GAT001", {**hooks("check-added-large-files", "stages: [commit-msg]"), **ALL}, []),
    ("GAT001", {**GITLEAKS, **ALL}, [(PRE, 5)]),
    ("GAT001", {PRE: LARGE[PRE] + "ci:\n  skip: []\n", **workflow("make build")}, [(PRE, 4)]),
    ("GAT001", {**GITLEAKS, **workflow("pre-commit run -a\ngitleaks git .")}, []),
    ("GAT001", {**GITLEAKS, **workflow("pre-commit run -a\ngitleaks git --staged .")}, [(PRE, 5)]),
    ("GAT001", {**LARGE, **workflow("echo 'pre-commit run' git add")}, [(PRE, 4)]),
    ("GAT001", {**LARGE, **workflow("pre-commit run -a", before="echo git add")}, [(PRE, 4)]),
    ("GAT001", {**GITLEAKS, **workflow("timeout 9 gitleaks git .")}, []),
    ("GAT001", {**GITLEAKS, **workflow("bash -c 'gitleaks git .'")}, []),
    ("GAT001", {**hooks("x", "entry: mytool --staged"), **ALL}, [(PRE, 4)]),
    ("GAT001", {**hooks("x", "entry: mytool"), **ALL}, []),
    ("GAT001", {**hooks("x", "entry: mytool --staged"), **workflow("mytool .")}, []),
    ("GAT001", {**hooks("x", "entry: timeout 9 mytool --staged"), **workflow("nice mytool .")}, []),
    ("GAT001", {**hooks("x", "entry: timeout 9 mytool --staged"), **workflow("timeout 9 a")},
     [(PRE, 4)]),
    ("GAT002", workflow(PIPE), [(CI, 6)]),
    ("GAT002", workflow(PIPE, "shell: bash\n"), []),
    ("GAT002", workflow(PIPE, "shell: sh\n"), [(CI, 6)]),
    ("GAT002", workflow(PIPE, "shell: bash -e {0}\n"), [(CI, 6)]),
    ("GAT002", workflow(PIPE, "shell: bash -eo pipefail {0}\n"), []),
    ("GAT002", workflow(PIPE, "shell: pwsh\n"), []),
    ("GAT002", workflow(PIPE, job="defaults:\n  run:\n    shell: bash\n"), []),
    ("GAT002", workflow("set -eo pipefail\n" + PIPE), []),
    ("GAT002", workflow("set -o pipefail\nset +o pipefail\n" + PIPE), [(CI, 8)]),
    ("GAT002", workflow(PIPE + "\nexit ${PIPESTATUS[0]}"), []),
    ("GAT002", workflow("echo a | tee b"), []),
    ("GAT002", workflow("cargo test -- --list | tee b"), []),
    ("GAT002", workflow("cat a |\n  pytest"), []),
    ("GAT002", workflow("# " + PIPE), []),
    ("GAT002", workflow("cat <<E\n" + PIPE + "\nE"), []),
    ("GAT002", workflow("echo '" + PIPE + "'"), []),
    ("GAT002", workflow("ruff check || true"), [(CI, 6)]),
    ("GAT002", workflow("ruff check || :"), [(CI, 6)]),
    ("GAT002", workflow("ruff check ||\n  echo bad"), [(CI, 7)]),
    ("GAT002", workflow("ruff check || exit 1"), []),
    ("GAT002", workflow("ruff check || exit 0"), [(CI, 6)]),
    ("GAT002", workflow("make x\nruff check . && pytest || exit 0"), [(CI, 7)]),
    ("GAT002", script("pytest || exit 0\n"), [("tests/check.sh", 2)]),
    ("GAT002", hooks("x", "entry: bash -c 'ruff check || exit 0'"), [(PRE, 5)]),
    ("GAT002", workflow("ruff check || exit $?"), []),
    ("GAT002", workflow("ruff check || printf x"), [(CI, 6)]),
    ("GAT002", workflow("ruff check || echo bad && exit 1"), []),
    ("GAT002", workflow("timeout 300 gitleaks detect || true"), [(CI, 6)]),
    ("GAT002", workflow("sudo -u a env B=1 timeout -k 5 9 uv run pytest || true"), [(CI, 6)]),
    ("GAT002", workflow("conda run -n a pytest | tee b"), [(CI, 6)]),
    ("GAT002", workflow("docker run --rm -v a:b zricethezav/gitleaks:v8 git || true"), [(CI, 6)]),
    ("GAT002", workflow("docker run -e A=b python:3 pytest || true"), [(CI, 6)]),
    ("GAT002", workflow("docker build -t pytest . || true"), []),
    ("GAT002", workflow("bash -c 'pytest || true'"), [(CI, 6)]),
    ("GAT002", workflow("bash <<E\n  ruff check || true\nE"), [(CI, 7)]),
    ("GAT002", workflow("{\n  ruff check\n} || true"), [(CI, 8)]),
    ("GAT002", workflow("ruff check || { echo bad; exit 0; }"), [(CI, 6)]),
    ("GAT002", workflow("ruff check || { echo bad; exit 1; }"), []),
    ("GAT002", workflow("for f in a b; do ruff $f || true; done"), [(CI, 6)]),
    ("GAT002", workflow("f() {\n  pytest || return 0\n}\nf"), [(CI, 7)]),
    ("GAT002", workflow('echo "pytest || true"'), []),
    ("GAT002", workflow("case a in\n  pytest) true ;;\nesac || true"), []),
    ("GAT002", workflow("a=(pytest) || true"), []),
    ("GAT002", workflow("pytest | tee a || true"), [(CI, 6)]),
    ("GAT002", hooks("x", "entry: bash -o pipefail -c 'ruff check | tee a'"), []),
    ("GAT002", hooks("x", "entry: bash -c 'ruff check | tee a'"), [(PRE, 5)]),
    ("GAT002", {**workflow("timeout 9 bash -x tests/a.sh"), "tests/a.sh": "pytest || true"},
     [("tests/a.sh", 1)]),
    ("GAT002", workflow("T=pytest\n$T -q || true"), [(CI, 7)]),
    ("GAT002", workflow("T='timeout 9 pytest'\n${T} -q || true"), [(CI, 7)]),
    ("GAT002", workflow("T=pytest\nT=make\n$T || true"), []),
    ("GAT002", workflow("T=$1\n$T || true\nread U\nU=pytest\n$U || true"), []),
    ("GAT002", workflow("rm a || true"), []),
    ("GAT002", workflow("x=$(ruff check || true)"), []),
    ("GAT002", workflow("ruff check --exit-zero"), [(CI, 6)]),
    ("GAT002", workflow("gitleaks git --exit-code 0"), [(CI, 6)]),
    ("GAT002", workflow("gitleaks git --exit-code=0"), [(CI, 6)]),
    ("GAT002", workflow("gitleaks git --exit-code 2"), []),
    ("GAT002", workflow("evalpolicy check --fail-on never"), [(CI, 6)]),
    ("GAT002", workflow("evalpolicy check --fail-on=warning"), []),
    ("GAT002", workflow("pytest", "continue-on-error: true\n"), [(CI, 7)]),
    ("GAT002", workflow("pytest", "continue-on-error: false\n"), []),
    ("GAT002", workflow("make build", "continue-on-error: true\n"), []),
    ("GAT002", workflow("pytest", job="continue-on-error: true\n"), [(CI, 4)]),
    ("GAT002", script("pytest || true\n"), [("tests/check.sh", 2)]),
    ("GAT002", script("set -euo pipefail\npytest | tee a\n"), []),
    ("GAT002", {"tests/check.sh": "#!/bin/bash\npytest || true\n"}, []),
    ("GAT002", {**workflow("tests/check.sh | tee a"), "tests/check.sh": ""}, [(CI, 6)]),
    ("GAT002", {**workflow("tools/build.sh | tee a"), "tools/build.sh": ""}, []),
    ("GAT002", hooks("ruff", "args: [--exit-zero]"), [(PRE, 5)]),
    ("GAT002", hooks("evalpolicy", "args: [--fail-on, never]"), [(PRE, 5)]),
    ("GAT002", hooks("evalpolicy", "entry: evalpolicy check --fail-on never"), [(PRE, 5)]),
    ("GAT002", hooks("x", "entry: bash -c 'ruff check || true'"), [(PRE, 5)]),
    ("GAT002", {**workflow("mycheck || true"), "evalpolicy.toml": "[gates]\ncommands=['mycheck']"},
     [(CI, 6)]),
    ("GAT002", {**workflow("ruff a || true"), "evalpolicy.toml": "[gates]\nnot_gates=['ruff']"},
     []),
    ("GAT003", hooks("detect-secrets", r"exclude: '\.jsonl$'"), [(PRE, 5)]),
    ("GAT003", hooks("detect-secrets", "exclude: 'arc-0-codex'"), []),
    ("GAT003", hooks("detect-secrets", r"files: '\.py$'"), [(PRE, 5)]),
    ("GAT003", hooks("gitleaks", top="exclude: fixtures/\n"), [(PRE, 1)]),
    ("GAT003", hooks("codespell", r"exclude: '\.jsonl$'"), []),
    ("GAT003", hooks("detect-secrets", r"exclude: '(?x)^( tests/ | a )'"), [(PRE, 5)]),
    ("GAT003", hooks("detect-secrets", r"args: [--exclude-files, fixtures]"), [(PRE, 5)]),
    ("GAT003", {**hooks("detect-secrets", "args: [--baseline, b.json]"),
                "b.json": '{"filters_used": [\n{"path": "x.should_exclude_file",\n'
                          '"pattern": ["jsonl$"]}]}'}, [("b.json", 3)]),
    ("GAT004", hooks("x", "files: ^src/"), [(PRE, 5)]),
    ("GAT004", hooks("x", "files: ^containers/"), []),
    ("GAT004", hooks("x", "exclude: ^src/"), [(PRE, 5)]),
    ("GAT004", hooks("x", "exclude: ^$"), []),
    ("GAT004", hooks("x", "files: ^src/", "always_run: true"), []),
    ("GAT004", hooks("x", "files: ^src/", "stages: [commit-msg]"), []),
    ("GAT004", hooks("x", "files: '*.py'"), [(PRE, 5)]),
    ("GAT004", hooks("x", r"files: 'Docker(?!x)file\Z'"), []),
    ("GAT004", hooks("x", r"files: 'Docker(?=x)file\Z'"), [(PRE, 5)]),
    ("GAT005", script("command -v a || exit 0\n"), [("tests/check.sh", 2)]),
    ("GAT005", script("which a >/dev/null 2>&1 || { echo no; exit 0; }\n"),
     [("tests/check.sh", 2)]),
    ("GAT005", script("if ! command -v a; then\n echo no\n exit 0\nfi\n"), [("tests/check.sh", 2)]),
    ("GAT005", script("if ! command -v a; then\n echo 1\n echo 2\n echo 3\n echo 4\n exit 0\nfi\n"),
     [("tests/check.sh", 2)]),
    ("GAT005", script("command -v a || exit 1\n"), []),
    ("GAT005", script("which || exit 0\ncommand -v || exit 0\nhash -p || exit 0\n"), []),
    ("GAT005", script("hash a || exit\ntype -p b || return 0\n"),
     [("tests/check.sh", 2), ("tests/check.sh", 3)]),
    ("GAT005", script("command -V a && exit 0\n! command -v b && exit 0\n"),
     [("tests/check.sh", 3)]),
    ("GAT005", script("command -v a || echo no\nexit 0\n"), [("tests/check.sh", 2)]),
    ("GAT005", script("if ! which a; then\n printf no\nelse exit 0; fi\n"), []),
    ("GAT005", script("if ! which a; then\n echo no\nfi\nexit 0\n"), []),
    ("GAT005", script("if ! which a; then\n echo no\nelse\n exit 0\nfi\n"), []),
    ("GAT005", script("if which a; then\n a\nelse\n echo no\n exit 0\nfi\n"),
     [("tests/check.sh", 2)]),
    ("GAT005", script("if which a; then exit 0; else exit 1; fi\n"), []),
    ("GAT005", script("if which a; then b\nelif which c; then c\nelse exit 0; fi\n"),
     [("tests/check.sh", 3)]),
    ("GAT005", script("for x in a; do\n which b || exit 0\ndone\n"), [("tests/check.sh", 3)]),
    ("GAT005", script("which a || { make a; exit 0; }\n"), []),
    ("GAT005", script("if ! command -v a; then\n exit 1\nfi\nexit 0\n"), []),
    ("GAT005", script("o=$(conftest test a 2>&1)\necho $o | grep FAIL || true\n"),
     [("tests/check.sh", 2)]),
    ("GAT005", script("set -e\no=$(conftest test a)\necho $o | grep FAIL || true\n"), []),
    ("GAT005", script("o=$(conftest test a)\nrc=$?\necho $o | grep FAIL || true\n"), []),
    ("GAT005", script("command -v conftest || exit 1\no=$(conftest test a)\n"
                      "echo $o | grep FAIL || true\n"), []),
    ("GAT005", {"tests/check.sh": "command -v a || exit 0\n"}, []),
    ("GAT005", hooks("x", "entry: bash -c 'command -v a || exit 0; a'"), [(PRE, 5)]),
    ("GAT006", {**ALL, "tests/audit.sh": "#!/bin/sh\n"}, [("tests/audit.sh", 1)]),
    ("GAT006", {**workflow("tests/all.sh"), "tests/all.sh": "tests/audit.sh",
                "tests/audit.sh": ""}, []),
    ("GAT006", {**workflow("tests/all.sh"), "tests/all.sh": "# as audit.sh does\ntrue",
                "tests/audit.sh": ""}, [("tests/audit.sh", 1)]),
    ("GAT006", {**workflow("make all"), "Makefile": "all:\n\t# tests/audit.sh\n\ttrue\n",
                "tests/audit.sh": ""}, [("tests/audit.sh", 1)]),
    ("GAT006", {**workflow("make all"), "Makefile": "all:\n\ttests/audit.sh\n",
                "tests/audit.sh": ""}, []),
    ("GAT006", {**workflow("tests/all.sh"), "tests/audit.sh": "",
                "tests/all.sh": "bash <<'E'\nsh -c 'tests/audit.sh'\nE\n"}, []),
    ("GAT006", {**workflow("for t in ./tests/*.sh; do bash $t; done"), "tests/audit.sh": "",
                "tools/audit.sh": ""}, [("tools/audit.sh", 1)]),
    ("GAT006", {**ALL, "tools/run-sweep.sh": "", "tests/run-sweep.sh": ""},
     [("tests/run-sweep.sh", 1)]),
    ("GAT006", {"tests/audit.sh": "#!/bin/sh\n"}, []),
    ("GAT006", {**ALL, "containers/benchmarks/arc/test.sh": ""}, []),
    ("GAT006", {**ALL, "tools/build.sh": ""}, []),
    ("GAT008", workflow("cargo test -- --skip slow"), [(CI, 6)]),
    ("GAT008", workflow("a\ncargo test \\\n  -- --skip=slow"), [(CI, 8)]),
    ("GAT008", workflow("cargo test --workspace --exclude slow"), [(CI, 6)]),
    ("GAT008", workflow("uv run pytest -k 'not slow and not live'"), [(CI, 6)]),
    ("GAT008", workflow("python -m pytest --ignore=tests/live --deselect a::b"),
     [(CI, 6), (CI, 6)]),
    ("GAT008", workflow("go test -skip TestSlow ./..."), [(CI, 6)]),
    ("GAT008", workflow("bash -c 'ctest -E slow'"), [(CI, 6)]),
    ("GAT008", workflow(f"{LIST} | grep -v slow)\n{RUN}"), [(CI, 6)]),
    ("GAT008", workflow(f"{LIST})\nALL=$(grep -vE '^a|b$' <<< \"$ALL\")\n{RUN}"), [(CI, 7)]),
    ("GAT008", workflow("for t in $(ls tests | grep -v slow); do pytest $t; done"), [(CI, 6)]),
    ("GAT008", script("pytest --ignore x\n"), [("tests/check.sh", 2)]),
    ("GAT008", workflow("pytest -k slow -m 'not live'"), []),
    ("GAT008", workflow("cargo build --skip slow\n./deploy.sh --skip slow"), []),
    ("GAT008", workflow("cargo test -- --list --skip slow"), []),
    ("GAT008", workflow(f"{LIST} | grep -v '^[[:space:]]*#' | grep -v '^$')\n{RUN}"), []),
    ("GAT008", workflow(f"OTHER=$(ls | grep -v slow)\n{LIST})\n{RUN}"), []),
    ("GAT008", workflow(f"{LIST} | grep slow)\n{RUN}"), []),
    ("GAT009", {**TREE, **workflow("tests/static/gone.sh")}, [(CI, 6)]),
    ("GAT009", {**TREE, **workflow("a\nbash ./tests/static/gone.sh --all")}, [(CI, 7)]),
    ("GAT009", {**TREE, **workflow("timeout 9 python tests/static/gone.py")}, [(CI, 6)]),
    ("GAT009", {**TREE, **workflow("chmod +x tests/static/gone.sh\ntests/static/gone.sh")},
     [(CI, 7)]),
    ("GAT009", {**TREE, **hooks("x", "entry: tests/static/gone.sh", "language: script")},
     [(PRE, 5)]),
    ("GAT009", {**TREE, CI: "on: push\njobs:\n  a:\n    uses: ./.github/workflows/gone.yml\n"},
     [(CI, 4)]),
    ("GAT009", {**TREE, CI: "on: push\njobs:\n  a:\n    steps:\n      - uses: ./actions/gone\n"},
     [(CI, 5)]),
    *(("GAT009", {**TREE, CI: f"on: push\njobs:\n  a:\n    steps:\n      - uses: {action}\n"}, [])
      for action in ("./", "./.", "./tests/..", "./../other")),
    ("GAT009", {**TREE, **workflow("for b in 'x containers/benchmarks/gone y'; do build $b; done")},
     [(CI, 6)]),
    ("GAT009", {**TREE, **workflow("docker bake -f containers/benchmarks/gone/docker-bake.hcl")},
     [(CI, 6)]),
    ("GAT009", {**TREE, **workflow("tests/static/here.sh && sh tests/static/here.sh")}, []),
    ("GAT009", {**TREE, **workflow("target/debug/eval && ./node_modules/.bin/x && make x/y")}, []),
    ("GAT009", {**TREE, **workflow("curl -o tests/static/tool https://x; tests/static/tool")}, []),
    ("GAT009", {**TREE, **workflow("echo x > tests/static/a.sh\nbash tests/static/a.sh")}, []),
    ("GAT009", {**TREE, **workflow("cd tests && static/gone.sh && tests/static/gone.sh")}, []),
    ("GAT009", {**TREE, **workflow("tests/static/gone.sh", "working-directory: x\n")}, []),
    ("GAT009", {**TREE, **workflow("tests/static/$X.sh; bash tests/static/*.sh")}, []),
    ("GAT009", {**TREE, **workflow("# tests/static/gone.sh\necho tests/static/gone.sh")}, []),
    ("GAT009", {**TREE, **workflow("docker run x tests/static/gone.sh")}, []),
    ("GAT009", {**TREE, **workflow("new -o containers/benchmarks/a; cp x containers/benchmarks/b")},
     []),
    ("GAT009", {**TREE, **workflow("build containers/benchmarks/arc/Dockerfile.gone")}, []),
    ("GAT009", {**TREE, CI: "on: push\njobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n"
                "        with: {repository: a/b}\n      - run: tests/static/gone.sh\n"}, []),
    ("GAT006", {**ALL, **hooks("x", "entry: a", "stages: [manual]")}, [(PRE, 4)]),
    ("GAT006", {**workflow("pre-commit run --hook-stage manual"),
                **hooks("x", "entry: a", "stages: [manual]")}, []),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files", "places"), CASES)
def test_where_a_rule_fires(rule, files, places, tmp_path):
    report = judge(write(tmp_path, {**BASE, **files}), rule)
    assert [(f.path, f.span.line) for f in report.findings] == places
    assert not report.problems


@pytest.mark.parametrize("name", ["check", ".ci/check", "v1.2/.ci/check"])
def test_a_script_without_a_suffix_is_read_whatever_its_folders_are_called(name, tmp_path):
    root = write(tmp_path, {**BASE, **script("pytest || true\n", name)})
    (root / name).chmod(0o755)
    assert [(f.path, f.span.line) for f in judge(root, "GAT002").findings] == [(name, 2)]


def test_every_rule_reads_the_same_commands(tmp_path):
    """Behind a wrapper gitleaks runs, for GAT001, and cannot fail, for GAT002."""
    files = {**BASE, **GITLEAKS, **workflow("timeout 300 gitleaks detect || true")}
    found = {f.rule for f in judge(write(tmp_path, files), "GAT", "GLK").findings}
    assert "GAT002" in found
    assert "GAT001" not in found


def test_a_pattern_that_backtracks_is_said_to(tmp_path):
    files = {**BASE, "a" * 60 + "!": "", **hooks("x", "files: '^(?=(a+)+$)'")}
    (finding,) = judge(write(tmp_path, files), "GAT004").findings
    assert "backtracks" in finding.message


def test_the_column_within_a_script_counts_from_its_indent(tmp_path):
    (finding,) = judge(write(tmp_path, {**BASE, **workflow("x; " + PIPE)}), "GAT002").findings
    assert "exit code is that of tee" in finding.message
    assert finding.subject == "a"


def test_a_workflow_of_comments_is_no_problem(tmp_path):
    report = judge(write(tmp_path, {**BASE, CI: "# off\n# jobs:\n"}), "GAT")
    assert not report.problems


def test_an_unknown_key_of_gates_names_the_nearest(tmp_path):
    from evalpolicy.errors import UsageError

    write(tmp_path, {**BASE, "evalpolicy.toml": "[gates]\ncommand = ['a']\n"})
    with pytest.raises(UsageError, match=r"evalpolicy.toml:2: .*'commands'"):
        judge(tmp_path, "GAT")


@pytest.mark.parametrize(
    ("files", "severity"),
    [
        (ALL, "error"),
        (workflow("make lint"), "note"),
        ({**workflow("make lint"), "Makefile": "lint:\n\tpre-commit run -a\n"}, "error"),
        ({**workflow("make lint"), "Makefile": "lint:\n\t# pre-commit run -a\n"}, "note"),
        (
            {**workflow("nox -s lint"), "noxfile.py": 's.run("pre-commit", "run", "-a")\n'},
            "error",
        ),
        ({**workflow("npm test"), "package.json": '{"scripts": {"test": "prek run"}}'}, "error"),
        ({**workflow("./ci.sh"), "ci.sh": "prek run --all-files\n"}, "error"),
        ({**workflow("make lint"), PRE: LARGE[PRE] + "ci:\n  autofix_prs: false\n"}, "error"),
        (
            {
                **workflow("make lint"),
                PRE: LARGE[PRE] + "ci:\n  skip: [check-added-large-files]\n",
            },
            "note",
        ),
    ],
)
def test_hooks_that_ci_does_not_run_are_a_note(files, severity, tmp_path):
    report = judge(write(tmp_path, {**BASE, **LARGE, **files}), "GAT001")
    assert [finding.severity for finding in report.findings] == [severity]
    assert ("always passes" in report.findings[0].message) == (severity == "error")
