"""`evalpolicy check` as a person meets it: exit codes, messages, formats."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tests.fleets import BENCHMARK, FIXTURES, FLEET, git, repository, write

from evalpolicy.__main__ import main

ARC = "containers/benchmarks/arc/Dockerfile"
BAD = {**FLEET, ARC: BENCHMARK.replace('"400"', '"many"')}


@pytest.fixture
def run(monkeypatch, capfdbinary, tmp_path):
    """`run(root, *arguments)` gives (exit code, standard output, standard error)."""
    monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")

    def call(root, *arguments):
        monkeypatch.chdir(root)
        code = main(list(arguments))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def test_clean(run, tmp_path):
    code, out, err = run(write(tmp_path / "f", FLEET), "check")
    assert (code, err) == (0, "")
    assert out.startswith("Checked 2 Dockerfiles, 1 benchmark, 0 fixtures by ")
    assert "no findings" in out


def test_findings_show_the_line_with_the_span_underlined(run, tmp_path):
    code, out, _ = run(write(tmp_path / "f", BAD), "check")
    assert code == 1
    assert out.startswith(
        f"""\
{ARC}:5:7: error: LBL003 label-invalid: eval.benchmark.tasks is "many": it must be a whole number
  5 |       eval.benchmark.tasks="many" \\
    |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^
