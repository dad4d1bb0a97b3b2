"""An editor's part of the protocol: pygls' own client, and a real `evalpolicy lsp` process."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

PATIENCE = 600.0
"""Seconds: only what hangs takes them."""


class Editor(LanguageClient):
    """Remembers what it is sent, and waits for it."""

    def __init__(self) -> None:
        super().__init__("editor", "1")
        self.sent: dict[str, list[types.PublishDiagnosticsParams]] = {}
        self.messages: list[str] = []
        self.registered: list[str] = []
        self.capabilities: types.ServerCapabilities
        self.exit_code: int | None = None
        self._texts: dict[str, tuple[int, str]] = {}
        self._news = asyncio.Event()

        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.sent.setdefault(params.uri, []).append(params)
            self._news.set()

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def told(params: types.ShowMessageParams) -> None:
            self.messages.append(params.message)
            self._news.set()

        @self.feature(types.WINDOW_LOG_MESSAGE)
        def logged(params: types.LogMessageParams) -> None:
            self._news.set()

        @self.feature(types.CLIENT_REGISTER_CAPABILITY)
        def registering(params: types.RegistrationParams) -> None:
            self.registered.extend(one.method for one in params.registrations)

    async def server_exit(self, server: asyncio.subprocess.Process) -> None:
        self.exit_code = server.returncode

    async def until(self, true: Callable[[], object], what: str = "") -> None:
        async def waiting() -> None:
            while not true():
                self._news.clear()
                await self._news.wait()

        try:
            await asyncio.wait_for(waiting(), PATIENCE)
        except asyncio.TimeoutError:
            raise AssertionError(f"never: {what}; messages {self.messages}") from None

    def open(self, file: Path, text: str | None = None) -> str:
        uri = file.as_uri()
        text = file.read_bytes().decode() if text is None else text
        self._texts[uri] = (1, text)
        self.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "x", 1, text))
        )
        return uri

    def change(self, uri: str, text: str) -> int:
        version = self._texts[uri][0] + 1
        self._texts[uri] = (version, text)
        self.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version, uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )
        return version

    def close(self, uri: str) -> None:
        del self._texts[uri]
        self.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
        )

    async def diagnostics(self, uri: str) -> list[types.Diagnostic]:
        """What is shown of a document's present text, once that was checked."""
        version = self._texts[uri][0]
        await self.until(
            lambda: uri in self.sent and self.sent[uri][-1].version == version,
            f"diagnostics of {uri} version {version}",
        )
        return list(self.sent[uri][-1].diagnostics)

    def shown(self, uri: str) -> list[str]:
        """The rules whose findings are shown of a file now."""
        latest = self.sent.get(uri)
        return [str(one.code) for one in latest[-1].diagnostics] if latest else []

    async def hover(self, uri: str, line: int, character: int) -> str:
        found = await self.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
        )
        if found is None:
            return ""
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value

    async def actions(
        self, uri: str, at: types.Range, only: list[str] | None = None
    ) -> dict[str, types.CodeAction]:
        found = await self.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(uri), at, types.CodeActionContext([], only)
            )
        )
        return {one.title: one for one in found or () if isinstance(one, types.CodeAction)}

    def apply(self, action: types.CodeAction, encoding: str = "utf-16") -> None:
        """Applies an action's edit to the open documents, as an editor does, and says so."""
        assert action.edit is not None
        for one in action.edit.document_changes or ():
            assert isinstance(one, types.TextDocumentEdit)
            uri = one.text_document.uri
            version, text = self._texts[uri]
            assert one.text_document.version == version
            self.change(uri, applied(text, one.edits, encoding))


def applied(text: str, edits: list[types.TextEdit], encoding: str = "utf-16") -> str:
    """The text with all edits made. Lines end with LF or CR LF here."""
    unit = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
    lines = [line.encode(codec) for line in text.split("\n")]
    starts = [0]
    end = "\n".encode(codec)
    for line in lines:
        starts.append(starts[-1] + len(line) + len(end))
    raw = text.encode(codec)
    for edit in sorted(edits, key=lambda edit: edit.range.start, reverse=True):
        start, stop = edit.range.start, edit.range.end
        a = starts[start.line] + start.character * unit
        b = min(starts[stop.line] + stop.character * unit, len(raw))
        raw = raw[:a] + edit.new_text.encode(codec) + raw[b:]
    return raw.decode(codec)


Scenario = Callable[[Editor], Awaitable[None]]


@asynccontextmanager
async def _running(
    folders: list[Path],
    options: object,
    encodings: list[str] | None,
    environment: Mapping[str, str],
):
    editor = Editor()
    await editor.start_io(
        sys.executable, "-m", "evalpolicy", "lsp", env={**os.environ, **environment}
    )
    result = await editor.initialize_async(
        types.InitializeParams(
            types.ClientCapabilities(
                general=types.GeneralClientCapabilities(position_encodings=encodings),
                workspace=types.WorkspaceClientCapabilities(
                    workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
                    did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(
                        dynamic_registration=True
                    ),
                ),
            ),
            process_id=os.getpid(),
            initialization_options=options,
            workspace_folders=[
                types.WorkspaceFolder(folder.as_uri(), folder.name) for folder in folders
            ],
        )
    )
    editor.capabilities = result.capabilities
    editor.initialized(types.InitializedParams())
    try:
        yield editor
        await editor.shutdown_async(None)
        editor.exit(None)
        await asyncio.wait_for(editor._server.wait(), PATIENCE)
        await asyncio.sleep(0)
        assert editor._server.returncode == 0
    finally:
        if editor._server.returncode is None:
            editor._server.kill()
            await editor._server.wait()
        await editor.stop()


def session(
    scenario: Scenario,
    *folders: Path,
    options: object = None,
    encodings: list[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Runs a scenario with a server of its own, which has to end cleanly."""

    async def run() -> None:
        async with _running(list(folders), options, encodings, environment or {}) as editor:
            await scenario(editor)

    asyncio.run(run())
