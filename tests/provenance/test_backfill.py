"""Backfill on real histories: moves, conversions, contradictions, gaps."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.fleets import AGENT, BENCHMARK, DOCKERFILES, FIXTURES, git, judge, repository, write
from tests.samples.trajectories import START, lines, litellm_row, otlp_row, span_of

from evalpolicy.__main__ import main
from evalpolicy.fleet.run_inputs import run_inputs
from evalpolicy.snapshot import open_snapshot
from evalpolicy.testing.repositories import start

FILE = f"{FIXTURES}/provenance.json"
NEW_REVISION = "d4f1" * 10
OLD_REVISION = "210d026faf9955653af8916fad021475a3f00453"
CLAUDE = {"containers/agents/claude-code/Dockerfile": AGENT.replace("codex", "claude-code")}


def converted(text: str = "4") -> bytes:
    """The same run as OTLP with made-up times, as a conversion leaves it."""
    row = otlp_row([{"role": "assistant", "parts": [{"type": "text", "content": text}]}])
    span_of(row)["startTimeUnixNano"] = span_of(row)["endTimeUnixNano"] = "1700000000000000000"
    return lines(row)


def commit(root: Path, files: dict[str, Any], message: str, when: str) -> str:
    write(root, files)
    git(root, "add", "-A")
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    git(root, "commit", "-qm", message, env=os.environ | dates)
    return git(root, "rev-parse", "HEAD").strip()


def moved_and_converted(root: Path, text: str = "4") -> str:
    """A fixture that was added, moved twice and converted, while its benchmark moved and changed.

    Gives the commit that added it.
    """
    old = {path.removeprefix("containers/"): content for path, content in DOCKERFILES.items()}
    repository(root, old)
    added = commit(
        root,
        {"tests/fixtures/arc-0-codex.trajectory.jsonl": lines(litellm_row())},
        "add",
        "2026-04-13T21:00:00+03:00",
    )
    (root / "tests/replay").mkdir()
    git(root, "mv", "tests/fixtures", "tests/replay/fixtures")
    commit(root, {}, "move", "2026-04-18T10:00:00Z")
    (root / "containers").mkdir()
    git(root, "mv", "benchmarks", "agents", "containers/")
    (root / "tests/run").mkdir()
    git(root, "mv", "tests/replay", "tests/run/replay")
    commit(root, {}, "move again", "2026-06-14T10:00:00Z")
    (root / f"{FIXTURES}/arc-0-codex.trajectory.jsonl").unlink()
    changed = BENCHMARK.replace(OLD_REVISION, NEW_REVISION)
    commit(
        root,
        {
            f"{FIXTURES}/arc-0-codex.traces.jsonl": converted(text),
            "containers/benchmarks/arc/Dockerfile": changed,
        },
        "convert",
        "2026-06-16T10:00:00Z",
    )
    return added


@pytest.fixture
def run(monkeypatch, capfdbinary):
    def call(root, *arguments):
        monkeypatch.chdir(root)
        code = main(["provenance", *arguments])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def inputs(root: Path, revision: str, folder: str) -> dict[str, str]:
    with open_snapshot(root, revision=revision) as snapshot:
        return dict(run_inputs(snapshot, folder))


def entries(root: Path) -> dict[str, Any]:
    return json.loads((root / FILE).read_bytes())


def test_evidence_is_that_of_the_capture(run, tmp_path):
    added = moved_and_converted(tmp_path)
    first = git(tmp_path, "rev-list", "--max-parents=0", "HEAD").strip()
    code, out, err = run(tmp_path, "backfill")
    assert (code, err) == (0, "")
    assert out == f"wrote 1 entry to {FILE}, kept 0\n"
    found = entries(tmp_path)["arc-0-codex"]
    evidence = found.pop("evidence")
    assert evidence["benchmark_data_revision"].startswith(
        f"label: eval.benchmark.data_revision at {first[:12]}"
    )
    assert found == {
        "benchmark": "arc",
        "task_id": "0",
        "agent": "codex",
        "agent_version": "1.0",
        "model": "gpt-x",
        "model_version": None,
        "gateway": None,
        "benchmark_data_revision": OLD_REVISION,
        "benchmark_tree": inputs(tmp_path, added, "benchmarks/arc"),
        "captured": "2025-10-09T08:53:20Z",
        "release_tag": None,
        "sha256": found["sha256"],
        "reward": None,
    }
    assert START == 1_760_000_000
    assert evidence["agent"] == "recording: user agent: codex_exec/1.0 (Linux)"
    assert evidence["captured"] == f"recording: as committed in {added[:12]}"
    assert {name for name in found if found[name] is None} == {
        name for name, why in evidence.items() if why.startswith("unknown: ")
    }
    report = judge(tmp_path, "PRV")
    assert [f.rule for f in report.findings] == ["PRV005", "PRV006"]


def test_a_second_run_changes_nothing(run, tmp_path):
    moved_and_converted(tmp_path)
    run(tmp_path, "backfill")
    before = (tmp_path / FILE).stat(), (tmp_path / FILE).read_bytes()
    assert run(tmp_path, "backfill")[:2] == (0, f"wrote 0 entries to {FILE}, kept 1\n")
    after = (tmp_path / FILE).stat(), (tmp_path / FILE).read_bytes()
    assert after[1] == before[1]
    # Not the whole stat: to read a file changes the time of its last access.
    assert (after[0].st_ino, after[0].st_mtime_ns) == (before[0].st_ino, before[0].st_mtime_ns)


def test_a_conversion_that_changed_the_replies_proves_no_time(run, tmp_path):
    added = moved_and_converted(tmp_path, "other")
    run(tmp_path, "backfill")
    found = entries(tmp_path)["arc-0-codex"]
    assert found["captured"] is None
    assert f"{added[:12]} of 2026-04-13T21:00:00+03:00 added it" in found["evidence"]["captured"]
    for field in ("benchmark_data_revision", "benchmark_tree"):
        assert found[field] is None
        assert "time of the capture" in found["evidence"][field]


def test_what_differs_from_the_commit_is_not_the_commit_s(run, tmp_path):
    moved_and_converted(tmp_path)
    write(tmp_path, {f"{FIXTURES}/arc-0-codex.traces.jsonl": converted("5")})
    run(tmp_path, "backfill")
    found = entries(tmp_path)["arc-0-codex"]
    assert found["captured"] is None
    assert found["evidence"]["benchmark_data_revision"].endswith("at the worktree")


def test_a_new_recording_in_place_is_that_of_its_commit(run, tmp_path):
    added = moved_and_converted(tmp_path)
    commit(
        tmp_path,
        {f"{FIXTURES}/arc-0-codex.traces.jsonl": converted("other")},
        "record anew",
        "2026-06-17T10:00:00Z",
    )
    run(tmp_path, "backfill")
    found = entries(tmp_path)["arc-0-codex"]
    assert found["captured"] is None
    assert " of 2026-06-17T10:00:00" in found["evidence"]["captured"]
    assert added[:12] not in json.dumps(found)


def test_another_run_with_the_same_reply_is_not_taken_for_the_first(run, tmp_path):
    path = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
    repository(tmp_path, DOCKERFILES | CLAUDE | {path: lines(litellm_row())})
    claude = litellm_row(
        user_agent="claude-cli/2.1.104 (external)", messages=[{"role": "user", "content": "2+2"}]
    )
    commit(tmp_path, {path: lines(claude)}, "record anew", "2026-05-01T10:00:00Z")
    (tmp_path / path).unlink()
    files = {f"{FIXTURES}/arc-0-codex.traces.jsonl": converted()}
    commit(tmp_path, files, "convert", "2026-06-16T10:00:00Z")
    _, out, _ = run(tmp_path, "backfill")
    assert "recorded by claude-code" in out
    assert entries(tmp_path)["arc-0-codex"]["agent"] is None


def test_a_redaction_in_place_is_no_other_run(run, tmp_path):
    path = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
    repository(tmp_path, DOCKERFILES)
    commit(tmp_path, {path: lines(litellm_row())}, "add", "2026-05-01T10:00:00Z")
    changed = {
        "containers/benchmarks/arc/Dockerfile": BENCHMARK.replace(OLD_REVISION, NEW_REVISION)
    }
    commit(tmp_path, changed, "change", "2026-06-15T10:00:00Z")
    row = lines(litellm_row(metadata={"user_api_key_hash": "REDACTED"}))
    commit(tmp_path, {path: row}, "redact", "2026-06-16T10:00:00Z")
    run(tmp_path, "backfill")
    found = entries(tmp_path)["arc-0-codex"]
    assert found["benchmark_data_revision"] == OLD_REVISION


def test_an_agent_that_contradicts_the_name_is_told_and_not_recorded(run, tmp_path):
    row = lines(litellm_row(user_agent="claude-cli/2.1.104 (external)"))
    repository(tmp_path, DOCKERFILES | CLAUDE | {f"{FIXTURES}/arc-0-codex.trajectory.jsonl": row})
    code, out, _ = run(tmp_path, "backfill")
    assert code == 0
    assert "arc-0-codex: named after codex, recorded by claude-code" in out
    found = entries(tmp_path)["arc-0-codex"]
    assert (found["agent"], found["agent_version"]) == (None, None)
    assert found["evidence"]["agent"].startswith("unknown: the name says codex, the recording")
    assert [f.rule for f in judge(tmp_path, "PRV").findings] == []


LABELS = [
    ('eval.benchmark.data_revision="210d026faf9955653af8916fad021475a3f00453"', "", "sets no"),
    (OLD_REVISION, "${REF}", "only the build supplies"),
    (f'"{OLD_REVISION}"', '""', "is empty"),
]


@pytest.mark.parametrize(("old", "new", "why"), LABELS)
def test_a_label_that_says_nothing_is_null_with_the_reason(run, tmp_path, old, new, why):
    label = (
        BENCHMARK.replace(old, new, 1)
        .replace(" \\\n      \n", "\n")
        .replace("LABEL", "ARG REF\nLABEL", 1)
    )
    files = DOCKERFILES | {"containers/benchmarks/arc/Dockerfile": label}
    repository(tmp_path, files | {f"{FIXTURES}/arc-0-codex.traces.jsonl": lines(otlp_row())})
    assert run(tmp_path, "backfill")[0] == 0
    found = entries(tmp_path)["arc-0-codex"]
    assert found["benchmark_data_revision"] is None
    assert why in found["evidence"]["benchmark_data_revision"]
    assert judge(tmp_path, "PRV003").findings == []


def test_several_models_are_none(run, tmp_path):
    rows = lines(
        otlp_row(gen_ai__response__model="gpt-x", gen_ai__response__id="1"),
        otlp_row(gen_ai__response__model="gpt-y", gen_ai__response__id="2"),
    )
    repository(tmp_path, DOCKERFILES | {f"{FIXTURES}/arc-0-codex.traces.jsonl": rows})
    run(tmp_path, "backfill")
    found = entries(tmp_path)["arc-0-codex"]
    assert found["model"] is None
    assert "several" in found["evidence"]["model"]


def test_what_the_file_holds_already_is_kept(run, tmp_path):
    moved_and_converted(tmp_path)
    theirs = {"benchmark": "arc", "note": ["x", 1.5], "sha256": None}
    before = {"zeta-0-codex": theirs, "_comment": "ours", "_b": 1, "arc-1-codex": theirs}
    write(tmp_path, {FILE: json.dumps(before)})
    run(tmp_path, "backfill")
    after = entries(tmp_path)
    assert list(after) == ["_comment", "_b", "arc-0-codex", "arc-1-codex", "zeta-0-codex"]
    assert {key: after[key] for key in before} == before


def test_an_uncommitted_fixture_is_judged_by_the_worktree(run, tmp_path):
    repository(tmp_path)
    write(tmp_path, {f"{FIXTURES}/arc-0-codex.traces.jsonl": lines(otlp_row())})
    run(tmp_path, "backfill")
    found = entries(tmp_path)["arc-0-codex"]
    assert found["evidence"]["benchmark_data_revision"].endswith("at the worktree")
    assert [f.rule for f in judge(tmp_path, "PRV").findings] == []


def test_a_name_that_says_nothing_is_left_and_told(run, tmp_path):
    repository(tmp_path, DOCKERFILES | {f"{FIXTURES}/x-0-y.traces.jsonl": lines(otlp_row())})
    code, out, _ = run(tmp_path, "backfill")
    assert code == 3
    assert "x-0-y.traces.jsonl: no entry" in out
    assert not (tmp_path / FILE).exists()


def test_the_fixture_of_a_shallow_clone_needs_the_history(run, tmp_path):
    moved_and_converted(tmp_path / "origin")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{tmp_path}/origin", "clone")
    code, out, err = run(tmp_path / "clone", "backfill")
    assert (code, out) == (3, "")
    assert "fetch-depth: 0" in err
    assert not (tmp_path / "clone" / FILE).exists()


def test_an_absent_object_is_told_and_completed_later(run, tmp_path):
    root = tmp_path
    moved_and_converted(root)
    path = f"{FIXTURES}/arc-0-codex.traces.jsonl"
    oid = git(root, "rev-parse", f"HEAD:{path}").strip()
    stored = root / ".git/objects" / oid[:2] / oid[2:]
    stored.rename(root / "kept")
    (root / path).unlink()
    code, out, _ = run(root, "backfill")
    assert code == 3
    assert f"{path}: not read: its object is not in this clone" in out
    found = entries(root)["arc-0-codex"]
    assert (found["sha256"], found["agent"], found["model"]) == (None, None, None)
    assert run(root, "backfill")[:2] == (
        3,
        out.replace("wrote 1 entry", "wrote 0 entries").replace("kept 0", "kept 1"),
    )
    value = entries(root)
    value["arc-0-codex"]["release_tag"] = "v0.1.0"
    value["arc-0-codex"]["evidence"]["release_tag"] = "option"
    write(root, {FILE: json.dumps(value)})
    (root / "kept").rename(stored)
    git(root, "checkout", "--", path)
    assert run(root, "backfill")[0] == 0
    found = entries(root)["arc-0-codex"]
    assert (found["agent"], found["captured"]) == ("codex", "2025-10-09T08:53:20Z")
    assert (found["release_tag"], found["evidence"]["release_tag"]) == ("v0.1.0", "option")
    assert "not in this clone" not in json.dumps(found)


def test_outside_of_git_nothing_is_known(run, tmp_path):
    write(tmp_path, DOCKERFILES | {f"{FIXTURES}/arc-0-codex.traces.jsonl": lines(otlp_row())})
    assert run(tmp_path, "backfill")[0] == 3


@pytest.mark.parametrize("content", [b"[]", b"nope", b'{"a": {}, "a": {}}', b'{"a": 1e999}'])
def test_a_file_that_cannot_be_kept_is_left_as_it_is(run, tmp_path, content):
    moved_and_converted(tmp_path)
    write(tmp_path, {FILE: content})
    code, _, err = run(tmp_path, "backfill")
    assert code == 3
    assert "nothing was written" in err
    assert (tmp_path / FILE).read_bytes() == content


def test_a_full_disk_leaves_the_old_file_whole(run, tmp_path, monkeypatch):
    moved_and_converted(tmp_path)
    write(tmp_path, {FILE: '{"_comment": "old"}'})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("evalpolicy.snapshot.writing.os.fsync", full)
    code, _, err = run(tmp_path, "backfill")
    assert code == 3
    assert "no space left" in err.lower()
    assert (tmp_path / FILE).read_text() == '{"_comment": "old"}'
    assert sorted(os.listdir(tmp_path / FIXTURES)) == [
        "arc-0-codex.traces.jsonl",
        "provenance.json",
    ]


def test_a_path_out_of_the_repository_is_not_written(run, tmp_path):
    root = tmp_path / "root"
    moved_and_converted(root)
    (tmp_path / "victim").write_text("{}")
    write(root, {"evalpolicy.toml": '[layout]\nprovenance = "../victim"\n'})
    assert run(root, "backfill")[0] == 2
    write(root, {"evalpolicy.toml": '[layout]\nprovenance = "link.json"\n'})
    (root / "link.json").symlink_to("../victim")
    assert run(root, "backfill")[0] != 0
    assert (tmp_path / "victim").read_text() == "{}"


@pytest.mark.parametrize("option", ["--diff", "--dry-run"])
def test_looking_writes_nothing(run, tmp_path, option):
    moved_and_converted(tmp_path)
    code, out, err = run(tmp_path, "backfill", option)
    assert code == 0
    assert "would write 1 entry" in out + err
    assert ('+  "arc-0-codex": {' in out) == (option == "--diff")
    assert not (tmp_path / FILE).exists()


def test_a_fleet_in_a_folder_of_its_repository(run, tmp_path):
    repository(tmp_path, {"README.md": "x"})
    files = DOCKERFILES | {
        "evalpolicy.toml": "",
        f"{FIXTURES}/arc-0-codex.traces.jsonl": lines(otlp_row()),
    }
    commit(tmp_path, {f"sub/{p}": c for p, c in files.items()}, "add", "2026-06-16T10:00:00Z")
    assert run(tmp_path / "sub", "backfill")[0] == 0
    found = entries(tmp_path / "sub")["arc-0-codex"]
    assert found["benchmark_data_revision"] == OLD_REVISION
    assert "worktree" not in json.dumps(found)


APRIL, MAY = "2026-04-15T10:00:00Z", "2026-05-19T10:00:00Z"
CAPTURED = 1_776_340_800  # 2026-04-16T12:00:00Z
PATH = f"{FIXTURES}/arc-0-codex.traces.jsonl"


def captured_at(seconds: int) -> bytes:
    row = otlp_row()
    span_of(row)["startTimeUnixNano"] = str(seconds * 10**9)
    return lines(row)


def between(root: Path, then: dict[str, Any], now: dict[str, Any], when: int = CAPTURED) -> Any:
    """The entry of a run that was recorded after `then`, and committed together with `now`."""
    start(root)
    commit(root, DOCKERFILES | then, "before", APRIL)
    commit(root, now | {PATH: captured_at(when)}, "after", MAY)
    return root


UPGRADED = {"containers/agents/codex/Dockerfile": AGENT.replace("0.120.0", "0.121.0")}
DOCKERFILE = "containers/benchmarks/arc/Dockerfile"
REBUILT = {DOCKERFILE: f"{BENCHMARK}RUN true\n"}


@pytest.mark.parametrize(
    ("now", "field"), [(UPGRADED, "agent_version"), (REBUILT, "benchmark_tree")]
)
def test_what_changed_between_capture_and_commit_is_null(run, tmp_path, now, field):
    between(tmp_path, {}, now)
    assert run(tmp_path, "backfill")[0] == 0
    found = entries(tmp_path)["arc-0-codex"]
    why = found["evidence"][field]
    assert found[field] is None
    assert why.startswith("unknown: changed between capture and commit: ")
    assert "(2026-04-15)" in why
    assert "(2026-05-19)" in why
    for other in {"agent_version", "benchmark_tree", "benchmark_data_revision"} - {field}:
        assert found[other] is not None


def test_what_changed_after_the_commit_is_stale_since_the_capture(run, tmp_path):
    between(tmp_path, {}, {})
    commit(tmp_path, REBUILT | UPGRADED, "later", "2026-06-01T10:00:00Z")
    first = git(tmp_path, "rev-list", "--max-parents=0", "HEAD").strip()
    run(tmp_path, "backfill")
    assert entries(tmp_path)["arc-0-codex"]["agent_version"] == "0.120.0"
    [finding] = judge(tmp_path, "PRV").findings
    assert finding.message == (
        f"arc: 1 recording predates changes to Dockerfile since {first[:12]} (2026-04-15)"
    )


def test_a_benchmark_that_came_with_its_recording(run, tmp_path):
    start(tmp_path)
    commit(tmp_path, {"README.md": "x"}, "before", APRIL)
    commit(tmp_path, DOCKERFILES | {PATH: captured_at(CAPTURED)}, "all", MAY)
    run(tmp_path, "backfill")
    assert entries(tmp_path)["arc-0-codex"]["benchmark_data_revision"] == OLD_REVISION


def test_a_benchmark_that_came_between(run, tmp_path):
    start(tmp_path)
    commit(tmp_path, {"README.md": "x"}, "before", APRIL)
    commit(tmp_path, DOCKERFILES, "the benchmark", "2026-05-01T10:00:00Z")
    commit(tmp_path, {PATH: captured_at(CAPTURED)}, "the recording", MAY)
    run(tmp_path, "backfill")
    found = entries(tmp_path)["arc-0-codex"]
    assert found["benchmark_tree"] is None
    assert "holds no benchmark arc" in found["evidence"]["benchmark_tree"]


def test_the_branch_of_the_recording_counts(run, tmp_path):
    """Not what another branch had at the time, although it was merged later."""
    start(tmp_path)
    commit(tmp_path, DOCKERFILES, "before", APRIL)
    git(tmp_path, "checkout", "-qb", "recording")
    git(tmp_path, "checkout", "-q", "main")
    commit(tmp_path, REBUILT, "meanwhile", "2026-04-15T18:00:00Z")
    git(tmp_path, "checkout", "-q", "recording")
    commit(tmp_path, {PATH: captured_at(CAPTURED)}, "record", "2026-04-16T18:00:00Z")
    git(tmp_path, "checkout", "-q", "main")
    git(tmp_path, "merge", "-q", "--no-edit", "recording")
    run(tmp_path, "backfill")
    assert entries(tmp_path)["arc-0-codex"]["benchmark_tree"] == inputs(
        tmp_path, "recording", "containers/benchmarks/arc"
    )
    assert [f.rule for f in judge(tmp_path, "PRV").findings] == ["PRV006"]


def test_an_entry_of_an_earlier_version_is_made_anew(run, tmp_path):
    between(tmp_path, {}, {})
    old = {
        "benchmark": "arc", "task_id": "0", "agent": "codex", "agent_version": "0.1",
        "benchmark_tree": "ab" * 20, "captured": MAY, "reward": 1.0,
        "evidence": {
            "agent_version": "option", "benchmark_tree": "git: arc at x", "reward": "option",
            "captured": "git: the date of x, which added it; no later than that",
        },
    }  # fmt: skip
    write(tmp_path, {FILE: json.dumps({"arc-0-codex": old})})
    run(tmp_path, "backfill")
    found = entries(tmp_path)["arc-0-codex"]
    assert (found["agent_version"], found["reward"]) == ("0.1", 1.0)
    assert found["captured"] == "2026-04-16T12:00:00Z"
    assert found["benchmark_tree"] == inputs(tmp_path, "HEAD", "containers/benchmarks/arc")


def test_an_empty_reply_does_not_cost_the_original(run, tmp_path):
    path = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
    empty = litellm_row("", id="row-2")
    empty["response"]["id"] = "two"
    repository(tmp_path, DOCKERFILES | {path: lines(litellm_row(), empty)})
    (tmp_path / path).unlink()
    silent = otlp_row([{"role": "assistant", "parts": [{"type": "text", "content": ""}]}])
    span_of(silent)["startTimeUnixNano"] = "1700000001000000000"
    both = converted() + lines(silent)
    commit(tmp_path, {PATH: both}, "convert", "2026-12-16T10:00:00Z")
    run(tmp_path, "backfill")
    found = entries(tmp_path)["arc-0-codex"]
    assert found["captured"] == "2025-10-09T08:53:20Z"
    assert found["agent_version"] == "1.0"


def test_many_contradictions_are_counted(run, tmp_path):
    rows = {
        f"{FIXTURES}/arc-{number}-codex.trajectory.jsonl": lines(litellm_row(user_agent=agent))
        for number in range(12)
        for agent in ("claude-cli/2.1.104" if number % 3 else "opencode/1.0",)
    }
    repository(tmp_path, DOCKERFILES | rows)
    code, out, _ = run(tmp_path, "backfill")
    assert code == 0
    assert out.splitlines()[0].startswith(
        "12 recordings by another agent than their name says (8 by claude-code, 4 by opencode): "
    )
    assert len(out.splitlines()) == 2
    assert [f.severity for f in judge(tmp_path, "FIX006").findings] == ["error"] * 12


def test_the_user_agent_in_git_makes_fix006_an_error(run, tmp_path):
    """A conversion dropped the user agent; the prompt that is left proves nothing by itself."""
    old = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
    prompt = [{"role": "system", "content": "You are Claude Code, Anthropic's official CLI."}]
    row = litellm_row(user_agent="claude-cli/2.1.104 (x)", messages=prompt)
    repository(tmp_path, DOCKERFILES | CLAUDE | {old: lines(row)})
    (tmp_path / old).unlink()
    new = otlp_row(gen_ai__input__messages=json.dumps(prompt))
    commit(tmp_path, {PATH: lines(new)}, "convert", "2026-12-16T10:00:00Z")
    assert [f.severity for f in judge(tmp_path, "FIX006").findings] == ["warning"]
    run(tmp_path, "backfill")
    [finding] = judge(tmp_path, "FIX006").findings
    assert finding.severity == "error"
    assert '(user agent in the git history: "claude-cli/2.1.104 (x)")' in finding.message
    assert "rename its provenance entry, too" in finding.help
