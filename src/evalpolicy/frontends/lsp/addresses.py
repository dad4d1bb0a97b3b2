"""Converts the URIs that a client uses to paths, and back."""

from __future__ import annotations

import os
from urllib.parse import quote, unquote_to_bytes, urlsplit


def path_of(uri: str) -> str | None:
    """The path of a local `file:` URI, as written; None for any other URI."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    raw = unquote_to_bytes(parts.path)
    return None if b"\0" in raw or not raw.startswith(b"/") else os.fsdecode(raw)


def uri_of(path: str) -> str:
    """The URI of an absolute path, with special bytes as `%XX`."""
    return "file://" + quote(os.fsencode(path), safe="/")


def joined(folder: str, inside: str) -> str:
    """The URI of a path `inside` a folder; the folder's URI stays as the client wrote it."""
    return f"{folder.rstrip('/')}/{quote(os.fsencode(inside), safe='/')}"


def below(folder: str, path: str) -> str | None:
    """`path` relative to `folder` (both absolute); empty for the folder itself."""
    if path == folder:
        return ""
    top = folder if folder.endswith("/") else f"{folder}/"
    return path[len(top) :] if path.startswith(top) else None
