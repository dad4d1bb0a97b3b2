"""The codex command-line agent, end to end: recorded, replayed, and where the recording ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.replay.serving import chat_row, running

sys.path.insert(0, str(Path(__file__).parent))

from clients import CACHE
from tests.samples.trajectories import lines

from evalpolicy.artifacts.trajectory import parse
from evalpolicy.replay.app import ReplayApp
from evalpolicy.replay.journal import Journal, read_journal
from evalpolicy.replay.playback import Playback
from evalpolicy.replay.recorder import RecorderApp
from evalpolicy.replay.recording import RecordingFile

pytestmark = pytest.mark.engine("codex")

QUESTION = "How many files are here?"
LIST = {
    "id": "call_list0001",
    "type": "function",
    "function": {"name": "exec_command", "arguments": '{"cmd":"ls"}'},
}
SCRIPT = lines(
    chat_row(1, None, {"content": "I look.", "tool_calls": [LIST]}),
    chat_row(2, None, {"content": "One file: a.txt"}),
)


@pytest.fixture
def codex(need_engine, tmp_path):
    """`codex(base)` asks the question, in a home of its own, and gives exit code and events."""
    installed = CACHE / "node/node_modules/.bin/codex"
    program = shutil.which("codex") or (str(installed) if installed.exists() else None)
    if program is None:
        need_engine("codex is not installed: npm install @openai/codex")

    def run(base, question=QUESTION):
        home, work = tmp_path / "home", tmp_path / "work"
        shutil.rmtree(home, ignore_errors=True)
        (home / ".codex").mkdir(parents=True)
        work.mkdir(exist_ok=True)
        (work / "a.txt").write_text("x")
        (home / ".codex/config.toml").write_text(
            'model = "m"\nmodel_provider = "replay"\n[model_providers.replay]\nname = "replay"\n'
            f'base_url = "{base}/openai/v1"\nwire_api = "responses"\nenv_key = "OPENAI_API_KEY"\n'
        )
        done = subprocess.run(
            [program, "exec", "--skip-git-repo-check", "-s", "danger-full-access", "--json",
             question],
            cwd=work,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "OPENAI_API_KEY": "sk-proxy"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        return done.returncode, [json.loads(one) for one in done.stdout.splitlines() if one]

    return run


def messages(events):
    items = [one["item"] for one in events if one["type"] == "item.completed"]
    return [one["text"] for one in items if one["type"] == "agent_message"]


def replay(codex, trajectory, journal, *question):
    with running(ReplayApp(Playback(trajectory), Journal(journal))) as base:
        code, events = codex(base, *question)
    return code, events, read_journal(journal.read_bytes())


def test_what_codex_recorded_it_reproduces(codex, tmp_path):
    file = tmp_path / "arc-0-codex.traces.jsonl"
    recording = RecordingFile(file)
    with (
        running(ReplayApp(Playback(parse(SCRIPT)), Journal(None))) as upstream,
        running(RecorderApp(f"{upstream}/v1", recording)) as base,
    ):
        code, events = codex(base)
    recording.close()
    assert (code, messages(events)) == (0, ["I look.", "One file: a.txt"])
    trajectory = parse(file.read_bytes())
    assert trajectory.summary.client.agent == "codex"
    said = [(one.text, one.tool_calls) for one in trajectory.turns]
    assert said == [(one.text, one.tool_calls) for one in parse(SCRIPT).turns]
    assert b"sk-proxy" not in file.read_bytes()

    code, events, record = replay(codex, trajectory, tmp_path / "same.jsonl")
    assert (code, messages(events)) == (0, ["I look.", "One file: a.txt"])
    assert [(one.outcome, one.compared, one.differences) for one in record.calls] == [
        ("served", True, ()),
        ("served", True, ()),
    ]
    usage = next(one["usage"] for one in events if one["type"] == "turn.completed")
    assert (usage["input_tokens"], usage["output_tokens"]) == (24, 6)

    _, _, record = replay(codex, trajectory, tmp_path / "other.jsonl", "How many folders?")
    assert [one.outcome for one in record.calls] == ["diverged", "diverged"]
    assert "folders" in record.calls[0].differences[0].asked


def test_codex_gives_up_where_the_recording_ends(codex, tmp_path):
    trajectory = parse(SCRIPT.splitlines(keepends=True)[0])
    code, events, record = replay(codex, trajectory, tmp_path / "journal.jsonl")
    assert code == 1
    assert events[-1]["type"] == "turn.failed"
    assert "exhausted" in events[-1]["error"]["message"]
    assert [one.outcome for one in record.calls] == ["served", "exhausted"]
