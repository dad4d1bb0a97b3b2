"""`evalpolicy fixtures`: list, show, scan, redact."""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import stat

import pytest
from msgspec.structs import replace
from tests.fleets import FIXTURES, FLEET, git, repository, write
from tests.samples.credentials import token
from tests.samples.trajectories import failed_row, lines, litellm_row, otlp_row

from evalpolicy.__main__ import main
from evalpolicy.scanners.credentials import SHAPES, Scanner

LFS = "version https://git-lfs.github.com/spec/v1"
KEY = token(next(s for s in SHAPES if s.id == "hugging-face"), random.Random(1))
ANTHROPIC = token(next(s for s in SHAPES if s.id == "anthropic"), random.Random(1))
CODEX = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
TRACES = f"{FIXTURES}/arc-12-codex.traces.jsonl"
ROWS = lines(
    litellm_row("the answer is 4"),
    failed_row(),
    litellm_row("", id="2", response={"output": [
        {"type": "function_call", "name": "shell", "arguments": '{"cmd": "ls"}'},
    ]}),
)  # fmt: skip


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    root = repository(tmp_path / "fleet", {**FLEET, CODEX: ROWS, TRACES: lines(otlp_row())})
    monkeypatch.chdir(root)
    return root


def run(capfd, *arguments):
    code = main(["fixtures", *arguments])
    out, err = capfd.readouterr()
    return code, out, err


class TestList:
    def test_json_tells_all(self, fleet, capfd):
        code, out, _ = run(capfd, "list", "--format", "json")
        first, second = json.loads(out)
        assert code == 0
        expected = {
            "fixture": "arc-0-codex", "benchmark": "arc", "task": "0", "agent": "codex",
            "turns": 2, "failed": 1, "models": {"openai/gpt-x": 2}, "input_tokens": 24,
            "output_tokens": 6, "cost": 0.5, "size": len(ROWS), "recorded": "codex",
            "recorded_by": "user_agent", "provenance": False, "ambiguous": False, "lines": 3,
            "format": "litellm", "verdict": "fine", "credentials": 0,
        }  # fmt: skip
        assert {key: first[key] for key in expected} == expected
        assert second["format"] == "otlp"

    @pytest.mark.parametrize(("key", "first"), [("size", 0), ("name", 0), ("turns", 0)])
    def test_sorting(self, fleet, capfd, key, first):
        _, out, _ = run(capfd, "list", "--sort", key, "--format", "json")
        assert [row["path"] for row in json.loads(out)][first] == CODEX

    def test_text_and_markdown(self, fleet, capfd):
        _, out, _ = run(capfd, "list")
        assert out.splitlines()[0].split()[:3] == ["benchmark", "task", "agent"]
        assert "2 fixtures, " in out
        _, out, _ = run(capfd, "list", "--format", "markdown")
        assert out.splitlines()[1].count("---") == out.splitlines()[0].count("|") - 1
        assert "| arc | 0 | codex | 2 | 1 | gpt-x | 30 | 0.50 |" in out

    def test_a_recording_by_another_agent(self, fleet, capfd, monkeypatch):
        write(fleet, {CODEX: lines(litellm_row(user_agent="claude-cli/2"))})
        _, out, _ = run(capfd, "list", "--format", "json")
        assert json.loads(out)[0]["verdict"] == "other-agent"
        assert json.loads(out)[0]["faults"] == ["other-agent"]
        monkeypatch.setenv("COLUMNS", "70")
        _, out, _ = run(capfd, "list")
        assert "recorded" in out.splitlines()[0].split()
        assert "other-agent" in out
        assert "1 recorded by another agent" in " ".join(out.split())

    @pytest.mark.parametrize("wide", ["60", "30", "200"])
    def test_a_narrow_terminal(self, fleet, capfd, monkeypatch, wide):
        monkeypatch.setenv("COLUMNS", wide)
        _, out, _ = run(capfd, "list")
        assert all(len(line) <= int(wide) or len(line) <= 45 for line in out.splitlines())

    def test_the_index_and_a_commit(self, fleet, capfd):
        write(fleet, {CODEX: lines(litellm_row())})
        for options, turns in ((["--staged"], 2), (["--rev", "HEAD"], 2), ([], 1)):
            _, out, _ = run(capfd, "list", "--format", "json", *options)
            assert json.loads(out)[0]["turns"] == turns

    def test_what_is_unreadable_is_said(self, fleet, capfd):
        git(fleet, "rm", "-q", "--cached", CODEX)
        (fleet / CODEX).unlink()
        os.symlink("/etc/passwd", fleet / CODEX)
        code, out, err = run(capfd, "list", "--format", "json")
        assert code == 3
        assert "not checked" in err
        assert json.loads(out)[0]["verdict"] == "unreadable"

    def test_no_fixture_is_no_list(self, tmp_path, monkeypatch, capfd):
        monkeypatch.chdir(repository(tmp_path, FLEET))
        code, _, err = run(capfd, "list")
        assert code == 3
        assert "[layout]" in err


