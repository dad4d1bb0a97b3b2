"""`provenance record` and `provenance verify`, as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fleets import AGENT, FIXTURES, FLEET, judge, repository, write
from tests.samples.trajectories import lines, litellm_row, otlp_row

from evalpolicy.__main__ import main

FILE = f"{FIXTURES}/provenance.json"
FIXTURE = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
NEW = FLEET | {FIXTURE: lines(litellm_row())}


@pytest.fixture
def run(monkeypatch, capfdbinary):
    def call(root, *arguments):
        monkeypatch.chdir(root)
        code = main(["provenance", *arguments])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def entries(root: Path) -> dict[str, Any]:
    return json.loads((root / FILE).read_bytes())


class TestRecord:
    def test_a_new_fixture(self, run, tmp_path):
        repository(tmp_path, FLEET)
        write(tmp_path, {FIXTURE: lines(litellm_row())})
        told = ("--release-tag", "v0.2.0", "--reward", "0.5", "--gateway", "g")
        code, out, err = run(tmp_path, "record", FIXTURE, *told)
        assert (code, out, err) == (0, f"wrote the entry of arc-0-codex to {FILE}\n", "")
        found = entries(tmp_path)["arc-0-codex"]
        assert (found["release_tag"], found["reward"], found["gateway"]) == ("v0.2.0", 0.5, "g")
        assert (found["agent"], found["agent_version"]) == ("codex", "1.0")
        assert found["evidence"]["release_tag"] == "option"
        assert (
            found["evidence"]["benchmark_tree"] == "git: containers/benchmarks/arc at the worktree"
        )
        assert judge(tmp_path, "PRV").findings == []
        assert run(tmp_path, "verify")[:2] == (0, "1 fixture verified\n")

    def test_nothing_is_invented(self, run, tmp_path):
        repository(tmp_path, NEW)
        code, _, err = run(tmp_path, "record", "arc-0-codex")
        assert code == 2
        assert "release_tag" in err
        assert "--unknown" in err
        assert not (tmp_path / FILE).exists()

    def test_what_nobody_knows_has_its_reason(self, run, tmp_path):
        repository(tmp_path, NEW)
        code, *_ = run(tmp_path, "record", "arc-0-codex", "--unknown", "release_tag=no release yet")
        found = entries(tmp_path)["arc-0-codex"]
        assert code == 0
        assert found["release_tag"] is None
        assert found["evidence"]["release_tag"] == "unknown: no release yet"
        assert judge(tmp_path, "PRV").findings == []

    def test_an_agent_that_the_recording_contradicts(self, run, tmp_path):
        row = lines(litellm_row(user_agent="claude-cli/2.1.104 (external)"))
        claude = {"containers/agents/claude-code/Dockerfile": AGENT.replace("codex", "claude-code")}
        repository(tmp_path, NEW | {FIXTURE: row} | claude)
        code, _, err = run(tmp_path, "record", "arc-0-codex", "--release-tag", "v1")
        assert code == 2
        assert "named after codex" in err
        assert "claude-code" in err
        told = ("--agent", "claude-code", "--release-tag", "v1")
        assert run(tmp_path, "record", "arc-0-codex", *told)[0] == 0
        found = entries(tmp_path)["arc-0-codex"]
        assert (found["agent"], found["agent_version"]) == ("claude-code", "2.1.104")
        assert found["evidence"]["agent"] == "option"
        assert [f.about for f in judge(tmp_path, "PRV").findings] == ["agent"]

    def test_an_agent_that_nobody_knows_has_no_version(self, run, tmp_path):
        repository(tmp_path, NEW)
        told = ("--release-tag", "v1", "--unknown", "agent=lost", "--unknown", "agent_version=lost")
        assert run(tmp_path, "record", "arc-0-codex", *told[:4])[0] == 2
        assert run(tmp_path, "record", "arc-0-codex", *told)[0] == 0
        found = entries(tmp_path)["arc-0-codex"]
        assert (found["agent"], found["agent_version"]) == (None, None)

    def test_a_name_that_says_nothing_needs_all_of_it(self, run, tmp_path):
        repository(tmp_path, FLEET | {f"{FIXTURES}/run7.trajectory.jsonl": lines(litellm_row())})
        assert run(tmp_path, "record", "run7", "--release-tag", "v1")[0] == 2
        told = ("--benchmark", "arc", "--task", "0", "--agent", "codex", "--release-tag", "v1")
        code, _, err = run(tmp_path, "record", "run7", *told)
        assert (code, err) == (0, "")
        found = entries(tmp_path)["run7"]
        assert found["benchmark_data_revision"] == "210d026faf9955653af8916fad021475a3f00453"
        assert found["agent_version"] == "1.0"

    def test_an_entry_that_exists_is_kept_unless_told(self, run, tmp_path):
        repository(tmp_path, NEW | {FILE: '{"arc-0-codex": {"x": 1}, "_c": 2}'})
        told = ("record", "arc-0-codex", "--release-tag", "v1")
        assert run(tmp_path, *told)[0] == 2
        assert entries(tmp_path)["arc-0-codex"] == {"x": 1}
        assert run(tmp_path, *told, "--replace")[0] == 0
        assert entries(tmp_path)["_c"] == 2
        assert entries(tmp_path)["arc-0-codex"]["agent"] == "codex"

    @pytest.mark.parametrize(
        "wrong",
        [
            ("--captured", "yesterday"),
            ("--unknown", "agent"),
            ("--unknown", "colour=none"),
            ("--reward", "7"),
        ],
    )
    def test_wrong_options(self, run, tmp_path, wrong):
        repository(tmp_path, NEW)
        code, *_ = run(tmp_path, "record", "arc-0-codex", "--release-tag", "v1", *wrong)
        assert code == 2
        assert not (tmp_path / FILE).exists()

    def test_an_unknown_fixture_and_the_nearest(self, run, tmp_path):
        repository(tmp_path, NEW)
        code, _, err = run(tmp_path, "record", "arc-0-codx")
        assert code == 2
        assert "did you mean arc-0-codex" in err

    @pytest.mark.parametrize("option", ["--diff", "--dry-run"])
    def test_looking_writes_nothing(self, run, tmp_path, option):
        repository(tmp_path, NEW)
        code, out, _ = run(tmp_path, "record", "arc-0-codex", "--release-tag", "v1", option)
        assert code == 0
        assert ("+++" if option == "--diff" else "would write") in out
        assert not (tmp_path / FILE).exists()

    def test_from_within_the_folder(self, run, tmp_path):
        repository(tmp_path, NEW)
        name = FIXTURE.rpartition("/")[2]
        assert run(tmp_path / FIXTURES, "record", name, "--release-tag", "v1")[0] == 0
        assert "arc-0-codex" in entries(tmp_path)


class TestVerify:
    def recorded(self, run, root: Path) -> Path:
        other = {f"{FIXTURES}/arc-1-codex.traces.jsonl": lines(otlp_row())}
        repository(root, NEW | other)
        assert run(root, "backfill")[0] == 0
        return root

    def test_one_changed_byte_anywhere(self, run, tmp_path):
        root = self.recorded(run, tmp_path)
        assert run(root, "verify") == (0, "2 fixtures verified\n", "")
        content = (root / FIXTURE).read_bytes()
        for at in (0, len(content) // 2, len(content) - 1):
            (root / FIXTURE).write_bytes(
                content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            )
            code, out, _ = run(root, "verify")
            assert code == 1
            assert "PRV008" in out
        assert run(root, "verify", "arc-1-codex")[0] == 0
        assert run(root, "verify", FIXTURE)[0] == 1

    def test_a_fixture_without_an_entry(self, run, tmp_path):
        repository(tmp_path, NEW)
        code, out, _ = run(tmp_path, "verify")
        assert code == 1
        assert "PRV001" in out

    def test_an_entry_without_a_digest_proves_nothing(self, run, tmp_path):
        root = self.recorded(run, tmp_path)
        found = entries(root)
        del found["arc-0-codex"]["sha256"]
        write(root, {FILE: json.dumps(found)})
        code, out, _ = run(root, "verify")
        assert code == 3
        assert "cannot be verified" in " ".join(out.split())
        assert run(root, "verify", "arc-1-codex")[0] == 0

    def test_a_fleet_without_fixtures_is_no_pass(self, run, tmp_path):
        root = repository(tmp_path / "f", FLEET)
        code, out, err = run(root, "verify")
        assert (code, out) == (3, "")
        assert "no fixture in" in err

    def test_an_unreadable_file_is_no_pass(self, run, tmp_path):
        repository(tmp_path, NEW | {FILE: "[]"})
        assert run(tmp_path, "verify")[0] == 3

    def test_another_content_under_the_recorded_digest(self, run, tmp_path):
        root = self.recorded(run, tmp_path)
        found = entries(root)
        found["arc-1-codex"]["model"] = "other"
        write(root, {FILE: json.dumps(found)})
        code, out, _ = run(root, "verify")
        assert code == 1
        assert "PRV004" in out
