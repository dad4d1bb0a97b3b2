"""A file that cannot be read costs one problem: no command fails, and all else is reported."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fleets import FIXTURES, FLEET, git, repository, write
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.__main__ import main

KINDS: dict[str, bytes | Callable[[Path], object]] = {
    "binary": bytes(range(256)) * 40,
    "nested": b'{"a":' * 50_000,
    "lists": b"[" * 50_000,
    "utf8": b'# \xff\xfe\x80\nFROM a\xff\n{"a\xff": 1}\n',
    "surrogate": b'{"\\ud800": "\\ud800", "a": ["\\udfff"]}',
    "utf16": 'FROM a\n{"a": 1}\n'.encode("utf-16"),
    "numbers": b'{"a": 1e999999, "b": ' + b"9" * 5000 + b"}",
    "yaml": b"a: &a [*a, *a]\nb: !!python/object:os.system x\n? [x]\n: {y}\n",
    "empty": b"",
    "link": lambda file: file.symlink_to("/nowhere/x"),
    "itself": lambda file: file.symlink_to(file.name),
    "outside": lambda file: file.symlink_to("/etc"),
    "folder": lambda file: write(file, {"x": "x"}),
    "fifo": os.mkfifo,
}
Ran = Callable[[Path, str], tuple[int, str]]
GOOD = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
CONFIG = {
    ".gitleaks.toml": "[allowlist]\npaths = ['''a''']\n",
    ".pre-commit-config.yaml": "repos:\n- repo: https://github.com/gitleaks/gitleaks\n"
    "  rev: v8.24.0\n  hooks:\n  - id: gitleaks\n",
    f"{FIXTURES}/provenance.json": "{}\n",
    f"{FIXTURES}/broken.json": "{}\n",
    "evals/docker-bake.hcl": "",
    ".github/workflows/ci.yaml": "on: push\njobs: {}\n",
    "containers/compose/services.yaml": "services: {}\n",
}
RECORD = (
    "provenance record {} --dry-run --agent=codex --benchmark=arc --task=1 --agent-version=1"
    " --model=x --captured=2026-06-15T08:30:00Z --data-revision=x --reward=1 --release-tag=v1"
)


def bad(root: Path, path: str, kind: str) -> None:
    content, file = KINDS[kind], root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        content(file)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A unit and a recording of each kind, beside sound ones."""
    places = (
        "containers/benchmarks/{}/Dockerfile", "containers/agents/{}/Dockerfile",
        f"{FIXTURES}/arc-{{}}-codex.trajectory.jsonl", "{}.md",
    )  # fmt: skip
    sound = {place.format(kind): "x" for place in places for kind in KINDS}
    root = repository(
        tmp_path_factory.mktemp("bad") / "fleet",
        {**FLEET, **CONFIG, **sound, GOOD: lines(litellm_row())},
    )
    for kind in KINDS:
        if kind == "fifo":
            git(root, "add", "-A")  # it takes none: what is tracked became one
        for place in places:
            bad(root, place.format(kind), kind)
    return root


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Ran:
    """`ran(root, command)`: the exit code, and all that is printed."""

    def call(root: Path, command: str) -> tuple[int, str]:
        monkeypatch.chdir(root)
        code = main(command.split(" "))
        said = "".join(text.decode() for text in capfdbinary.readouterr())
        assert "internal error" not in said
        return code, said

    return call


@pytest.mark.parametrize(
    ("command", "still"),
    [
        *((f"check --no-cache --format={kind}", "REL002") for kind in
          ("text", "json", "sarif", "junit", "markdown", "html")),
        ("check --no-cache --staged", "REL002"),
        ("fleet", "210d026f"),
        ("fleet --format=json", "grade-school"),
        ("fixtures list --no-cache", "arc"),
        ("fixtures list --format=json --no-cache", '"turns": 1,'),
        ("fixtures scan --no-cache", "scanned"),
        ("fixtures redact --dry-run", "would be redacted"),
        ("baseline write --baseline=../known.json", "written"),
        ("provenance backfill --diff", '+  "arc-0-codex": {'),
        ("provenance verify", "arc-0-codex"),
        ("replay plan", f"# replay {GOOD}"),
        ("replay plan --format=json", '"arc-0-codex"'),
        ("report --output=../report --no-cache", "wrote"),
    ],
)  # fmt: skip
def test_all_else_is_reported(fleet: Path, ran: Ran, command: str, still: str) -> None:
    code, said = ran(fleet, command)
    assert code == 3
    assert still in said


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "folder"])
@pytest.mark.parametrize(
    "command", ["fixtures show {}", "fixtures show --turn=1 {}", RECORD, "replay plan {}"]
)
def test_a_recording_that_was_asked_for(fleet: Path, ran: Ran, command: str, kind: str) -> None:
    path = f"{FIXTURES}/arc-{kind}-codex.trajectory.jsonl"
    code, said = ran(fleet, command.format(path))
    if kind == "empty" and "plan" not in command:
        assert code in (0, 2, 3)  # it is read, and holds nothing
        return
    assert (code, path in said) == (3, True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_the_whole_fleet(tmp_path: Path, ran: Ran, kind: str) -> None:
    """Of all that there is once: what does not need it is as it was."""
    root = repository(tmp_path / "fleet", {**FLEET, **CONFIG, GOOD: lines(litellm_row())})
    for path in CONFIG:
        bad(root, path, kind)
    if kind != "fifo":
        git(root, "add", "-A")
    code, said = ran(root, "check --no-cache --format=json")
    assert code in (1, 3)
    assert {"REL002"} <= {finding["rule"] for finding in json.loads(said)["findings"]}
    for command in ("provenance verify", RECORD.format(GOOD), "gitleaks explain", "replay plan",
                    "init --dry-run", "check --no-cache --format=sarif -q"):  # fmt: skip
        assert ran(root, command)[0] in (0, 1, 3), command
