"""`evalpolicy lsp`, as an editor meets it: a real process, real messages, real repositories."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from lsprotocol import types
from tests.fleets import BENCHMARK, FIXTURES, FLEET, repository, write
from tests.frontends.lsp.client import PATIENCE, Editor, session

from evalpolicy.__main__ import main
from evalpolicy.testing.repositories import start

ARC = "containers/benchmarks/arc/Dockerfile"
WRONG_NAME = BENCHMARK.replace('name="arc"', 'name="ark"')


@pytest.fixture
def fleet(tmp_path):
    return repository(tmp_path / "fleet")


def one(diagnostics: list[types.Diagnostic], code: str) -> types.Diagnostic:
    [found] = [each for each in diagnostics if each.code == code]
    return found


def at(line: int, start: int, end: int) -> types.Range:
    return types.Range(types.Position(line, start), types.Position(line, end))


def test_open_change_mend(fleet):
    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC)
        assert await editor.diagnostics(uri) == []
        editor.change(uri, WRONG_NAME)
        found = one(await editor.diagnostics(uri), "LBL004")
        assert found.range == at(2, 6, 31)
        assert found.severity == types.DiagnosticSeverity.Error
        assert found.source == "evalpolicy"
        assert found.code_description.href.endswith("/rules/LBL004/")
        assert "ark" in found.message
        editor.change(uri, BENCHMARK)
        assert await editor.diagnostics(uri) == []
        assert (fleet / ARC).read_text() == BENCHMARK

    session(scenario, fleet)


def test_the_same_findings_as_check(fleet):
    files = {
        ARC: WRONG_NAME + "# TODO one\n",
        "README.md": "see [this](gone.md)\n",
        "containers/benchmarks/gsm/Dockerfile": "FROM python\n",
    }
    write(fleet, files)
    from tests.fleets import judge

    report = judge(fleet)
    expected = sorted((f.path, f.rule, f.span.line - 1) for f in report.findings)
    assert len(expected) > 5

    async def scenario(editor: Editor) -> None:
        def shown() -> list[tuple[str, str, int]]:
            return sorted(
                (uri.removeprefix(f"{fleet.as_uri()}/"), str(each.code), each.range.start.line)
                for uri, sent in editor.sent.items()
                for each in sent[-1].diagnostics
            )

        await editor.until(lambda: shown() == expected, f"{expected}")

    session(scenario, fleet)


def test_hover_shows_the_rule_and_what_a_label_resolves_to(fleet):
    text = BENCHMARK.replace("FROM", "ARG TASKS=400\nFROM").replace(
        'tasks="400"', 'tasks="${TASKS}"'
    )
    text = text.replace("LABEL eval.type", "ARG TASKS\nLABEL eval.type")
    text = text.replace('name="arc"', 'name="ark"')

    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC, text)
        found = one(await editor.diagnostics(uri), "LBL004")
        page = await editor.hover(uri, found.range.start.line, found.range.start.character)
        assert "# LBL004 label-name-mismatch (error)" in page
        assert "## Why" in page
        label = await editor.hover(uri, 6, 8)
        assert label == '**`eval.benchmark.tasks`** is `400`  \nwritten `"${TASKS}"`'
        assert await editor.hover(uri, 0, 0) == ""

    session(scenario, fleet)


def test_a_fix_is_applied_and_the_diagnostic_gone(fleet):
    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC, WRONG_NAME)
        found = one(await editor.diagnostics(uri), "LBL004")
        offered = await editor.actions(uri, found.range)
        fix = offered["Fix LBL004 label-name-mismatch"]
        assert fix.is_preferred
        assert fix.kind == types.CodeActionKind.QuickFix
        assert [each.code for each in fix.diagnostics] == ["LBL004"]
        editor.apply(fix)
        assert await editor.diagnostics(uri) == []
        assert await editor.actions(uri, found.range) == {}

    session(scenario, fleet)


def test_an_action_speaks_of_the_text_that_was_just_typed(fleet):
    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC)
        await editor.diagnostics(uri)
        editor.change(uri, "# above\n" + WRONG_NAME)
        offered = await editor.actions(uri, at(3, 0, 40))
        editor.apply(offered["Fix LBL004 label-name-mismatch"])
        assert editor._texts[uri][1] == "# above\n" + BENCHMARK

    session(scenario, fleet)


def test_only_what_is_asked_for_and_all_fixes_at_once(fleet):
    text = WRONG_NAME.replace("LABEL", 'LABEL eval.benchmark.env="shared-env"\nLABEL', 1)

    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC, text)
        codes = {each.code for each in await editor.diagnostics(uri)}
        assert {"LBL004", "LBL006"} <= codes
        offered = await editor.actions(uri, at(0, 0, 0), ["source.fixAll"])
        [fix] = offered.values()
        assert fix.kind == "source.fixAll.evalpolicy"
        editor.apply(fix)
        assert await editor.diagnostics(uri) == []
        assert await editor.actions(uri, at(2, 0, 9), ["refactor"]) == {}

    session(scenario, fleet)


def test_a_guess_is_marked_as_one(fleet):
    text = BENCHMARK.replace("eval.benchmark.internet", "eval.benchmark.internte")

    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC, text)
        found = one(await editor.diagnostics(uri), "LBL005")
        fix = (await editor.actions(uri, found.range))[
            "Fix LBL005 label-unknown (unsafe: it guesses)"
        ]
        assert not fix.is_preferred

    session(scenario, fleet)


def test_what_has_no_effect_is_faded(fleet):
    text = BENCHMARK + "# evalpolicy: ignore[HYG006] nothing is fetched\nRUN true\n"

    async def scenario(editor: Editor) -> None:
        found = one(await editor.diagnostics(editor.open(fleet / ARC, text)), "EVP001")
        assert list(found.tags) == [types.DiagnosticTag.Unnecessary]
        assert found.severity == types.DiagnosticSeverity.Warning

    session(scenario, fleet)


def test_an_entry_leads_to_its_recording(fleet):
    recording = f"{FIXTURES}/arc-0-codex.traces.jsonl"
    entries = f"{FIXTURES}/provenance.json"
    write(fleet, {recording: "{}\n", entries: '{"arc-0-codex": {}}\n'})

    async def scenario(editor: Editor) -> None:
        found = await editor.diagnostics(editor.open(fleet / entries))
        assert {each.code for each in found} == {"PRV003"}
        [related] = found[0].related_information
        assert related.location.uri == (fleet / recording).as_uri()
        assert related.message == "the recording arc-0-codex"

    session(scenario, fleet)


def test_who_types_without_a_pause_sees_something_too(fleet):
    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC)
        await editor.diagnostics(uri)
        for number in range(12_000):
            editor.change(uri, f"{WRONG_NAME}# {number}\n")
            await asyncio.sleep(0.05)
            if editor.shown(uri) == ["LBL004"]:
                return
        raise AssertionError("nothing in ten minutes")

    session(scenario, fleet)


def test_a_suppression_needs_its_reason(fleet):
    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC, WRONG_NAME)
        found = one(await editor.diagnostics(uri), "LBL004")
        offered = await editor.actions(uri, found.range)
        editor.apply(offered["Suppress LBL004 with a comment (write the reason)"])
        codes = {each.code for each in await editor.diagnostics(uri)}
        assert codes == {"LBL004", "EVP002"}
        text = editor._texts[uri][1]
        assert "      # evalpolicy: ignore[LBL004] <reason>\n      eval.benchmark.name" in text
        editor.change(uri, text.replace("<reason>", "the set is called that"))
        assert await editor.diagnostics(uri) == []

    session(scenario, fleet)


@pytest.mark.parametrize(
    ("encodings", "encoding", "column"),
    [
        (None, "utf-16", 14),
        (["utf-16"], "utf-16", 14),
        (["utf-8", "utf-16"], "utf-8", 17),
        (["utf-32"], "utf-32", 13),
        (["utf-7"], "utf-16", 14),
    ],
)
def test_columns_behind_an_emoji(fleet, encodings, encoding, column):
    right = BENCHMARK.replace("LABEL eval.type", 'LABEL x="🦜é" eval.type').replace(
        " \\\n      eval.benchmark.name", " eval.benchmark.name"
    )
    right = right.replace('LABEL x="🦜é" eval.type="benchmark" eval', 'LABEL x="🦜é" eval')
    right = right.replace("RUN", 'LABEL eval.type="benchmark"\nRUN')

    async def scenario(editor: Editor) -> None:
        assert editor.capabilities.position_encoding == encoding
        uri = editor.open(fleet / ARC, right.replace('"arc"', '"ark"'))
        found = one(await editor.diagnostics(uri), "LBL004")
        assert found.range == at(1, column, column + len('eval.benchmark.name="ark"'))
        fix = (await editor.actions(uri, found.range))["Fix LBL004 label-name-mismatch"]
        editor.apply(fix, encoding)
        assert editor._texts[uri][1] == right
        assert "LBL004" not in [each.code for each in await editor.diagnostics(uri)]

    session(scenario, fleet, encodings=encodings)


def test_unsaved_text_counts_for_other_files(fleet):
    write(fleet, {"docs/a.md": "[b](b.md)\n"})
    dead = (fleet / "docs/a.md").as_uri()

    async def scenario(editor: Editor) -> None:
        await editor.until(lambda: editor.shown(dead) == ["STR005"], "a dead link")
        new = editor.open(fleet / "docs/b.md", "# B\n")
        await editor.until(lambda: editor.shown(dead) == [], "the link leads to unsaved text")
        editor.close(new)
        await editor.until(lambda: editor.shown(dead) == ["STR005"], "dead again")

    session(scenario, fleet)


def test_what_git_ignores_is_no_part_of_the_fleet_unsaved_either(fleet):
    write(fleet, {".gitignore": "*.draft.md\n", "docs/a.md": "[b](b.draft.md)\n"})
    dead = (fleet / "docs/a.md").as_uri()

    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / "docs/b.draft.md", "# B\n")
        assert await editor.diagnostics(uri) == []
        assert editor.shown(dead) == ["STR005"]

    session(scenario, fleet)


def test_closing_takes_unsaved_mistakes_back(fleet):
    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC, WRONG_NAME)
        one(await editor.diagnostics(uri), "LBL004")
        editor.close(uri)
        await editor.until(lambda: editor.shown(uri) == [], "cleared")

    session(scenario, fleet)


def test_scope_open_speaks_of_open_files_only(fleet):
    write(fleet, {ARC: WRONG_NAME, "docs/a.md": "[b](b.md)\n"})

    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC)
        one(await editor.diagnostics(uri), "LBL004")
        assert list(editor.sent) == [uri]
        editor.close(uri)
        await editor.until(lambda: editor.shown(uri) == [], "cleared")

    session(scenario, fleet, options={"scope": "open"})


def test_an_option_that_nobody_knows_is_said(fleet):
    async def scenario(editor: Editor) -> None:
        await editor.until(lambda: editor.messages)
        assert "unknown scope 'all'" in editor.messages[0]

    session(scenario, fleet, options={"scope": "all"})


def test_two_roots_each_by_its_own_configuration(fleet, tmp_path):
    other = repository(tmp_path / "other", {**FLEET, "evalpolicy.toml": '[rules]\nLBL = "off"\n'})

    async def scenario(editor: Editor) -> None:
        here = editor.open(fleet / ARC, WRONG_NAME)
        there = editor.open(other / ARC, WRONG_NAME)
        one(await editor.diagnostics(here), "LBL004")
        assert await editor.diagnostics(there) == []
        editor.workspace_did_change_workspace_folders(
            types.DidChangeWorkspaceFoldersParams(
                types.WorkspaceFoldersChangeEvent(
                    [], [types.WorkspaceFolder(fleet.as_uri(), "fleet")]
                )
            )
        )
        await editor.until(lambda: editor.shown(here) == [], "taken back with the folder")
        editor.change(there, BENCHMARK.replace("python:3.12-slim", "debian"))
        one(await editor.diagnostics(there), "PIN002")

    session(scenario, fleet, other)


def test_a_fleet_within_an_open_folder_of_another_is_judged_once(fleet):
    write(fleet, {f"sub/{path}": text for path, text in FLEET.items()})
    write(fleet, {"sub/evalpolicy.toml": '[rules]\nHYG = "off"\n', f"sub/{ARC}": WRONG_NAME})

    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / "sub" / ARC, WRONG_NAME + "# TODO\n")
        one(await editor.diagnostics(uri), "LBL004")
        await asyncio.sleep(0.5)
        assert editor.shown(uri) == ["LBL004"]

    session(scenario, fleet, fleet / "sub")


def test_configuration_is_read_anew_and_a_mistake_in_it_is_shown_in_it(fleet):
    write(fleet, {ARC: WRONG_NAME, "evalpolicy.toml": ""})
    dockerfile = (fleet / ARC).as_uri()

    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / "evalpolicy.toml")
        await editor.until(lambda: editor.shown(dockerfile) == ["LBL004"], "the finding")
        editor.change(uri, '[rules]\nLBL004 = "of"\n')
        [wrong] = await editor.diagnostics(uri)
        assert (wrong.code, wrong.range.start.line) == ("not-checked", 1)
        assert editor.shown(dockerfile) == ["LBL004"]
        editor.change(uri, '[rules]\nLBL004 = "off"\n')
        assert await editor.diagnostics(uri) == []
        await editor.until(lambda: editor.shown(dockerfile) == [], "switched off")

    session(scenario, fleet)


def test_what_cannot_be_read_is_shown_where_it_is(fleet):
    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC, "FROM a\nWRONG b\n")
        found = [each for each in await editor.diagnostics(uri) if each.code == "not-checked"]
        assert found[0].range.start.line == 1
        assert found[0].severity == types.DiagnosticSeverity.Error

    session(scenario, fleet)


def test_a_folder_that_is_no_fleet_is_a_message(tmp_path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/Dockerfile").write_text("FROM a\n")
    empty = start(tmp_path / "empty")

    async def scenario(editor: Editor) -> None:
        await editor.until(lambda: len(editor.messages) == 2, "two messages")
        assert "is not in a git repository and has no evalpolicy.toml" in editor.messages[0]
        assert "nothing to check" in editor.messages[1]
        uri = editor.open(tmp_path / "plain/Dockerfile")
        assert await editor.hover(uri, 0, 0) == ""
        assert await editor.actions(uri, at(0, 0, 1)) == {}
        write(empty, {"Dockerfile": "FROM a\n"})
        editor.workspace_did_change_watched_files(
            types.DidChangeWatchedFilesParams(
                [types.FileEvent((empty / "Dockerfile").as_uri(), types.FileChangeType.Created)]
            )
        )
        late = (empty / "Dockerfile").as_uri()
        await editor.until(lambda: editor.shown(late) == ["PIN002"], "it became one")

    session(scenario, tmp_path / "plain", empty)


def test_outside_of_git_a_configuration_makes_a_folder_a_fleet(tmp_path):
    write(tmp_path, {**FLEET, "evalpolicy.toml": "", ARC: WRONG_NAME})

    async def scenario(editor: Editor) -> None:
        uri = editor.open(tmp_path / ARC)
        one(await editor.diagnostics(uri), "LBL004")

    session(scenario, tmp_path)


def test_a_file_without_a_folder_brings_its_own(fleet):
    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC, WRONG_NAME)
        one(await editor.diagnostics(uri), "LBL004")
        untitled = types.TextDocumentItem("untitled:1", "dockerfile", 1, "FROM a\n")
        editor.text_document_did_open(types.DidOpenTextDocumentParams(untitled))
        assert await editor.hover("untitled:1", 0, 0) == ""

    session(scenario)


def test_links_are_called_what_the_editor_calls_them(fleet, tmp_path):
    write(fleet, {ARC: WRONG_NAME})
    (tmp_path / "link").symlink_to(fleet)
    through = tmp_path / "link"

    async def scenario(editor: Editor) -> None:
        closed = (through / ARC).as_uri()
        await editor.until(lambda: editor.shown(closed) == ["LBL004"], "by the folder's name")
        uri = editor.open(through / ARC, BENCHMARK)
        assert await editor.diagnostics(uri) == []
        assert all(uri.startswith(through.as_uri()) for uri in editor.sent)

    session(scenario, through)


def test_a_request_can_be_cancelled_and_typing_supersedes_a_check(fleet):
    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC)
        for number in range(30):
            editor.change(uri, f"{WRONG_NAME}# {number}\n")
        waiting = asyncio.ensure_future(editor.actions(uri, at(2, 0, 20)))
        await asyncio.sleep(0)
        request = max(editor.protocol._request_futures, key=str)
        editor.cancel_request(types.CancelParams(request))
        with pytest.raises(Exception, match=r"(?i)cancel"):
            await asyncio.wait_for(waiting, PATIENCE)
        one(await editor.diagnostics(uri), "LBL004")
        versions = [sent.version for sent in editor.sent[uri]]
        assert versions[-1] == 31
        assert len(versions) < 6

    session(scenario, fleet)


def test_an_editor_that_git_started_for_another_repository(fleet, tmp_path):
    other = repository(tmp_path / "other", {"README": "x\n"})

    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC, WRONG_NAME)
        one(await editor.diagnostics(uri), "LBL004")

    # Git would take the folder it is asked in for the top of the worktree, and `arc` be no name.
    environment = {"GIT_DIR": str(other / ".git"), "GIT_INDEX_FILE": str(other / ".git/index")}
    session(scenario, (fleet / ARC).parent, environment=environment)


def test_rows_of_unsaved_text_reach_no_disk(fleet, monkeypatch, tmp_path):
    import sqlite3

    monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(tmp_path / "rows"))

    def rows() -> int:
        [file] = (tmp_path / "rows").glob("*.sqlite")
        with sqlite3.connect(file) as connection:
            return int(connection.execute("SELECT count(*) FROM rows").fetchone()[0])

    async def scenario(editor: Editor) -> None:
        uri = editor.open(fleet / ARC)
        await editor.diagnostics(uri)
        before = rows()
        assert before
        editor.change(uri, WRONG_NAME)
        one(await editor.diagnostics(uri), "LBL004")
        assert rows() == before

    session(scenario, fleet)


def _leaves(*lines: str) -> int:
    """The exit code of a server that is told these messages and then nothing more."""
    body = b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(x), x.encode()) for x in lines)
    done = subprocess.run(
        [sys.executable, "-m", "evalpolicy", "lsp"],
        input=body,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stderr == b""
    return done.returncode


INITIALIZE = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}'
SHUTDOWN = '{"jsonrpc":"2.0","id":2,"method":"shutdown"}'
EXIT = '{"jsonrpc":"2.0","method":"exit"}'


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ((INITIALIZE, SHUTDOWN, EXIT), 0),
        ((INITIALIZE, EXIT), 1),
        ((INITIALIZE,), 1),
        ((), 1),
    ],
)
def test_how_it_ends(messages, code):
    assert _leaves(*messages) == code


def test_it_ends_while_a_check_runs(fleet):
    folder = {"uri": fleet.as_uri(), "name": "fleet"}
    import json

    start = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {"capabilities": {}, "workspaceFolders": [folder]},
        }
    )
    initialized = '{"jsonrpc":"2.0","method":"initialized","params":{}}'
    assert _leaves(start, initialized, SHUTDOWN, EXIT) == 0


def test_without_the_extra_it_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr("evalpolicy.frontends.cli.lsp.find_spec", lambda name: None)
    assert main(["lsp"]) == 2
    assert "pip install 'evalpolicy[lsp]'" in capsys.readouterr().err