class TestShow:
    @pytest.mark.parametrize(
        "word", ["arc-0-codex", CODEX, "arc-0", "arc-0-codex.trajectory.jsonl"]
    )
    def test_a_fixture_has_many_names(self, fleet, capfd, word):
        code, out, _ = run(capfd, "show", word)
        assert code == 0
        for text in ("the answer is 4", "2 + 2?", "calls shell", '{"cmd": "ls"}', "turn 2 of 2"):
            assert text in out
        assert "BadRequestError" in out

    def test_one_turn(self, fleet, capfd):
        _, out, _ = run(capfd, "show", "arc-0", "--turn", "2")
        assert "turn 2 of 2" in out
        assert "turn 1 of 2" not in out
        assert run(capfd, "show", "arc-0", "--turn", "3")[0] == 2

    def test_what_is_no_name_has_candidates(self, fleet, capfd):
        code, _, err = run(capfd, "show", "arc")
        assert code == 2
        assert "arc-0-codex, arc-12-codex" in err
        code, _, err = run(capfd, "show", "arc-0-codec")
        assert code == 2
        assert "did you mean arc-0-codex?" in err

    def test_nothing_harmful_and_no_secret_is_shown(self, fleet, capfd, monkeypatch):
        monkeypatch.setenv("COLUMNS", "60")
        row = litellm_row(
            f"\x1b[31m{KEY}\u202e \x9b2J",
            model=KEY,
            messages=[{"role": f"u\x1b]0;x\x07{KEY}", "content": f"a\rb {KEY}"}],
        )
        row["response"]["choices"][0]["message"]["tool_calls"] = [
            {"function": {"name": f"x\x1b{KEY}", "arguments": KEY}}
        ]
        write(fleet, {CODEX: lines(row, failed_row() | {"error_str": KEY})})
        _, out, _ = run(capfd, "show", "arc-0", "--full")
        assert KEY not in "".join(out.split())
        assert not set("\x1b\x9b\u202e\r\x07") & set(out)
        assert "\\x1b" in out

    def test_long_texts_are_folded(self, fleet, capfd, monkeypatch):
        monkeypatch.setenv("COLUMNS", "60")
        write(fleet, {CODEX: lines(litellm_row("\n".join(map(str, range(1000)))))})
        _, out, _ = run(capfd, "show", "arc-0")
        assert "994 more lines" in out
        assert all(len(line) <= 60 for line in out.splitlines())
        _, out, _ = run(capfd, "show", "arc-0", "--full")
        assert "  999\n" in out

    def test_an_unreadable_line_is_exit_3(self, fleet, capfd):
        write(fleet, {CODEX: ROWS + b"{"})
        code, out, _ = run(capfd, "show", "arc-0")
        assert code == 3
        assert "cut off" in out

    @pytest.mark.parametrize("room", range(270, 310, 4))
    def test_a_key_where_a_message_is_cut(self, fleet, capfd, room):
        rows = [failed_row() | {"error_str": "x" * room + f" key {ANTHROPIC}"} for _ in range(3)]
        write(fleet, {CODEX: lines(*rows)})
        for command in (["show", "arc-0"], ["show", "arc-0", "--full"], ["list"]):
            _, out, err = run(capfd, *command)
            assert ANTHROPIC[8:14] not in "".join((out + err).split())

    def test_a_key_where_what_shows_the_agent_is_cut(self, fleet, capfd):
        for room in range(60, 140, 8):
            agent = f"codex_exec/1.0 {'x' * room} {ANTHROPIC}"
            write(fleet, {CODEX: lines(litellm_row("4", user_agent=agent))})
            _, out, err = run(capfd, "show", "arc-0")
            assert ANTHROPIC[8:14] not in "".join((out + err).split())