"""
    )
    assert "1 error" in out
    assert "evalpolicy explain LBL003" in out


def test_quiet_is_one_line_a_finding(run, tmp_path):
    _, out, _ = run(write(tmp_path / "f", BAD), "check", "-q")
    assert out == (
        f"{ARC}:5:7: error: LBL003 label-invalid: "
        'eval.benchmark.tasks is "many": it must be a whole number\n'
    )


def test_many_findings_are_folded_unless_all_are_asked_for(run, tmp_path):
    paths = [f"{FIXTURES}/arc-{n}-codex.traces.jsonl" for n in range(60)]
    recordings = dict.fromkeys((*paths, f"{FIXTURES}/provenance.json"), b"{}\n")
    root = write(tmp_path / "f", {**FLEET, **recordings})
    check = ("check", "--select", "PRV001")
    folded = run(root, *check)[1]
    assert "and 59 more in 59 files; fix: evalpolicy provenance backfill\n" in folded
    assert "1 cause (1 error), 60 findings (60 errors)" in " ".join(folded.split())
    assert sum(path in folded for path in paths) == 1
    full = run(root, *check, "-v")[1]
    assert all(f"{path}:1:1: error: PRV001 provenance-missing: " in full for path in paths)
    assert run(root, *check, "--format", "full")[1] == full


@pytest.mark.parametrize(
    ("fail_on", "code"), [("error", 1), ("warning", 1), ("note", 1), ("never", 0)]
)
def test_fail_on(run, tmp_path, fail_on, code):
    assert run(write(tmp_path / "f", BAD), "check", "--fail-on", fail_on)[0] == code


def test_fail_on_counts_from_its_severity_up(run, tmp_path):
    warned = {**FLEET, ARC: BENCHMARK + 'LABEL eval.x="y"\n'}
    root = write(tmp_path / "f", warned)
    assert [run(root, "check", "--fail-on", s)[0] for s in ("error", "warning", "note")] == [
        0,
        1,
        1,
    ]


def test_the_json_report(run, tmp_path):
    code, out, _ = run(write(tmp_path / "f", BAD), "check", "--format", "json")
    report = json.loads(out)
    assert code == 1
    assert report["version"] == "1"
    assert report["snapshot"]["kind"] == "folder"
    assert report["checked"]["benchmarks"] == 1
    assert report["summary"]["error"] == 1
    [finding] = report["findings"]
    assert finding["rule"] == "LBL003"
    assert (finding["line"], finding["column"], finding["end_column"]) == (5, 7, 34)
    assert finding["subject"] == "arc"


def test_several_formats_from_one_run(run, tmp_path):
    root = write(tmp_path / "f", BAD)
    target = tmp_path / "report.json"
    code, out, _ = run(root, "check", "--format", f"json={target}", "--format", "text")
    assert code == 1
    assert json.loads(target.read_text())["summary"]["error"] == 1
    assert "LBL003" in out


def test_worktree_index_and_commit_give_the_same_bytes_of_findings(run, tmp_path):
    root = repository(tmp_path / "r", BAD)
    seen = []
    for how in ([], ["--staged"], ["--rev", "HEAD"], ["--no-cache"]):
        _, out, _ = run(root, "check", "--format", "json", *how)
        seen.append(json.dumps(json.loads(out)["findings"]))
    assert len(set(seen)) == 1


def test_the_cache_changes_nothing_but_the_time(run, tmp_path):
    root = write(tmp_path / "f", BAD)
    cold = run(root, "check")
    assert run(root, "check") == cold
    [file] = (tmp_path / "cache").iterdir()
    assert file.stat().st_size > 1000
    file.write_text("{ broken")
    assert run(root, "check") == cold
    file.unlink()
    write(root, {ARC: BENCHMARK})
    assert run(root, "check")[0] == 0
    write(root, {ARC: BAD[ARC]})
    assert run(root, "check") == cold


def test_the_cache_knows_what_stands_around_a_unit(run, tmp_path):
    text = BENCHMARK.replace("210d026faf9955653af8916fad021475a3f00453", "${REV}")
    root = write(tmp_path / "f", {**FLEET, ARC: text})
    assert "LBL007" in run(root, "check")[1]
    write(root, {"containers/benchmarks/arc/build.sh": "docker build --build-arg REV=1 ."})
    assert "LBL007" not in run(root, "check")[1]
    write(root, {"containers/benchmarks/arc/build.sh": "docker build ."})
    assert "LBL007" in run(root, "check")[1]


def test_an_unwritable_cache_is_no_failure(run, tmp_path, monkeypatch):
    write(tmp_path, {"in-the-way": ""})
    monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(tmp_path / "in-the-way"))
    monkeypatch.chdir(write(tmp_path / "f", FLEET))
    assert main(["check"]) == 0


def test_paths_narrow_what_is_reported_never_what_is_known(run, tmp_path):
    files = {**BAD, f"{FIXTURES}/arc-0-codex.traces.jsonl": "{}\n"}
    files[ARC] += 'LABEL eval.benchmark.released="true"\n'
    root = repository(tmp_path / "r", files)
    assert run(root, "check", "containers/agents")[0] == 0
    code, out, _ = run(root, "check", "-q", ARC)
    assert code == 1
    assert "REL001" not in out
    assert run(root / "containers/benchmarks", "check", "-q", "arc") == (code, out, "")
    assert run(root / "containers/benchmarks", "check", "-q", "../agents")[:2] == (0, "")


def test_severities_come_from_the_configuration(run, tmp_path):
    root = write(tmp_path / "f", BAD)
    for text, code, shown in (
        ('[rules]\nLBL = "warning"\n', 0, "warning: LBL003"),
        ('[rules]\nlabel-invalid = "note"\nLBL = "error"\n', 0, "note: LBL003"),
        ('[rules]\nlabels = "off"\nLBL003 = "error"\n', 1, "error: LBL003"),
        ('[rules]\nLBL003 = "off"\n', 0, ""),
    ):
        write(root, {"evalpolicy.toml": text})
        got, out, err = run(root, "check", "-q")
        assert (got, err) == (code, "")
        assert shown in out
    write(root, {"evalpolicy.toml": "", "pyproject.toml": '[tool.evalpolicy.rules]\nLBL = "off"\n'})
    assert run(root, "check", "-q")[0] == 1
    os.remove(root / "evalpolicy.toml")
    assert run(root, "check", "-q")[0] == 0


@pytest.mark.parametrize(
    "text",
    [
        '[tool]\nevalpolicy = {rules = {LBL = "off"}}\n',
        '[tool."evalpolicy".rules]\nLBL = "off"\n',
        '[tool . evalpolicy . rules]\nLBL = "off"\n',
        'tool.evalpolicy.rules.LBL = "off"\n',
    ],
)
def test_a_pyproject_writes_its_table_in_any_way_of_toml(run, tmp_path, text):
    root = write(tmp_path / "f", {**BAD, "pyproject.toml": text})
    assert run(root, "check", "-q")[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('tool = "evalpolicy"\n', "LBL003"),
        ("a = 'evalpolicy'\nb = " + "[" * 3000 + "]" * 3000, "nested deeper than 200 levels"),
    ],
)
def test_an_odd_pyproject_is_no_internal_error(run, tmp_path, text, said):
    root = write(tmp_path / "f", {**BAD, "pyproject.toml": text})
    _, out, err = run(root, "check", "-q")
    assert "internal error" not in err
    assert said in out + err


USAGE = [
    (["check", "--select", "LBL999"], 2, "'LBL999' is not a rule"),
    (["check", "--select", "label-mising"], 2, "did you mean label-missing"),
    (["check", "--ignore", "LBX"], 2, "is not a rule"),
    (["check", "--select", "LBL001", "--ignore", "LBL"], 2, "no rule is left"),
    (["check", "--format", "jsn"], 2, "did you mean json"),
    (
        ["check", "--format", "json=a", "--format", "sarif=a"],
        2,
        "=a: two reports cannot share a file",
    ),
    (["check", "--fail-on", "fatal"], 2, "'fatal' is not one of"),
    (["check", "nowhere"], 2, "nowhere is not in"),
    (["check", "/"], 2, "is outside the fleet"),
    (["chek"], 2, "Did you mean check?"),
    (["check", "--rev", "nothing"], 2, "is not a commit"),
    (["check", "--rev", "HEAD", "--staged"], 2, "exclude each other"),
    (["explain", "XYZ001"], 2, "is not a rule"),
    (["explain"], 2, "Missing argument"),
    (["-C", "nowhere", "check"], 2, "does not exist"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), USAGE)
def test_wrong_usage(run, tmp_path, arguments, code, message):
    root = repository(tmp_path / "r")
    got, out, err = run(root, *arguments)
    assert (got, out) == (code, "")
    assert message in err


CONFIGURATIONS = [
    ("[layuot]\n", "evalpolicy.toml:1: unknown key 'layuot'", "did you mean 'layout'?"),
    ("# one\n\n[layout]\nbenchmark = []\n", "evalpolicy.toml:4:", "'benchmarks'"),
    ('[layout]\nbenchmarks = "x"\n', "evalpolicy.toml:2: layout.benchmarks", "'array'"),
    ("[layout]\nbenchmarks = [3]\n", "evalpolicy.toml:2:", "'string'"),
    ('[layout]\nfixtures = ["[z-a]"]\n', "evalpolicy.toml:2: layout.fixtures", "not a glob"),
    ('[rules]\nLBL001 = "fatal"\n', "evalpolicy.toml:2: rules.LBL001", "'fatal'"),
    ('[rules]\nLBL = "off"\nLBL0O1 = "off"\n', "evalpolicy.toml:3: [rules]:", "did you mean LBL0"),
    ("[rules\n", "evalpolicy.toml:1: cannot be read as TOML", ""),
    ('[contracts]\nbenchmark = "gone.json"\n', "contracts.benchmark: gone.json", "no such file"),
    ("[contracts]\nbenchmark = true\n", "evalpolicy.toml:2:", "'string'"),
    (b"\xff\n", "evalpolicy.toml:1: not UTF-8", ""),
]


@pytest.mark.parametrize("name", ["evalpolicy.toml", "pyproject.toml"])
@pytest.mark.parametrize("why", ["absent", "too large", "link"])
def test_a_configuration_that_cannot_be_read_is_not_checked(run, tmp_path, name, why):
    content = "[tool.evalpolicy]\n" if name == "pyproject.toml" else ""
    root = repository(tmp_path, {**FLEET, name: content + "# ours\n"})
    how = []
    if why == "absent":
        blob = git(root, "rev-parse", f"HEAD:{name}").strip()
        (root / ".git/objects" / blob[:2] / blob[2:]).unlink()
        how = ["--rev", "HEAD"]
    elif why == "too large":
        (root / name).write_text("#" * (2 << 20))
    else:
        (root / name).unlink()
        (root / name).symlink_to("/etc/hostname")
    code, _, err = run(root, "check", *how)
    assert code == 3
    assert err.startswith(f"evalpolicy: {name}: ")


@pytest.mark.parametrize(("text", "place", "hint"), CONFIGURATIONS)
def test_a_wrong_configuration(run, tmp_path, text, place, hint):
    root = write(tmp_path / "f", {**FLEET, "evalpolicy.toml": text})
    code, out, err = run(root, "check")
    assert (code, out) == (2, "")
    assert place in err
    assert hint in err


SCHEMAS = [
    ("no json", "is not JSON"),
    ("[]", "it contains a list"),
    ("true", "it contains a boolean"),
    ('{"type": "nothing"}', "is not a JSON Schema"),
    ('{"required": 3}', "is not a JSON Schema"),
    ('{"$ref": "https://example.org/other.json"}', "refers to"),
    ('{"properties": {"eval.type": {"pattern": "(?=x)"}}}', "RE2"),
    ('{"$ref": "#"}', "refers to itself"),
]


@pytest.mark.parametrize(("text", "message"), SCHEMAS)
def test_a_contract_that_is_none(run, tmp_path, text, message):
    files = {
        **FLEET,
        "evalpolicy.toml": '[contracts]\nbenchmark = "contract.json"\n',
        "contract.json": text,
    }
    code, out, err = run(write(tmp_path / "f", files), "check")
    assert (code, out) == (2, "")
    assert "contract" in err
    assert message in err


def test_a_contracts_pattern_cannot_make_it_hang(run, tmp_path):
    contract = {"properties": {"eval.benchmark.description": {"pattern": "^(a+)+$"}}}
    files = {
        ARC: BENCHMARK.replace("ARC - grade-school science questions", "a" * 5000 + "!"),
        "evalpolicy.toml": '[contracts]\nbenchmark = "contract.json"\n',
        "contract.json": json.dumps(contract),
    }
    code, out, _ = run(write(tmp_path / "f", files), "check", "--select", "LBL003", "-q")
    assert code == 1
    assert "does not match" in out or "must match" in out


class TestNothingToCheck:
    @pytest.mark.parametrize("select", ["LBL,REL", "FIX", "GAT,GLK"])
    def test_without_what_the_rules_judge(self, run, tmp_path, select):
        code, out, err = run(write(tmp_path / "f", {"a": "b"}), "check", "--select", select)
        assert (code, out) == (3, "")
        assert "nothing to check" in err
        assert "[layout]" in err

    def test_without_units_the_other_rules_judge(self, run, tmp_path):
        files = {
            ".github/workflows/ci.yml": "on: push\njobs:\n  a:\n    steps:\n"
            "      - run: pytest || true\n",
            "README.md": "[a](b.md)\n",
        }
        code, out, _ = run(write(tmp_path / "f", files), "check")
        assert code == 1
        assert "GAT002" in out
        assert "STR005" in out
        assert "No Dockerfile and no fixture" in out
        code, out, _ = run(write(tmp_path / "g", {"a": "b"}), "check")
        assert code == 0
        assert "No Dockerfile and no fixture" in out

    def test_an_empty_repository(self, run, tmp_path):
        (tmp_path / "r").mkdir()
        git(tmp_path / "r", "init", "-q")
        assert run(tmp_path / "r", "check")[0] == 3
        code, _, err = run(tmp_path / "r", "check", "--rev", "HEAD")
        assert code == 2
        assert "is not a commit" in err

    def test_no_repository_for_the_index(self, run, tmp_path):
        root = write(tmp_path / "f", FLEET)
        for how, message in ((["--staged"], "--staged needs"), (["--rev", "x"], "--rev needs")):
            code, _, err = run(root, "check", *how)
            assert code == 3
            assert message in err

    def test_a_bare_repository(self, run, tmp_path):
        repository(tmp_path / "a")
        git(tmp_path, "clone", "-q", "--bare", "a", "b.git")
        code, _, err = run(tmp_path / "b.git", "check")
        assert code == 3
        assert "give --rev REV" in err
        assert run(tmp_path / "b.git", "check", "--rev", "main")[0] == 0

    def test_within_a_git_folder(self, run, tmp_path):
        code, _, err = run(repository(tmp_path / "r") / ".git", "check")
        assert code == 3
        assert "inside a git directory" in err

    def test_git_is_missing(self, run, tmp_path, monkeypatch):
        root = repository(tmp_path / "r")
        monkeypatch.setenv("PATH", str(tmp_path))
        code, _, err = run(root, "check")
        assert code == 3
        assert "git is not installed" in err


DOCKERFILES = [
    (b"", "no instructions"),
    (b"\0" * 1000, ""),
    (b"FROM a\nRUN x\xe9y\n", "not UTF-8"),
    (b"FROM a\nRUN x" + b" \\\n" * 100_000 + b" y\n", None),
    (b"FROM a\nRUN <<EOF\nnever ends\n", "heredoc"),
    (b"not an instruction\n", ""),
]


@pytest.mark.parametrize("place", [ARC, "other/Dockerfile"])
@pytest.mark.parametrize(("content", "message"), DOCKERFILES, ids=range(len(DOCKERFILES)))
def test_a_bad_dockerfile_is_a_problem_and_loses_nothing_else(
    run, tmp_path, content, message, place
):
    other = "containers/benchmarks/bad/Dockerfile"
    root = write(tmp_path / "f", {**BAD, place: content, other: BAD[ARC]})
    code, out, err = run(root, "check", "--format", "json", "--select", "LBL003,LBL004")
    report = json.loads(out)
    assert err == ""
    assert other in {finding["path"] for finding in report["findings"]}
    if message is None:
        assert report["problems"] == []
    else:
        assert code == 3
        assert {problem["path"] for problem in report["problems"]} == {place}
        assert message in report["problems"][0]["message"]


def test_a_dockerfile_of_100_megabytes_is_refused_without_reading_it(run, tmp_path):
    root = write(tmp_path / "f", FLEET)
    (root / "huge").mkdir()
    with (root / "huge/Dockerfile").open("wb") as file:
        file.truncate(100 << 20)
    code, out, _ = run(root, "check", "--format", "json")
    assert code == 3
    [problem] = json.loads(out)["problems"]
    assert problem["path"] == "huge/Dockerfile"
    assert "104,857,600 bytes" in problem["message"]


def test_a_fifo_in_a_benchmarks_place(run, tmp_path):
    root = write(tmp_path / "f", FLEET)
    (root / ARC).unlink()
    os.mkfifo(root / ARC)
    code, out, _ = run(root, "check", "--format", "json")
    assert code == 3
    assert "a FIFO" in json.loads(out)["problems"][0]["message"]


def test_odd_names_reach_every_format_harmlessly(run, tmp_path):
    folder = os.fsdecode(b"containers/benchmarks/x\x1b[31m\n\xff")
    root = write(tmp_path / "f", {f"{folder}/Dockerfile": "FROM a\n"})
    code, out, _ = run(root, "check", "-q", "--select", "LBL001")
    assert code == 1
    assert "\x1b" not in out
    assert all(
        line.startswith("containers/benchmarks/x\\x1b[31m\\n\\xff/") for line in out.splitlines()
    )
    _, out, _ = run(root, "check", "--format", "json", "--select", "LBL001")
    assert json.loads(out)["findings"][0]["path"].endswith("\\xff/Dockerfile")


def test_a_narrow_terminal(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = run(write(tmp_path / "f", BAD), "check")
    head, *others = out.splitlines()
    assert max(map(len, others)) <= 60
    assert head.startswith(f"{ARC}:5:7: error: LBL003 label-invalid: ")  # never broken
    assert head.endswith("it must be a whole number")


def test_colours_only_where_they_are_wanted(run, tmp_path, monkeypatch):
    root = write(tmp_path / "f", BAD)
    assert "\x1b[" not in run(root, "check")[1]
    assert "\x1b[" in run(root, "check", "--color", "always")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run(root, "check")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run(root, "check")[1]


def test_statistics(run, tmp_path):
    code, out, _ = run(write(tmp_path / "f", BAD), "check", "--statistics")
    assert (code, out) == (1, "1  LBL003  error    label-invalid\n")


def test_an_internal_error_is_no_pass(run, tmp_path, monkeypatch):
    from evalpolicy.engine import check as engine

    def broken(*_, **__):
        raise RuntimeError("broken")

    monkeypatch.setattr(engine, "excerpts", broken)
    code, _, err = run(write(tmp_path / "f", BAD), "check")
    assert code == 3
    assert err.startswith("evalpolicy: internal error, no verdict: RuntimeError: broken\n")
    assert "Traceback" in err


def test_an_interrupt_is_no_pass(run, tmp_path, monkeypatch):
    from evalpolicy.engine import check as engine

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "excerpts", interrupted)
    assert run(write(tmp_path / "f", BAD), "check")[0] == 3


def test_a_reader_that_leaves_early(tmp_path):
    root = write(tmp_path / "f", BAD)
    command = f"{sys.executable} -m evalpolicy check | true"
    done = subprocess.run(command, cwd=root, shell=True, capture_output=True, check=False)  # noqa: S602  # the shell is what is tested
    assert done.stderr == b""


def test_an_output_file_that_cannot_be_written(run, tmp_path):
    root = write(tmp_path / "f", FLEET)
    code, _, err = run(root, "check", "--format", "json=no/such/folder")
    assert code == 3
    assert "cannot write no/such/folder" in err
