"""`evalpolicy init`: what it proposes, and that it writes no more than was accepted."""

from __future__ import annotations

import io

import pytest
import yaml
from tests.fleets import AGENT, BENCHMARK, FIXTURES, FLEET, git, judge, repository, write

from evalpolicy.__main__ import main
from evalpolicy.config.reading import Layout, parse
from evalpolicy.errors import NotCheckedError
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.frontends.cli.init import _write
from evalpolicy.frontends.init import Proposal, hooks, layout
from evalpolicy.frontends.init.workflow import WORKFLOW, WORKFLOW_FILE
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import open_snapshot

BAD = BENCHMARK.replace('"400"', '"many"')
MOVED = {
    "evals/arc/Dockerfile": BAD,
    "bots/codex/Dockerfile": AGENT,
    "recorded runs/arc-0-codex.traces.jsonl": "{}\n",
}
CONFIG, HOOKS, BASELINE = "evalpolicy.toml", ".pre-commit-config.yaml", ".evalpolicy-baseline.json"
FILES = (CONFIG, HOOKS, WORKFLOW_FILE, BASELINE)


@pytest.fixture
def init(monkeypatch, capfdbinary):
    """`init(root, *arguments, answers="")` gives exit code, output, errors."""
    monkeypatch.setenv("COLUMNS", "60")

    def call(root, *arguments, answers=""):
        monkeypatch.chdir(root)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(answers.encode())))
        code = main(["init", *arguments])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def there(root):
    return [path for path in FILES if (root / path).exists()]


def test_all_of_it_and_a_second_run_changes_nothing(init, tmp_path):
    root = repository(tmp_path / "r", MOVED)
    code, out, err = init(root, "--yes")
    assert (code, err) == (0, "")
    assert there(root) == list(FILES)
    assert out.endswith("4 of 4 proposals written.\n")
    assert judge(root).exit_code("error") == 0
    assert judge(root).checked.fixtures == 1
    before = {path: (root / path).read_bytes() for path in FILES}
    stamps = {path: (root / path).stat().st_mtime_ns for path in FILES}
    code, out, _ = init(root, "--yes")
    assert code == 0
    assert out.endswith("Nothing to propose.\n")
    assert {path: (root / path).read_bytes() for path in FILES} == before
    assert {path: (root / path).stat().st_mtime_ns for path in FILES} == stamps


def test_the_configuration_says_what_differs(init, tmp_path):
    root = repository(tmp_path / "r", MOVED)
    init(root, "--yes")
    config = parse((root / CONFIG).read_bytes(), CONFIG)
    assert config is not None
    assert config.layout.benchmarks == ("evals/*",)
    assert config.layout.agents == ("bots/*",)
    assert config.layout.fixtures == ("recorded runs/*.traces.jsonl",)
    assert config.layout.models == Layout().models


def test_nothing_is_written_in_a_dry_run(init, tmp_path):
    root = repository(tmp_path / "r", MOVED)
    code, out, _ = init(root, "--dry-run", answers="y\n" * 4)
    assert code == 0
    assert there(root) == []
    assert "4 proposals; nothing was written" in " ".join(out.split())
    assert git(root, "status", "--porcelain") == ""
    assert '+benchmarks = ["evals/*"]' in out
    assert "    1  LBL003 label-invalid\n" in out


@pytest.mark.parametrize(
    ("answers", "written"),
    [
        ("y\nn\ny\nn\n", [CONFIG, WORKFLOW_FILE]),
        ("n\nn\nn\nn\n", []),
        ("n\ny\n", [HOOKS]),
        ("", []),
        ("\n\n\n\n", []),
    ],
)
def test_only_what_is_accepted_is_written(init, tmp_path, answers, written):
    root = repository(tmp_path / "r", MOVED)
    code, out, err = init(root, answers=answers)
    assert code == 0, err
    assert there(root) == written
    assert f"{len(written)} of 4 proposals written." in out


def test_a_fleet_as_the_defaults_have_it_needs_no_configuration(init, tmp_path):
    root = repository(tmp_path / "r", FLEET)
    code, out, _ = init(root, "--yes")
    assert code == 0
    assert there(root) == [HOOKS, WORKFLOW_FILE]
    assert "the defaults fit" in " ".join(out.split())
    assert "no baseline is needed" in " ".join(out.split())