class TestScanAndRedact:
    def test_what_cannot_be_redacted_is_told_and_all_else_goes(self, fleet, capfd, monkeypatch):
        write(fleet, {CODEX: lines(litellm_row(f"{KEY} {ANTHROPIC}"))})
        judged = Scanner.scan

        def stubborn(self, content):
            """As if a key of this kind could not be replaced."""
            return tuple(
                replace(hit, replacement=KEY.encode()) if hit.shape == "hugging-face" else hit
                for hit in judged(self, content)
            )

        monkeypatch.setattr(Scanner, "scan", stubborn)
        monkeypatch.setattr("evalpolicy.scanners.credentials.redaction._MARK", KEY.encode())
        code, out, err = run(capfd, "redact")
        assert code == 3
        assert "Anthropic API key" in out
        assert f"{CODEX}:1: not checked: Hugging Face" in err
        assert "cannot be redacted" in err
        assert ANTHROPIC not in (fleet / CODEX).read_text()
        assert KEY not in out + err

    def test_clean(self, fleet, capfd):
        assert run(capfd, "scan")[:2] == (0, "")
        assert run(capfd, "redact")[:2] == (0, "")

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (f"{LFS}\noid sha256:{'0' * 64}\nsize 12\n".encode(), "Git LFS pointer"),
            (gzip.compress(KEY.encode(), mtime=0), "compressed with gzip"),
            (KEY.encode("utf-16"), "UTF-16"),
        ],
        ids=["lfs", "gzip", "utf-16"],
    )
    def test_what_hides_its_content_is_no_pass(self, fleet, capfd, content, why):
        write(fleet, {CODEX: content})
        for command in ("scan", "redact"):
            code, _, err = run(capfd, command)
            assert code == 3
            assert f"{CODEX}:1: not checked: " in err
            assert why in err

    def test_scan_redact_scan(self, fleet, capfd):
        content = lines(litellm_row(f"my {KEY}, llm.corp.example"))
        hosts = "[secrets]\ninternal_hosts = ['[a-z]+\\.corp\\.example']\n"
        write(fleet, {CODEX: content, "evalpolicy.toml": hosts})
        code, out, _ = run(capfd, "scan")
        assert code == 1
        assert f"{CODEX}:1:" in out
        assert "$.response.choices[0].message.content" in out
        assert KEY not in out
        assert run(capfd, "scan", TRACES)[0] == 0
        code, out, _ = run(capfd, "redact", "--diff")
        assert code == 1
        assert KEY not in out
        assert (fleet / CODEX).read_bytes() == content
        os.chmod(fleet / CODEX, 0o640)
        code, out, err = run(capfd, "redact", "arc-0")
        assert code == 0
        assert "line 1" in out
        assert "1 fixture redacted" in err
        expected = content.replace(KEY.encode(), b"hf_REDACTED")
        expected = expected.replace(b"llm.corp.example", b"host.internal.invalid")
        assert (fleet / CODEX).read_bytes() == expected
        assert stat.S_IMODE((fleet / CODEX).stat().st_mode) == 0o640
        assert run(capfd, "scan")[0] == 0
        assert run(capfd, "redact")[:2] == (0, "")

    def test_the_exact_command_of_another_scanner(self, fleet, capfd):
        code, out, _ = run(capfd, "scan", "--with", "gitleaks", "--dry-run")
        assert code == 0
        assert out.startswith("gitleaks dir FOLDER --config")
        assert run(capfd, "scan", "--dry-run")[0] == 2

    def test_a_scanner_that_is_not_there_is_no_pass(self, fleet, capfd, monkeypatch, tmp_path):
        git_only = tmp_path / "bin"
        git_only.mkdir()
        import shutil

        os.symlink(shutil.which("git") or "git", git_only / "git")
        monkeypatch.setenv("PATH", str(git_only))
        code, _, err = run(capfd, "scan", "--with", "detect-secrets")
        assert code == 3
        assert "is not installed" in err

    def test_a_full_disk_leaves_the_old_file(self, fleet, capfd):
        content = lines(litellm_row(f"{'x' * 200_000} {KEY}"))
        write(fleet, {CODEX: content})
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        import signal

        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            code, _, err = run(capfd, "redact", "arc-0")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, before)
        assert code == 3
        assert "not redacted, and unchanged" in err
        assert (fleet / CODEX).read_bytes() == content
        assert sorted(os.listdir(fleet / FIXTURES)) == sorted(
            [CODEX.rpartition("/")[2], TRACES.rpartition("/")[2]]
        )

    def test_a_folder_is_all_in_it(self, fleet, capfd):
        _, _, err = run(capfd, "scan", FIXTURES)
        assert "2 fixtures scanned" in err


