"""The protocol: maps each message to an action of the session."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from evalpolicy import __version__
from evalpolicy.frontends.lsp.actions import FIX_ALL
from evalpolicy.frontends.lsp.addresses import path_of
from evalpolicy.frontends.lsp.root import SAVED
from evalpolicy.frontends.lsp.session import Session

_KINDS: list[types.CodeActionKind | str] = [types.CodeActionKind.QuickFix, FIX_ALL]


def serve() -> int:
    """Speaks the protocol on standard input and output until the client leaves.

    Returns 0 if the client sent `shutdown` before, else 1, as the protocol requires.
    """
    server = create()
    # Nothing else may print into the protocol: standard output is redirected to standard error.
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        server.start_io(sys.stdin.buffer, out)
    return 0 if server.said_shutdown else 1


class Server(LanguageServer):
    """pygls' server, which receives the whole text for each change.

    Where it applies changes itself, it cuts lines where Python does (U+2028, form feeds), which
    is not where the protocol does.
    """

    def __init__(self) -> None:
        super().__init__("evalpolicy", __version__, types.TextDocumentSyncKind.Full)
        self.session = Session(self)
        self.said_shutdown = False


def create() -> Server:
    server = Server()
    session = server.session

    @server.feature(types.INITIALIZED)
    def initialized(params: types.InitializedParams) -> None:
        for uri in _folders(server):
            session.add_folder(uri)
        _watch(server)

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        session.configure(params.initialization_options)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        for folder in params.event.added:
            session.add_folder(folder.uri)
        for folder in params.event.removed:
            session.remove_folder(folder.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        session.put(document.uri, document.version, document.text, SAVED)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        for change in params.content_changes[-1:]:
            session.put(document.uri, document.version, change.text)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        session.touch(_paths([params.text_document.uri]))

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        session.close(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        session.touch(_paths(event.uri for event in params.changes))

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        parts = session.hover(params.text_document.uri, params.position)
        if not parts:
            return None
        text = "\n\n---\n\n".join(parts)
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text))

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=_KINDS)
    )
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        only = params.context.only
        kinds = None if only is None else [str(getattr(kind, "value", kind)) for kind in only]
        return await session.actions(params.text_document.uri, params.range, kinds)

    @server.feature(types.SHUTDOWN)
    def shutdown(*_: object) -> None:
        server.said_shutdown = True
        session.end()

    return server


def _folders(server: Server) -> list[str]:
    """The folders that the client opened; an old client has a single root."""
    folders = [folder.uri for folder in server.workspace.folders.values()]
    root = server.workspace.root_uri
    return folders or ([root] if root else [])


def _paths(uris: Iterable[str]) -> list[str]:
    return [os.path.realpath(path) for uri in uris if (path := path_of(uri)) is not None]


def _watch(server: Server) -> None:
    """Asks the client to report changes of files on disk: any of them may matter."""
    workspace = server.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace else None
    if not (watching and watching.dynamic_registration):
        return
    options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher("**/*")])
    server.client_register_capability(
        types.RegistrationParams(
            [types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)]
        )
    )
