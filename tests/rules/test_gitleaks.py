"""GLK: what each rule says of a configuration at the version that is pinned."""

from __future__ import annotations

import pytest
from tests.fleets import FIXTURES, judge, write
from tests.growth import assert_linear

DEFAULT = "[extend]\nuseDefault = true\n"
RUNS = {f"{FIXTURES}/arc-{n}-codex.traces.jsonl": "{}\n" for n in range(3)}
DOCKERFILE = {"containers/benchmarks/arc/Dockerfile": "FROM scratch\n"}
ACTION = "jobs:\n  a:\n    steps:\n      - uses: gitleaks/gitleaks-action@v2\n"
STEP = """\
jobs:
  a:
    steps:
      - run: |
          go install github.com/zricethezav/gitleaks/v8@v{}
          gitleaks {}
"""
CI = ".github/workflows/ci.yml"


def hook(version="v8.30.1", id="gitleaks", extra=""):
    return {
        ".pre-commit-config.yaml": "repos:\n  - repo: https://github.com/gitleaks/gitleaks\n"
        f"    rev: {version}\n    hooks:\n      - id: {id}\n{extra}"
    }


def config(text, path=".gitleaks.toml"):
    return {path: DEFAULT + text}


def action(version=None):
    env = f"        env:\n          GITLEAKS_VERSION: {version}\n" if version else ""
    return {CI: ACTION + env}


def step(version, words):
    return {CI: STEP.format(version, words)}