def test_what_is_there_stays(init, tmp_path):
    own = "[layout]\nbenchmarks = ['evals/*']\n"
    others = {CONFIG: own, WORKFLOW_FILE: "name: mine\n", BASELINE: "{}", HOOKS: "not: [yaml"}
    root = repository(tmp_path / "r", {**MOVED, **others})
    code, out, err = init(root, "--yes")
    assert code == 0, err
    assert {path: (root / path).read_text() for path in FILES} == others
    assert "add this by hand" in " ".join(out.split())
    assert "    - repo: https://github.com/evalpolicy/evalpolicy\n" in out
    assert "Nothing to propose." in out


def test_a_configuration_in_pyproject_counts(init, tmp_path):
    text = "[tool.evalpolicy.layout]\nbenchmarks = ['evals/*']\nagents = ['bots/*']\n"
    root = repository(tmp_path / "r", {**MOVED, "pyproject.toml": text})
    init(root, "--yes")
    assert not (root / CONFIG).exists()


def test_a_workflow_that_runs_the_action_is_enough(init, tmp_path):
    text = "jobs: {a: {steps: [{uses: evalpolicy/evalpolicy@v0.1.0}]}}\n"
    root = repository(tmp_path / "r", {**FLEET, ".github/workflows/ci.yaml": text})
    _, out, _ = init(root, "--yes")
    assert there(root) == [HOOKS]
    assert ".github/workflows/ci.yaml: already runs the action" in out


def test_a_comment_that_names_the_action_does_not_run_it(init, tmp_path):
    text = "jobs: {a: {steps: [{uses: a/b@v1}]}}  # instead of evalpolicy/evalpolicy@v0.1.0\n"
    root = repository(tmp_path / "r", {**FLEET, ".github/workflows/ci.yaml": text})
    init(root, "--yes")
    assert there(root) == [HOOKS, WORKFLOW_FILE]


def test_another_forge_gets_no_workflow(init, tmp_path):
    root = repository(tmp_path / "r", {**FLEET, ".gitlab-ci.yml": "{}\n"})
    init(root, "--yes")
    assert there(root) == [HOOKS]


def test_an_empty_repository_is_told_what_to_do(init, tmp_path):
    root = repository(tmp_path / "r", {"README.md": "x\n"})
    code, out, err = init(root, "--yes")
    assert (code, out) == (3, "")
    assert "eval.type" in err
    assert there(root) == []


def test_outside_of_git(init, tmp_path):
    code, _, err = init(write(tmp_path / "f", MOVED), "--yes")
    assert code == 3
    assert "git init" in err


def test_wrong_usage(init, tmp_path):
    code, _, err = init(repository(tmp_path / "r"), "--yes", "--dry-run")
    assert code == 2
    assert "cannot be used together" in err


def test_no_baseline_where_not_all_could_be_checked(init, tmp_path):
    root = repository(tmp_path / "r", {**MOVED, "x/Dockerfile": b"FROM a\nRUN <<EOF\n"})
    code, out, _ = init(root, "--yes")
    assert code == 0
    assert BASELINE not in there(root)
    assert "x/Dockerfile:" in out


def test_exceptions_are_not_taken_into_the_baseline(init, tmp_path):
    useless = BENCHMARK + "# evalpolicy: ignore[LBL001] it is not missing\n"
    root = repository(tmp_path / "r", {**FLEET, "containers/benchmarks/arc/Dockerfile": useless})
    assert "EVP001" in {finding.rule for finding in judge(root).findings}
    init(root, "--yes")
    assert BASELINE not in there(root)


def test_a_link_is_not_written_through(init, tmp_path):
    root = repository(tmp_path / "r", FLEET)
    target = write(tmp_path, {"elsewhere.yaml": "repos:\n  - repo: local\n    hooks: []\n"})
    (root / HOOKS).symlink_to(target / "elsewhere.yaml")
    code, _, err = init(root, "--yes")
    assert code == 3
    assert "cannot write" in err
    assert "evalpolicy" not in (target / "elsewhere.yaml").read_text()


def test_what_changed_since_it_was_shown_is_not_replaced(monkeypatch, tmp_path):
    root = repository(tmp_path / "r", {**FLEET, HOOKS: "repos: []\n"})
    monkeypatch.chdir(root)
    for before in (None, b"repos:\n"):
        with pytest.raises(NotCheckedError, match="changed"):
            _write(Proposal(HOOKS, before, b"ours", "why"))
    assert (root / HOOKS).read_text() == "repos: []\n"


