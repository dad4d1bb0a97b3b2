"""Whatever a repository's configuration, attributes and files name: no command runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.action_runner import run as run_action
from tests.fleets import git
from tests.frontends.lsp.client import Editor, session
from tests.snapshot.hostile import ARC, SET_UPS, SetUp, Trap, prepared, touched
from tests.submissions import MESSAGE

from evalpolicy.__main__ import main
from evalpolicy.errors import NotCheckedError
from evalpolicy.frontends.action.__main__ import main as action
from evalpolicy.frontends.lsp.documents import OpenDocument
from evalpolicy.frontends.lsp.judging import NotChecked, fleet_of, judge
from evalpolicy.frontends.lsp.rows import Rows

pytestmark = pytest.mark.slow
JSON = ("--format", "json")
OUT = "{place}/out"
COMMANDS = {
    "check": ("check", *JSON),
    "check --staged": ("check", "--staged", *JSON),
    "check --rev": ("check", "--rev", "HEAD", *JSON),
    "check --base": ("check", "--base", "main", *JSON),
    "check --staged --base": ("check", "--staged", "--base", "main", *JSON),
    "check --rev --base": ("check", "--rev", "HEAD", "--base", "main", *JSON),
    "check --message": ("check", "--staged", "--message", "{place}/message", *JSON),
    "check --event": ("check", "--event", "{place}/event.json", *JSON),
    "check --diff": ("check", "--diff"),
    "fixtures list": ("fixtures", "list"),
    "fleet": ("fleet",),
    "provenance record": ("provenance", "record", "arc-0-codex", "--dry-run"),
    "provenance backfill": ("provenance", "backfill", "--dry-run"),
    "provenance verify": ("provenance", "verify"),
    "replay plan": ("replay", "plan", "--base", "main"),
    "report": ("report", "--output", OUT),
    "gitleaks explain": ("gitleaks", "explain"),
    "init": ("init", "--dry-run"),
    "baseline write": ("baseline", "write", "--baseline", f"{OUT}.json"),
}
# They read the fixture's content from the object store.
FROM_STORE = {"check --staged", "check --rev", "check --staged --base", "check --rev --base",
              "check --message", "check --event"}  # fmt: skip


@pytest.fixture
def trap(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return prepared(tmp_path)


def event(trap: Trap) -> None:
    main_, work = (git(trap.root, "rev-parse", name).strip() for name in ("main", "HEAD"))
    pull = {
        "number": 7, "title": "Add arc", "body": "Fixes #1", "labels": [], "commits": 1,
        "user": {"login": "someone", "type": "User"},
        "head": {"sha": work, "repo": {"full_name": "org/fleet"}},
        "base": {"sha": main_, "repo": {"full_name": "org/fleet"}},
    }  # fmt: skip
    (trap.place / "event.json").write_text(json.dumps({"pull_request": pull}))
    (trap.place / "message").write_text(MESSAGE)


def outcomes(
    trap: Trap, capsys, names: Iterable[str] = COMMANDS
) -> dict[str, tuple[int, list[str]]]:
    """By command its exit code and, of a JSON report, its findings."""
    found = {}
    for name in names:
        words = COMMANDS[name]
        code = main([word.format(place=trap.place) for word in words])
        printed = capsys.readouterr()
        assert "internal error" not in printed.err, (name, printed.err)
        assert not trap.marker.exists(), name
        findings = []
        if name.startswith("check") and printed.out.startswith("{"):
            report = json.loads(printed.out)
            assert report["snapshot"]["base"] in (None, trap.first), name
            findings = [
                f"{f['rule']} {f['path'].removeprefix(str(trap.place))}" for f in report["findings"]
            ]
        found[name] = (code, findings)
    return found


def in_action(trap: Trap, path: str, of: str = "pull_request") -> int:
    """The exit code that the action hands on for the folder `path` of its workspace.

    What the set-up does to the environment is for the process that the action starts to survive;
    where it does nothing, the same command line runs in this one.
    """
    output = trap.place / "output"
    output.write_text("")
    with pytest.MonkeyPatch.context() as patch:
        if not trap.environment:
            patch.setattr("evalpolicy.frontends.action.__main__._evalpolicy", _here)
        action(
            {
                **os.environ,
                "GITHUB_WORKSPACE": str(trap.root),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_EVENT_NAME": of,
                "GITHUB_EVENT_PATH": str(trap.place / "event.json"),
                "INPUT_PATH": path,
            }
        )
    lines = output.read_text().splitlines()
    return int(lines[next(n for n, line in enumerate(lines) if line.startswith("exit-code<<")) + 1])


def _here(folder: Path, arguments: list[str]) -> tuple[int, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return main(arguments), ""


def in_editor(trap: Trap) -> bool:
    """Whether the language server checks anything once it opened one Dockerfile."""
    file = trap.root / ARC / "Dockerfile"
    try:
        top = fleet_of(str(file.parent))
    except NotCheckedError:
        return False
    text = file.read_text() + "# more\n"
    documents = [OpenDocument(file.as_uri(), str(file), 1, text)]
    said = judge(top, documents, Rows(top), lambda: False, lambda judged: judged.report)
    return not isinstance(said, NotChecked)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """What the commands say of the same repository without a trap, made once."""
    return {}


@pytest.mark.parametrize("how", SET_UPS, ids=lambda how: how.name)
def test_nothing_runs(how: SetUp, trap: Trap, untouched, monkeypatch, capsys):
    """By a fifth of the commands, each set-up another; and by all of them with the engines."""
    some = list(COMMANDS)[SET_UPS.index(how) % 5 :: 5]
    nothing_runs(how, trap, untouched, monkeypatch, capsys, some)


@pytest.mark.engine("git")
@pytest.mark.parametrize("how", SET_UPS, ids=lambda how: how.name)
def test_nothing_runs_by_any_command(how: SetUp, trap: Trap, untouched, monkeypatch, capsys):
    nothing_runs(how, trap, untouched, monkeypatch, capsys, list(COMMANDS))


def nothing_runs(how: SetUp, trap: Trap, untouched, monkeypatch, capsys, names: list[str]) -> None:
    if how.name == "somebody-elses" and os.getuid() != 0:
        pytest.skip("only root can give files away")
    monkeypatch.chdir(trap.root)
    event(trap)
    if not untouched:
        touched(trap)
        untouched.update(outcomes(trap, capsys))
        # What was kept of the same contents would hide what git says of them.
        monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(trap.place / "cache"))
    how.make(trap)
    if how.outcome != "refused":  # the set-up may have made another commit
        event(trap)
    touched(trap)
    for name, value in trap.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(trap.root / how.inside)

    found = outcomes(trap, capsys, names)
    code = in_action(trap, how.inside)
    assert not trap.marker.exists(), "the action"
    checked = in_editor(trap)
    assert not trap.marker.exists(), "the language server"

    match how.outcome:
        case "refused":
            assert {code for code, _ in found.values()} <= {3}
            assert code == 3
            assert not checked
        case "absent":
            for name, (one, _) in found.items():
                assert one == 3 if name in FROM_STORE else one in (untouched[name][0], 3), name
            assert code == 3
            assert checked
        case _:
            assert found == {name: untouched[name] for name in names}
            assert code == untouched["check --event"][0]
            assert checked
    if how.control:
        subprocess.run(["sh", "-c", how.control], capture_output=True, check=False, env=plain(trap))
        assert trap.marker.exists(), "plain git is not taken in: the trap proves nothing"


def plain(trap: Trap) -> dict[str, str]:
    """What an unwary person's git is started with."""
    return {**os.environ, "TERM": "xterm", "PAYLOAD": trap.payload}