OLD = hook("v8.18.4")
NEW = hook()
PATHS = "[[allowlists]]\npaths = ['arc/Dockerfile$']\n"
TARGETED = "[[allowlists]]\ntargetRules=['jwt']\nregexes=['a']\n"
WHOLESALE = "paths = ['fixtures/']\n"
COMMIT = "39b40d74" * 5
NO_REGEX = "[[rules]]\nid='a'\n"
OWN = NO_REGEX + "regex='b'\n"
TWICE = "[[rules]]\nid='a'\nregex='x'\n[[rules]]\nregex='y'\nid='a'\n"
FLAGGED = "[[allowlists]]\npaths=['zz(?i)z|arc/',\n'DOCKERFILE']\n"
CASES = [
    # rule, files, (path, line) of each finding
    ("GLK001", {**OLD, **config(PATHS)}, [(".gitleaks.toml", 3)]),
    ("GLK001", {**NEW, **config(PATHS)}, []),
    ("GLK001", {**hook("v8.24.3"), **config(PATHS)}, [(".gitleaks.toml", 3)]),
    ("GLK001", {**hook("v8.25.0"), **config(PATHS)}, []),
    ("GLK001", {**NEW, **action(), **config(PATHS)}, [(".gitleaks.toml", 3)]),
    ("GLK001", {**NEW, **action("8.30.1"), **config(PATHS)}, []),
    ("GLK001", {**OLD, **action(), **config(PATHS)}, [(".gitleaks.toml", 3)]),
    ("GLK001", {**NEW, **step("8.24.3", "git ."), **config(PATHS)}, [(".gitleaks.toml", 3)]),
    ("GLK001", {**OLD, **config("[allowlist]\ncondition='AND'\nregexes=['a']\nstopwords=['b']\n")},
     [(".gitleaks.toml", 4)]),
    ("GLK001", {**OLD, **config("[[allowlists]]\ncondition='AND'\nregexes=['a']\n")},
     [(".gitleaks.toml", 3)]),
    ("GLK001", {**hook("v8.28.0"), **config(TARGETED)},
     [(".gitleaks.toml", 3)]),
    ("GLK001", {**hook("v8.29.0"), **config(TARGETED)},
     []),
    ("GLK001", {**OLD, ".gitleaks.toml": "title='a'\n" + DEFAULT}, []),
    ("GLK001", {**hook("v8.8.12"), **config("")}, [(".gitleaks.toml", 1)]),
    ("GLK002", {**NEW, **config("[allowlist]\npaths=['*.py']\n")}, [(".gitleaks.toml", 4)]),
    ("GLK002", {**NEW, **config("[allowlist]\npaths=['a']\n[[allowlists]]\npaths=['b']\n")},
     [(".gitleaks.toml", 3)]),
    ("GLK002", {**OLD, **config("[allowlist]\npaths=['a']\n[[allowlists]]\npaths=['b']\n")}, []),
    ("GLK002", {**NEW, **config("[[allowlists]]\n")}, [(".gitleaks.toml", 3)]),
    ("GLK002", {**NEW, **config("[[allowlists]]\ncondition='XOR'\npaths=['a']\n")},
     [(".gitleaks.toml", 4)]),
    ("GLK002", {**NEW, ".gitleaks.toml": "\ufeff" + DEFAULT}, [(".gitleaks.toml", 1)]),
    ("GLK002", {**NEW, ".gitleaks.toml": "[extend\n"}, [(".gitleaks.toml", 1)]),
    ("GLK002", {**NEW, ".gitleaks.toml": "[a]\nb=1\n[a]\nc=1\n"}, [(".gitleaks.toml", 3)]),
    ("GLK002", {**NEW, ".gitleaks.toml": "rules = 3\n"}, [(".gitleaks.toml", 1)]),
    ("GLK002", {**NEW, ".gitleaks.toml": "[extend]\npath='gone.toml'\n"}, [(".gitleaks.toml", 2)]),
    ("GLK003", {**NEW, ".gitleaks.toml": PATHS}, [(".gitleaks.toml", 1)]),
    ("GLK003", {**NEW, **config(PATHS)}, []),
    ("GLK003", {**hook("v8.8.12"), **config("")}, [(".gitleaks.toml", 1)]),
    ("GLK004", {**NEW, **config("[[allowlists]]\npaths=['a']\nregexs=['b']\n")},
     [(".gitleaks.toml", 5)]),
    ("GLK004", {**OLD, **config("[allowlist]\ncondition='AND'\nregexes=['b']\n")}, []),
    ("GLK005", {**NEW, **config("[[allowlists]]\npaths=['arc/',\n 'gone/']\n")},
     [(".gitleaks.toml", 5)]),
    ("GLK005", {**OLD, **config("[[allowlists]]\npaths=['gone/']\n")}, [(".gitleaks.toml", 4)]),
    ("GLK005", {**NEW, **config(PATHS)}, []),
    ("GLK006", {**NEW, **RUNS, **config("[[allowlists]]\n" + WHOLESALE)}, [(".gitleaks.toml", 4)]),
    ("GLK006", {**OLD, **RUNS, **config("[[allowlists]]\n" + WHOLESALE)}, []),
    ("GLK006", {**OLD, **RUNS, **config("[allowlist]\n" + WHOLESALE)}, [(".gitleaks.toml", 4)]),
    ("GLK006", {**OLD, **RUNS, **config("[allowlist]\n" + WHOLESALE + "regexes=['a']\n")},
     [(".gitleaks.toml", 4)]),
    ("GLK006", {**NEW, **RUNS, **config("[[allowlists]]\ncondition='AND'\n" + WHOLESALE +
                                        "regexes=['a']\n")}, []),
    ("GLK006", {**NEW, **RUNS, **config("[[allowlists]]\npaths=['arc-0-codex']\n")}, []),
    ("GLK006", {**NEW, **RUNS, **config("[[allowlists]]\npaths=['arc-0-c', 'arc-1-c']\n")},
     [(".gitleaks.toml", 4)]),
    ("GLK006", {**NEW, **RUNS, **config("[[allowlists]]\ntargetRules=['jwt']\n" + WHOLESALE)}, []),
    ("GLK006", {**NEW, **RUNS, **config("[[rules]]\nid='jwt'\n[[rules.allowlists]]\n" + WHOLESALE)},
     []),
    ("GLK007", {**NEW, **config(PATHS + "regexes=['a']\n")}, [(".gitleaks.toml", 4)]),
    ("GLK007", {**OLD, **config(PATHS + "regexes=['a']\n")}, [(".gitleaks.toml", 4)]),
    ("GLK007", {**NEW, **config(PATHS + "regexes=['a']\n[[allowlists]]\npaths=['*.py']\n")}, []),
    ("GLK007", {**NEW, **config(PATHS + "condition='AND'\nregexes=['a']\n")}, []),
    ("GLK007", {**NEW, **config(PATHS + "condition='OR'\nregexes=['a']\n")}, []),
    ("GLK007", {**OLD, **config("[allowlist]\npaths=['arc']\nregexes=['a']\ncondition='AND'\n")},
     []),
    ("GLK007", {**NEW, **config("[[allowlists]]\nregexes=['']\n")}, [(".gitleaks.toml", 4)]),
    ("GLK007", {**OLD, **config("[allowlist]\nregexes=['']\n")}, []),
    ("GLK007", {**NEW, **config("[[allowlists]]\nregexes=['(?i)a', 'b']\n")},
     [(".gitleaks.toml", 4)]),
    ("GLK007", {**NEW, **config("[[allowlists]]\nregexes=['(?i:a)', 'b']\n")}, []),
    ("GLK007", {**OLD, **config("[[rules]]\nid='generic-api-key'\n")}, [(".gitleaks.toml", 4)]),
    ("GLK007", {**NEW, **config("[[rules]]\nid='generic-api-key'\n")}, []),
    ("GLK008", {**NEW, **config("", ".github/.gitleaks.toml")}, [(".pre-commit-config.yaml", 5)]),
    ("GLK008", {**NEW, **config("")}, []),
    ("GLK008", NEW, []),
    ("GLK008", {**hook(extra="        args: [-c, gone.toml]\n")}, [(".pre-commit-config.yaml", 6)]),
    ("GLK008", {**hook(extra="        args: [-c, ../x.toml]\n")}, [(".pre-commit-config.yaml", 6)]),
    ("GLK008", {**step("8.30.1", "git -c $CONF ."), **config("")}, [(CI, 6)]),
    ("GLK008", {**step("8.30.1", "git -c ${{ github.workspace }}/.gitleaks.toml ."), **config("")},
     []),
    ("GLK009", hook(id="gitleaks-docker"), [(".pre-commit-config.yaml", 5)]),
    ("GLK009", hook("main"), [(".pre-commit-config.yaml", 3)]),
    ("GLK009", NEW, []),
    ("GLK009", config(""), [(".gitleaks.toml", 1)]),
    ("GLK010", {**NEW, **action()}, [(CI, 4)]),
    ("GLK010", {**NEW, **action("8.24.3")}, [(CI, 6)]),
    ("GLK010", {**NEW, **action("8.30.1")}, []),
    ("GLK011", {**NEW, **config("[allowlist]\npaths=['arc']\n")}, [(".gitleaks.toml", 3)]),
    ("GLK011", {**OLD, **config("[allowlist]\npaths=['arc']\n")}, []),
    ("GLK011", {**NEW, **action(), **config("[allowlist]\npaths=['arc']\n")}, []),
    ("GLK012", {**NEW, **config("[[allowlists]]\ncommits=['abc']\n")}, [(".gitleaks.toml", 4)]),
    ("GLK012", {**NEW, **action("8.30.1"), **config(f"[[allowlists]]\ncommits=['{COMMIT}']\n")},
     []),
    ("GLK012", {**NEW, **action("8.30.1"), **config("[[allowlists]]\ncommits=['abc']\n")},
     [(".gitleaks.toml", 4)]),
    ("GLK012", {**action(), **config(f"[allowlist]\ncommits=['{COMMIT}',\n'ab1']\n")},
     [(".gitleaks.toml", 5)]),
    ("GLK012", {**hook("v8.24.3"), **config(NO_REGEX + "[rules.allowlist]\npaths=['arc']\n")},
     [(".gitleaks.toml", 5)]),
    ("GLK007", {**hook("v8.24.3"), **config(NO_REGEX + "[rules.allowlist]\npaths=['arc']\n"
                                            "regexes=['b']\n")}, []),
    ("GLK006", {**NEW, **RUNS, **step("8.30.1", "dir ."),
                **config("[[allowlists]]\npaths=['^tests$']\n")}, [(".gitleaks.toml", 4)]),
    ("GLK005", {**step("8.30.1", "dir ."), **config("[[allowlists]]\npaths=['^containers$']\n")},
     []),
    ("GLK005", {**NEW, **config(FLAGGED)}, []),
    ("GLK005", {**hook("v8.27.0"), **config(FLAGGED)}, [(".gitleaks.toml", 5)]),
    ("GLK001", {**OLD, **config("[allowlist]\ncondition='OR'\nregexes=['a']\n")}, []),
    ("GLK001", {**OLD, **config("[allowlist]\ncondition='&&'\nregexes=['a']\n")},
     [(".gitleaks.toml", 4)]),
    ("GLK001", {**NEW, **config(TWICE)}, [(".gitleaks.toml", 4)]),
    ("GLK001", {**hook("v8.8.12"), ".gitleaks.toml": TWICE}, []),
    ("GLK003", {**NEW, ".gitleaks.toml": OWN}, [(".gitleaks.toml", 1)]),
    ("GLK003", {**NEW, ".gitleaks.toml": "[extend]\nuseDefault=false\n" + OWN}, []),
    ("GLK003", {**hook("v8.8.12"), ".gitleaks.toml": OWN}, []),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files", "places"), CASES)
def test_where_a_rule_fires(rule, files, places, tmp_path):
    report = judge(write(tmp_path, {**DOCKERFILE, **files}), rule)
    assert [(f.path, f.span.line) for f in report.findings] == places
    assert not report.problems


def test_the_message_names_version_pin_boundary_and_consequence(tmp_path):
    (finding,) = judge(write(tmp_path, {**DOCKERFILE, **OLD, **config(PATHS)}), "GLK001").findings
    assert "gitleaks 8.18.4 (.pre-commit-config.yaml:3)" in finding.message
    assert "since 8.25.0" in finding.message
    assert "has no effect" in finding.message
    assert "evalpolicy gitleaks migrate .gitleaks.toml --to 8.18.4" in finding.help
    assert finding.fix is not None
    assert not finding.fix.safe


def test_several_pins_make_one_finding_that_names_them(tmp_path):
    files = {**DOCKERFILE, **OLD, **action(), **config(PATHS)}
    (finding,) = judge(write(tmp_path, files), "GLK001").findings
    assert "8.18.4" in finding.message
    assert f"gitleaks 8.24.3 ({CI}:4)" in finding.message


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("[[allowlists]]\nregexs=['b']\npaths=['a']\n", "warning"),
        ("[allowlist]\nregexs=['b']\n", "error"),
        ("[extends]\nuseDefault=true\n", "error"),
        ("[[rules]]\nid='a'\nregx='b'\n", "error"),
        ("[[rules]]\nid='a'\nregex='b'\ncolour='b'\n", "warning"),
    ],
)
def test_an_unknown_key_is_as_grave_as_what_is_lost(text, severity, tmp_path):
    write(tmp_path, {**DOCKERFILE, **hook("v8.24.3"), ".gitleaks.toml": text})
    assert [f.severity for f in judge(tmp_path, "GLK004").findings] == [severity]


