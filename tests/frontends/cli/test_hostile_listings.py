"""Whatever a repository calls its files, no command prints what a terminal or a runner obeys."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from tests.fleets import AGENT, BENCHMARK, FIXTURES, FLEET, git, repository
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.__main__ import main
from evalpolicy.policy.portable import portable

HOSTILE = [
    "::add-mask::e",
    " ::stop-commands::x",
    "a\n::error::owned",
    "a\r::error::owned",
    "##[error]x",
    "#a###[add-path]x",
    "a\x1b[31mred",
    "a\x9b31mred",
    "a\x7f\x08b",
    "a\u202egnp",
    "a\u2028b\u2029c",
    "a\u200bb\u200cc\u200dd",
    "a\u2060b\u2064c",
    "a\xadb\u034fc",
    "a\u3164b\uffa0c\u115fd",
    "a\U000e0041b\U000e007fc",
    "a\ufeffb\u180ec",
    "a\udcffb",
    "![x](https:evil)",
    "[y](evil) @somebody #1",
    "`a` | b",
    "<img src=x>",
    "*a* _b_ ~c~ \\",
    "www.evil.example",
    "--option",
    "$(id) ; 'x'",
]
Ran = Callable[..., tuple[str, str]]
UNSEEN = frozenset("\u034f\u3164\uffa0\u115f\u1160")
INTERNAL = "llm.corp.example"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files: dict[str, str | bytes] = {
        **FLEET,
        "evalpolicy.toml": "[secrets]\ninternal_hosts = ['llm\\.corp\\.example']\n",
        ".gitleaks.toml": "[[allowlists]]\ndescription = '''##[x] \u202e'''\npaths = ['''a''']\n",
        ".pre-commit-config.yaml": "repos:\n- repo: https://github.com/gitleaks/gitleaks\n"
        "  rev: v8.24.0\n  hooks:\n  - id: gitleaks\n",
        "evals/docker-bake.hcl": "",
    }
    for word in HOSTILE:
        files[f"containers/benchmarks/{word}/Dockerfile"] = f"{BENCHMARK}LABEL a={word!a}\nWAT\n"
        files[f"containers/agents/{word}/Dockerfile"] = AGENT
        model = portable(word)
        row = litellm_row(f"{model} {INTERNAL}", model=model, user_agent=model)
        stem = f"{FIXTURES}/{word}-{word}-{word}"
        files[f"{stem}.trajectory.jsonl"] = lines(row, {"status": "failure", "error_str": model})
        files[f"{FIXTURES}/{word}"] = "x"
        files[f"{FIXTURES}/arc-{word}-codex.traces.jsonl"] = f"{word!a}\n"
        files[f"{word}.md"] = f"[dead](no/{portable(word).strip()})\n"
    return repository(tmp_path_factory.mktemp("hostile") / "fleet", files)


@pytest.fixture
def ran(
    fleet: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., tuple[str, str]]:
    """`ran(*words)`: what a command prints, on standard output and standard error."""

    def call(*words: str) -> tuple[str, str]:
        monkeypatch.chdir(fleet)
        code = main(list(words))
        out, err = (text.decode("utf-8", "surrogateescape") for text in capfdbinary.readouterr())
        assert code in (0, 1, 3), err
        assert out + err
        assert "internal error" not in out + err
        return out, err

    return call


def harm(text: str) -> list[str]:
    """The lines that hold what a terminal or a runner obeys, or what nobody sees."""
    return [
        line
        for line in text.split("\n")
        if "##[" in line
        or line.lstrip().startswith("::")
        or any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") for c in line)
        or UNSEEN & set(line)
    ]


COMMANDS = [
    "check",
    "check --quiet",
    "check --statistics",
    "check --format=json",
    "check --format=markdown",
    "check --format=sarif",
    "check --format=junit",
    "check --staged",
    "check --rev=HEAD --select=FIX,STR",
    "fleet",
    "fleet --format=json",
    "fleet --format=markdown",
    "fixtures list",
    "fixtures list --sort=size",
    "fixtures list --format=json",
    "fixtures list --format=markdown",
    "fixtures scan",
    "fixtures redact --diff",
    "baseline write --baseline=known.json",
    "baseline show --baseline=known.json",
    "baseline prune --baseline=known.json",
    "provenance backfill --diff",
    "provenance backfill --dry-run",
    "provenance verify",
    "replay plan",
    "replay plan --format=json",
    "replay plan --format=matrix",
    "replay plan --format=kubernetes",
    "rules --format=json",
    "gitleaks explain",
    "gitleaks explain --at=8.24.0 --at=8.18.0",
    "gitleaks explain --format=json",
    "gitleaks explain --format=markdown",
    "init --dry-run",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_that_is_obeyed_is_printed(ran: Ran, command: str) -> None:
    out, err = ran(*command.split(" "))
    assert harm(out) == []
    assert harm(err) == []
    if "json" in command.rpartition("=")[2] and "known" not in command:
        json.loads(out)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_of_one_fixture(ran: Ran, number: int) -> None:
    word = HOSTILE[number]
    path = f"{FIXTURES}/{word}-{word}-{word}.trajectory.jsonl"
    for text in ran("fixtures", "show", path):
        assert harm(text) == []


def test_json_is_the_data(ran: Ran) -> None:
    names = {portable(word) for word in HOSTILE}
    units = json.loads(ran("fleet", "--format=json")[0])
    assert names <= {unit["name"] for unit in units["benchmarks"]}
    assert names <= {unit["name"] for unit in units["agents"]}
    rows = json.loads(ran("fixtures", "list", "--format=json")[0])
    assert names <= {model for row in rows for model in row["models"] or ()}
    assert {f"{name}-{name}-{name}" for name in names} <= {row["fixture"] for row in rows}
    report = json.loads(ran("check", "--format=json", "--select=FIX030")[0])
    assert {f["subject"] for f in report["findings"]} == names


@pytest.mark.parametrize("command", ["fleet", "fixtures list", "gitleaks explain", "check"])
def test_markdown_is_text(ran: Ran, command: str) -> None:
    out, _ = ran(*command.split(" "), "--format=markdown")
    reader = MarkdownIt("commonmark").enable("table").enable("strikethrough")
    heads = set()
    for token in reader.parse(out):
        if token.type == "html_block":  # the report's own, which holds numbers only
            own = r"<details><summary>and [0-9,]+ more in [a-z0-9, ]+</summary>|</details>"
            assert re.fullmatch(own, token.content.strip())
        for inner in token.children or ():
            assert inner.type in ("text", "code_inline", "softbreak", "strong_open", "strong_close")
            if inner.type == "text":
                assert not {"@", "#", "<", "[", "`"} & set(inner.content.removeprefix("## "))
                assert "www." not in inner.content
    table = [line for line in out.split("\n") if line.startswith("|")]
    heads = {line.count("|") for line in table}
    assert len(heads) <= 1


def test_the_fleet_is_as_it_was(fleet: Path) -> None:
    assert git(fleet, "status", "--porcelain").replace("?? known.json\n", "") == ""