def test_a_fleet_below_the_top(init, tmp_path):
    inner = {f"my fleet/{path}": text for path, text in FLEET.items()}
    root = repository(tmp_path / "r", {**inner, "my fleet/evalpolicy.toml": ""})
    code, _, err = init(root / "my fleet", "--yes")
    assert code == 0, err
    assert there(root) == [HOOKS, WORKFLOW_FILE]
    [repo] = yaml.safe_load((root / HOOKS).read_text())["repos"]
    assert repo["hooks"][0]["entry"] == "evalpolicy -C 'my fleet' check --staged"
    job = yaml.safe_load((root / WORKFLOW_FILE).read_text())["jobs"]["policy"]
    assert job["steps"][1]["with"] == {"path": "my fleet"}
    assert init(root / "my fleet", "--yes")[1].endswith("Nothing to propose.\n")


def test_names_of_files_move_no_cursor(init, tmp_path):
    root = repository(tmp_path / "r", {"ev\x1b[2Jals/arc/Dockerfile": BENCHMARK})
    code, out, _ = init(root, "--yes")
    assert code == 0
    assert "\x1b" not in out
    assert judge(root).checked.benchmarks == 1


def test_what_stands_in_a_file_moves_no_cursor(init, tmp_path):
    text = "repos:\n- repo: local\n  hooks: []\n  # \u202e\u2066\n"
    _, out, _ = init(repository(tmp_path / "r", {**FLEET, HOOKS: text}), "--dry-run")
    assert "\\u202e" in out
    assert not {"\u202e", "\u2066"} & set(out)


def test_a_dry_run_judges_by_the_configuration_that_it_proposes(init, tmp_path):
    released = BENCHMARK + 'LABEL eval.benchmark.released="true"\n'
    root = repository(tmp_path / "r", {**MOVED, "evals/arc/Dockerfile": released})
    _, out, _ = init(root, "--dry-run")
    assert "FIX014" not in out
    assert "FIX014" in {finding.rule for finding in judge(root).findings}


def test_sixty_columns_are_enough_for_what_is_said(init, tmp_path):
    root = repository(tmp_path / "r", MOVED)
    _, out, _ = init(root, "--yes")
    said = [line for line in out.splitlines() if not line.startswith("  ")]
    assert max(map(len, said)) <= 60
    out = init(root)[1]
    assert max(map(len, out.splitlines())) <= 60


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # One folder for all roles: each is named.
        (
            {"images/arc/Dockerfile": BENCHMARK, "images/codex/Dockerfile": AGENT},
            {"benchmarks": ("images/arc",), "agents": ("images/codex",)},
        ),
        # Some where the defaults look, some not: both.
        (
            {"benchmarks/arc/Dockerfile": BENCHMARK, "more/gsm/Dockerfile": BENCHMARK},
            {"benchmarks": ("benchmarks/*", "more/*")},
        ),
        ({"arc/Dockerfile": BENCHMARK}, {"benchmarks": ("*",)}),
        ({"a[1]/arc/Dockerfile": BENCHMARK}, {"benchmarks": ("a[[]1]/*",)}),
        ({"Dockerfile": BENCHMARK}, {}),
        # Many folders of one shape: one glob.
        (
            {f"suites/{n}/bench/arc{n}/Dockerfile": BENCHMARK for n in "abcd"},
            {"benchmarks": ("suites/*/bench/*",)},
        ),
        # … unless it took in what has another role.
        (
            {
                **{f"suites/{n}/bench/arc{n}/Dockerfile": BENCHMARK for n in "abcd"},
                "suites/e/bench/codex/Dockerfile": AGENT,
            },
            {
                "benchmarks": tuple(f"suites/{n}/bench/*" for n in "abcd"),
                "agents": ("suites/e/bench/*",),
            },
        ),
        (
            {f"{n}/runs/arc-0-codex.trajectory.jsonl": "{}\n" for n in "abcd"},
            {"fixtures": ("*/runs/*.trajectory.jsonl",)},
        ),
        (
            {f"{FIXTURES}/arc-0-codex.traces.jsonl": "{}\n", "x/y.traces.jsonl": "{}\n"},
            {"fixtures": ("tests/run/replay/fixtures/*.traces.jsonl", "x/*.traces.jsonl")},
        ),
        ({"containers/core/base/Dockerfile": 'FROM x\nLABEL eval.type="core"\n'}, {}),
        ({"odd/x/Dockerfile": 'FROM x\nLABEL eval.type="something"\n'}, {}),
    ],
)
def test_layouts(tmp_path, files, expected):
    with open_snapshot(write(tmp_path / "f", files)) as snapshot:
        found = layout.differences(Fleet(snapshot, Layout()))
        assert found == expected
        config = parse(layout.render(found).encode(), CONFIG)
        assert config is not None
        again = Fleet(snapshot, config.layout)
        placed = {unit.path: unit.role for unit in again.units}
        assert placed == {unit.path: unit.role for unit in Fleet(snapshot, Layout()).units}
        folders = [path for path in files if path.count("/") and path.endswith("Dockerfile")]
        assert all(u.placed for u in again.units if u.path in folders and u.role != "core")