def test_a_path_in_a_scan_of_the_history_alone_is_a_note(tmp_path):
    files = {**step("8.30.1", "git ."), **config("[[allowlists]]\npaths=['gone']\n")}
    (finding,) = judge(write(tmp_path, {**DOCKERFILE, **files}), "GLK005").findings
    assert finding.severity == "note"


def test_how_many_fixtures_are_blinded(tmp_path):
    files = {**DOCKERFILE, **NEW, **RUNS, **config("[[allowlists]]\npaths=['arc-[01]-codex']\n")}
    (finding,) = judge(write(tmp_path, files), "GLK006").findings
    assert "2 of 3 fixtures" in finding.message


def test_the_fix_of_a_deprecated_form_is_safe_and_complete(tmp_path):
    from evalpolicy.policy.edits import edited

    text = DEFAULT + "# why\n[allowlist]\n  paths = ['arc'] # here\n"
    write(tmp_path, {**DOCKERFILE, **NEW, ".gitleaks.toml": text})
    (finding,) = judge(tmp_path, "GLK011").findings
    assert finding.fix is not None
    assert finding.fix.safe
    fixed = edited(text.encode(), list(finding.fix.edits)).decode()
    assert fixed == text.replace("[allowlist]", "[[allowlists]]")


@pytest.mark.parametrize(
    ("criteria", "what"),
    [
        ("regexes=['']\n", "everything passes"),
        ("condition='AND'\nregexes=['']\n", "everything passes"),
        ("condition='AND'\npaths=['arc']\nregexes=['']\n", "regexes narrows nothing"),
    ],
)
def test_a_criterion_that_narrows_nothing_is_told_from_one_that_lets_all_pass(
    tmp_path, criteria, what
):
    write(tmp_path, {**DOCKERFILE, **NEW, **config(f"[[allowlists]]\n{criteria}")})
    [finding] = judge(tmp_path, "GLK007").findings
    assert f": {what}: " in finding.message


