"""A client's open folders and documents, and the fleets that they belong to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from evalpolicy import __version__
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.frontends.lsp import actions, hover
from evalpolicy.frontends.lsp.addresses import below, joined, path_of, uri_of
from evalpolicy.frontends.lsp.diagnostics import Board, not_checked
from evalpolicy.frontends.lsp.documents import OpenDocuments
from evalpolicy.frontends.lsp.judging import NotChecked, fleet_of
from evalpolicy.frontends.lsp.positions import touch
from evalpolicy.frontends.lsp.root import SAVED, TYPING, Root
from evalpolicy.reporters.safe import shown, without_credentials

Scope = Literal["workspace", "open"]
SCOPES: tuple[Scope, ...] = ("workspace", "open")
"""Which diagnostics are sent: those of every file, or only of open documents."""


class Session:
    """The state between `initialize` and `exit`. Used by one thread only."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server
        self._documents = OpenDocuments()
        self._roots: dict[str, Root] = {}
        self._folders: dict[str, str] = {}
        self._tops: dict[str, str | None] = {}
        self._said: set[str] = set()
        self._scope: Scope = "workspace"

    def configure(self, options: Any) -> None:
        """Reads the `initializationOptions`; reports unknown ones."""
        for key, value in options.items() if isinstance(options, Mapping) else ():
            if key == "scope" and value in SCOPES:
                self._scope = value
            else:
                known = f"use scope: {' or '.join(SCOPES)}"
                self._say(f"initializationOptions: unknown {key} {value!r}; {known}")

    def add_folder(self, uri: str) -> None:
        path = path_of(uri)
        if path is not None:
            self._folders[uri] = os.path.realpath(path)
            self._start(self._folders[uri])

    def remove_folder(self, uri: str) -> None:
        """Stops checking fleets whose folders are all closed, and clears their diagnostics."""
        self._folders.pop(uri, None)
        needed = {self._tops.get(folder) for folder in self._folders.values()}
        for top in [top for top in self._roots if top not in needed]:
            root = self._roots.pop(top)
            root.close()
            for sent in root.published:
                self._send(sent, [])

    def put(self, uri: str, version: int, text: str, wait: float = TYPING) -> None:
        """Called when a document is opened or changed."""
        document = self._documents.put(uri, version, text)
        if document is None:
            return
        if not self._folders and self._root_of(document.path) is None:
            self._start(os.path.dirname(document.path))
        self.touch([document.path], wait)

    def close(self, uri: str) -> None:
        """Called when a document is closed; its diagnostics stay until the next check."""
        document = self._documents.close(uri)
        if document is not None:
            self.touch([document.path])

    def touch(self, paths: Iterable[str], wait: float = SAVED) -> None:
        """Checks the fleets that contain these changed paths again."""
        for root in self._roots.values():
            inside = [place for path in paths if (place := below(root.top, path)) is not None]
            if any(".git" not in place.split("/") for place in inside):
                root.touch(wait)

    def end(self) -> None:
        for root in self._roots.values():
            root.close()

    def hover(self, uri: str, at: types.Position) -> list[str]:
        """The hover texts at a position, as pieces of Markdown."""
        document = self._documents.get(uri)
        root = self._root_of(document.path) if document else None
        if document is None or root is None:
            return []
        path = below(root.top, document.path) or ""
        parts = hover.on_findings(root.board.shown.get(path, ()), at)
        if root.is_dockerfile(path):
            parts = [*hover.on_label(document.text, self._encoding, at), *parts]
        return parts

    async def actions(
        self, uri: str, range: types.Range, only: Sequence[str] | None
    ) -> list[types.CodeAction]:
        """The actions for a range, after the latest text was checked."""
        document = self._documents.get(uri)
        root = self._root_of(document.path) if document else None
        if document is None or root is None:
            return []
        await root.all_checked()
        path = below(root.top, document.path) or ""
        shown_here = root.board.shown.get(path, [])
        found = actions.actions(
            path,
            [item for item in shown_here if touch(item.diagnostic.range, range)],
            shown_here,
            actions.Files(partial(self._checked, root), self._encoding, versioned=self._versioned),
            dockerfile=root.is_dockerfile(path),
        )
        return [action for action in found if only is None or _asked(str(action.kind), only)]

    def _start(self, folder: str) -> None:
        """Starts checking the fleet of a folder, unless that has started already."""
        if folder not in self._tops:
            try:
                self._tops[folder] = fleet_of(folder)
            except (NotCheckedError, UsageError) as reason:
                self._tops[folder] = None
                self._say(str(reason))
        top = self._tops[folder]
        if top is None or top in self._roots:
            return
        root = Root(top, self._encoding, self._documents, lambda found: self._show(root, found))
        self._roots[top] = root
        root.touch()

    def _root_of(self, path: str) -> Root | None:
        """The innermost fleet that a path is part of."""
        holding = [root for top, root in self._roots.items() if below(top, path)]
        return max(holding, key=lambda root: len(root.top), default=None)

    def _show(self, root: Root, found: Board | NotChecked) -> None:
        """Sends the changed diagnostics, or the reason why there are none."""
        if root.top not in self._roots:
            return
        wanted, versions = self._wanted(root), dict(root.board.versions)
        if isinstance(found, NotChecked) and not found.path:
            self._say(found.message, bug=found.bug)
            if not found.bug:
                wanted, versions = {}, dict(found.versions)
        elif isinstance(found, NotChecked):
            # Keep the earlier findings: clearing them would look like a pass.
            start = types.Position(found.line - 1, 0)
            diagnostic = not_checked(found.message, types.Range(start, start))
            for uri in self._uris(f"{root.top}/{found.path}"):
                wanted[uri] = [diagnostic]
                if uri in found.versions:
                    versions[uri] = found.versions[uri]
        for document in self._documents:
            if self._root_of(document.path) is root:
                wanted.setdefault(document.uri, [])
        self._publish(root, wanted, versions)

    def _publish(
        self, root: Root, wanted: Mapping[str, list[types.Diagnostic]], versions: Mapping[str, int]
    ) -> None:
        """Sends the diagnostics that changed, and clears those that are no longer wanted."""
        for uri in sorted({*root.published, *wanted}):
            message = (wanted.get(uri, []), versions.get(uri))
            if root.published.get(uri) != message:
                self._send(uri, *message)
        root.published = {uri: (sent, versions.get(uri)) for uri, sent in wanted.items()}

    def _wanted(self, root: Root) -> dict[str, list[types.Diagnostic]]:
        """The visible diagnostics of a fleet, by URI."""
        wanted: dict[str, list[types.Diagnostic]] = {}
        for path, items in root.board.shown.items():
            place = f"{root.top}/{path}"
            if self._root_of(place) is root:
                for uri in self._uris(place):
                    wanted.setdefault(uri, []).extend(item.diagnostic for item in items)
        return wanted

    def _uris(self, path: str) -> list[str]:
        """The client's URIs for a file; empty if its diagnostics are not sent."""
        opened = [document.uri for document in self._documents.at(path)]
        if opened or self._scope == "open":
            return opened
        holding = [
            (len(folder), joined(uri, inside))
            for uri, folder in self._folders.items()
            if (inside := below(folder, path))
        ]
        if holding:
            return [max(holding)[1]]
        return [] if self._folders else [uri_of(path)]

    def _checked(self, root: Root, path: str) -> tuple[str, int | None, str] | None:
        """A file's URI, version and text, if the latest check used that text."""
        place = f"{root.top}/{path}"
        for document in self._documents.at(place):
            same = root.board.versions.get(document.uri) == document.version
            return (document.uri, document.version, document.text) if same else None
        try:
            content = Path(place).read_bytes()
        except OSError:
            return None
        if sha256(content).hexdigest() != root.board.digests.get(path):
            return None
        uri = next(iter(self._uris(place)), uri_of(place))
        return uri, None, content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")

    def _send(
        self, uri: str, diagnostics: list[types.Diagnostic], version: int | None = None
    ) -> None:
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, diagnostics, version)
        )

    def _say(self, message: str, *, bug: bool = False) -> None:
        """Tells the user once; for a bug, logs everything that an issue needs."""
        if message in self._said:
            return
        self._said.add(message)
        kind = types.MessageType.Warning
        if bug:
            kind = types.MessageType.Error
            message = without_credentials(message)
            log = f"evalpolicy {__version__}, please report:\n{message}"
            self._server.window_log_message(types.LogMessageParams(kind, log))
            message = f"internal error, no verdict: {message.splitlines()[-1]} (see log)"
        text = "\n".join(map(shown, message.split("\n")))
        self._server.window_show_message(types.ShowMessageParams(kind, f"evalpolicy: {text}"))

    @property
    def _encoding(self) -> str:
        return str(self._server.workspace.position_encoding or "utf-16")

    @property
    def _versioned(self) -> bool:
        workspace = self._server.client_capabilities.workspace
        edits = workspace.workspace_edit if workspace else None
        return bool(edits and edits.document_changes)


def _asked(kind: str, only: Sequence[str]) -> bool:
    """Whether one of the requested kinds is this one or a prefix of it (`a` of `a.b`)."""
    return any(kind == wanted or kind.startswith(f"{wanted}.") for wanted in only)
