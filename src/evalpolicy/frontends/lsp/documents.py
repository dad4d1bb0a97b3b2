"""The editor's open documents, saved or not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from evalpolicy.frontends.lsp.addresses import path_of


class OpenDocument(NamedTuple):
    """One open document. `path` is the file's path with symbolic links resolved."""

    uri: str
    path: str
    version: int
    text: str


class OpenDocuments:
    """All open documents that are files. The protocol opens each URI once."""

    def __init__(self) -> None:
        self._found: dict[str, OpenDocument] = {}

    def put(self, uri: str, version: int, text: str) -> OpenDocument | None:
        """Opens a document, or replaces its text; None if it is not a file."""
        known = self._found.get(uri)
        path = known.path if known else path_of(uri)
        if path is None:
            return None
        path = known.path if known else os.path.realpath(path)
        self._found[uri] = OpenDocument(uri, path, version, text)
        return self._found[uri]

    def close(self, uri: str) -> OpenDocument | None:
        return self._found.pop(uri, None)

    def get(self, uri: str) -> OpenDocument | None:
        return self._found.get(uri)

    def at(self, path: str) -> list[OpenDocument]:
        """The documents of the file at a path."""
        return [document for document in self if document.path == path]

    def __iter__(self) -> Iterator[OpenDocument]:
        return iter(self._found.values())