DEEP = b'{"status":"success","response":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
NESTED = '"4"'
for _ in range(10):
    NESTED = json.dumps(f"[{NESTED}]") if len(NESTED) < 4000 else NESTED
GOOD = lines(litellm_row())
BAD = {
    "cut off": (GOOD + GOOD[:50], "cut off"),
    "NUL": (GOOD + b"\x00\x00\n", "not JSON"),
    "nested strings": (GOOD + b'{"status":"success","response":' + NESTED.encode() + b"}\n", ""),
    "deep": (GOOD + DEEP, "not JSON"),
    "twice": (b'{"response":1,"status":"x",' + GOOD[1:], ""),
    "NaN": (GOOD + b'{"status":"success","response":NaN}\n', "not JSON"),
    "digits": (GOOD + b'{"status":"success","response":' + b"9" * 10_000 + b"}\n", "not JSON"),
    "surrogate": (GOOD + b'{"status":"success","response":"\\ud800"}\n', "not JSON"),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(range(256)), "gzip"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name, tmp_path, monkeypatch, capfd):
    """Clear finding, right exit code; the other commands do not fall over either."""
    content, word = BAD[name]
    monkeypatch.chdir(repository(tmp_path, {**FLEET, CODEX: content}))
    code = main(["check", "--select", "FIX003", "-q"])
    out = capfd.readouterr().out
    assert code == (1 if word else 0)
    assert word in out
    for arguments in (["list"], ["show", "arc-0"], ["scan"], ["redact"]):
        assert run(capfd, *arguments)[0] in (0, 3)
    assert (tmp_path / CODEX).read_bytes() == content


@pytest.mark.slow
def test_a_line_of_300_mb(tmp_path, monkeypatch, capfd):
    folder = repository(tmp_path, {**FLEET, CODEX: GOOD})
    with (folder / CODEX).open("ab") as file:
        file.write(b'{"status":"success","response":"')
        for _ in range(300):
            file.write(b"a " * (1 << 19))
        file.write(KEY.encode() + b'"}\n' + GOOD)
    monkeypatch.chdir(folder)
    assert main(["check", "--select", "FIX003,SEC001", "-q"]) == 1
    out = capfd.readouterr().out
    assert f"{CODEX}:2:1: " in out
    assert "the limit is 16,777,216" in out
    assert "SEC001" in out


def test_the_key_of_these_tests_is_one_that_the_scanner_knows():
    assert Scanner().scan(KEY.encode())