CRITICAL = [
    how for how in SET_UPS if how.name in ("fsmonitor", "clean", "bare-with-driver", "include")
]


@pytest.mark.parametrize("how", CRITICAL, ids=lambda how: how.name)
def test_nothing_runs_in_the_real_action_and_the_real_server(how: SetUp, trap: Trap):
    how.make(trap)
    event(trap)
    touched(trap)
    github = {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(trap.place / "event.json"),
    }
    ran = run_action(
        trap.root, trap.place / "runner", {"path": how.inside}, installed=sys.executable,
        github=github,
    )  # fmt: skip
    assert not trap.marker.exists(), "the action"
    refused = how.outcome == "refused"
    assert (ran.outputs["exit-code"] == "3") == refused
    assert any("bare repository inside" in line for line in ran.commands) == refused

    async def scenario(editor: Editor) -> None:
        uri = editor.open(trap.root / ARC / "Dockerfile")
        if refused:
            await editor.until(lambda: editor.messages)
            assert "bare repository inside" in editor.messages[0]
        else:
            await editor.diagnostics(uri)

    session(scenario)
    assert not trap.marker.exists(), "the language server"


def test_a_submodule_in_the_place_of_the_fleet_is_refused_by_the_action(trap: Trap):
    """`actions/checkout` with `submodules: true` fills what the submission put there."""
    git(trap.root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", trap.root, "evals")
    git(trap.root, "commit", "-qm", MESSAGE)
    event(trap)
    assert in_action(trap, ".", "workflow_dispatch") != 3
    assert in_action(trap, "evals", "workflow_dispatch") == 3