@pytest.mark.parametrize(
    ("path", "other"), [("a*b", "axb"), ("a?", "ab"), ("[x]", "x"), ("a[!b]", "ac"), ("é", "e")]
)
def test_a_literal_matches_itself_alone(path, other):
    assert path in Globs([layout.literal(path)])
    assert other not in Globs([layout.literal(path)])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("repos:\n  - repo: a\n    hooks: []\n", "repos:\n  - repo: a\n    hooks: []\n  +\n"),
        ("repos:\n- repo: a\n  hooks: []", "repos:\n- repo: a\n  hooks: []\n+\n"),
        (
            "# t\nrepos: # all\n- repo: a # y\n  hooks:\n  - id: x\n    # y\n\n# end\nci: 1\n",
            "# t\nrepos: # all\n- repo: a # y\n  hooks:\n  - id: x\n    # y\n+\n\n# end\nci: 1\n",
        ),
        ("repos:\r\n- repo: a\r\n  hooks: []\r\n", "repos:\r\n- repo: a\r\n  hooks: []\r\n+\r\n"),
        (
            "repos:\n- repo: l\n  hooks:\n  - id: a\n    entry: |\n      x\n\n      y\nci: 1\n",
            "repos:\n- repo: l\n  hooks:\n  - id: a\n    entry: |\n      x\n\n      y\n+\nci: 1\n",
        ),
        ("fail_fast: true\nrepos:\n- {repo: a}\n", "fail_fast: true\nrepos:\n- {repo: a}\n+\n"),
        ("repos: []\n", None),
        ("repos: [{repo: a}]\n", None),
        ("- repo: a\n", None),
        ("repos:\n", None),
        ("", None),
        ("x: &a [1]\nrepos: *a\n", None),
        ("x: &a\n- repo: b\nrepos: *a\n", None),
    ],
)
def test_the_hook_is_put_in_as_text(before, after):
    lines = hooks.snippet()
    changed = hooks.insert(before, lines)
    if after is None:
        assert changed is None
        return
    [mark] = [line for line in after.splitlines() if line.strip() == "+"]
    column = len(mark) - 1
    end = "\r\n" if "\r\n" in before else "\n"
    added = end.join(" " * column + line for line in lines)
    assert changed == after.replace(mark, added)


@pytest.mark.parametrize(
    "before", [b"\xff", b"a: [", b"- 1\n", b"repos: 7\n", b"[" * 5000, b"a:\n\tb"]
)
def test_any_bytes_for_a_hook_file(before):
    found = hooks.propose(before, "")
    assert list(found.lines) == hooks.snippet()


def test_hooks_of_ours_in_any_form_are_enough():
    for hook in ("id: evalpolicy-labels", "{id: x, entry: evalpolicy check}"):
        text = f"repos:\n- repo: local\n  hooks:\n  - {hook}\n"
        assert "already has" in hooks.propose(text.encode(), "").why


def test_the_workflow_is_the_one_of_the_documentation():
    from pathlib import Path

    page = (Path(__file__).parents[3] / "docs/action.md").read_text()
    assert f"```yaml\n{WORKFLOW}```" in page
    assert yaml.safe_load(WORKFLOW)["permissions"] == {}