def test_a_configuration_that_nothing_runs_has_a_row_of_its_own_in_a_baseline(tmp_path):
    write(tmp_path, {**DOCKERFILE, **config("")})
    (finding,) = judge(tmp_path, "GLK009").findings
    assert (finding.path, finding.about) == (".gitleaks.toml", "none")


def test_an_extend_loop_and_a_file_outside_end(tmp_path):
    write(tmp_path, {**DOCKERFILE, **NEW, ".gitleaks.toml": "[extend]\npath='.gitleaks.toml'\n"})
    assert not [f for f in judge(tmp_path, "GLK").findings if f.rule == "GLK002"]
    write(tmp_path, {".gitleaks.toml": "[extend]\npath='/etc/x.toml'\n"})
    (problem,) = judge(tmp_path, "GLK").problems
    assert (problem.path, problem.line) == (".gitleaks.toml", 2)


@pytest.mark.parametrize("junk", [b"\xff\xfe\x00", b"", b"[" * 100_000, b"a = " + b"[" * 5000])
def test_no_content_is_a_traceback(junk, tmp_path):
    write(tmp_path, {**DOCKERFILE, **NEW, ".gitleaks.toml": junk, CI: junk})
    report = judge(tmp_path, "GLK", "GAT")
    assert report.findings or report.problems


def test_judging_grows_with_the_configuration(tmp_path):
    def fleet(count):
        entries = "".join(f"'src/generated/file{n:07}.py$',\n" for n in range(count))
        root = tmp_path / str(count)
        if not root.exists():
            allowed = config(f"[[allowlists]]\npaths = [\n{entries}]\n")
            write(root, {**DOCKERFILE, **NEW, **allowed})
        return root

    assert_linear(lambda root: judge(root, "GLK"), fleet, start=500, largest=1 << 15)


def test_hostile_patterns_are_judged(tmp_path):
    hostile = "[[allowlists]]\npaths = ['^(a+)+$', '(x*)*y', '((a{100}){100}){100}']\n"
    write(tmp_path, {**DOCKERFILE, **NEW, **config(hostile), "a" * 200: ""})
    report = judge(tmp_path, "GLK")
    assert report.findings or report.problems
