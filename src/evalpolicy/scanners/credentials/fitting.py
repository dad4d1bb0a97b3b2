"""Whether a shape fits a text at one place: its form, its edges, and what it may not be."""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple, TypeAlias

import re2

from evalpolicy.scanners.credentials.plausible import (
    MARK,
    is_key_block,
    is_placeholder,
    rest_behind_mark,
)
from evalpolicy.scanners.credentials.providers import SHAPES
from evalpolicy.scanners.credentials.shapes import Shape

Kind: TypeAlias = Literal["credential", "half-redacted", "host"]

OPTIONS = re2.Options()
OPTIONS.encoding = re2.Options.Encoding.LATIN1
OPTIONS.log_errors = False

PREFIXES = tuple(sorted({shape.prefix for shape in SHAPES if shape.prefix}, key=len, reverse=True))

_GLUE = b"-_."


class Found(NamedTuple):
    """A credential at `text[start:end]`, and what redaction puts there."""

    start: int
    end: int
    shape: Shape
    kind: Kind
    replacement: bytes


def half_redacted() -> Shape:
    """A known prefix, a mark, and at least eight more characters of the token."""
    prefixes = "|".join(prefix.replace(".", r"\.") for prefix in PREFIXES)
    token = "[A-Za-z0-9._-]"
    mark = rf"(?:{prefixes}){token}{{0,40}}(?:(?i:redacted)|\*{{3,40}})"
    return Shape(
        "half-redacted",
        "token that is redacted only in part",
        f"{mark}{token}{{8,200}}",
        probe=f"{mark}{token}{{8}}",
        alphabet="",
    )


def fitting(shape: Shape, text: bytes, start: int, right: Found | None = None) -> Found | None:
    """The credential of this shape at `start`.

    `right` is the next credential behind it, which ends this one where only a hyphen, an
    underscore or a dot glues them together.
    """
    if not shape.before and not _begins(text, start):
        return None
    if shape.gate is not None and not shape.gate(text, start):
        return None
    found = _match(_exact(shape), shape, text, start, start + shape.longest)
    if right is None or not shape.alphabet or right.shape.before:
        return found
    if (found is None or found.end > right.start) and text[right.start - 1] in _GLUE:
        cut = _match(_exact(shape), shape, text, start, right.start - 1)
        return cut or found
    return found


def fitting_before_glue(shape: Shape, text: bytes, start: int) -> Found | None:
    """The same where a hyphen, an underscore or a dot behind the credential begins another word,
    although the credential could hold it."""
    if not shape.glued or not shape.alphabet or (not shape.before and not _begins(text, start)):
        return None
    if shape.gate is not None and not shape.gate(text, start):
        return None
    return _match(_before_glue(shape), shape, text, start, start + shape.longest)


def _match(pattern: re2._Regexp, shape: Shape, text: bytes, start: int, limit: int) -> Found | None:
    match = pattern.match(text, start, min(limit, len(text)))
    if match is None:
        return None
    begin, end = match.span(1)
    if pattern is _exact(shape) and limit != end and _goes_on(shape, text, end):
        return None
    kind = _kind(shape, match[1])
    if kind is None:
        return None
    return Found(begin, end, shape, kind, prefix_of(shape, match[1]).encode() + b"REDACTED")


def _goes_on(shape: Shape, text: bytes, end: int) -> bool:
    return bool(shape.alphabet) and _one_of(shape.alphabet).match(text, end, end + 1) is not None


@cache
def _exact(shape: Shape) -> re2._Regexp:
    return re2.compile(f"(?:{shape.before})({shape.secret})(?:{shape.after})".encode(), OPTIONS)


@cache
def _before_glue(shape: Shape) -> re2._Regexp:
    behind = rf"(?:{shape.after})(?:[._-]|\z)"
    return re2.compile(f"(?:{shape.before})({shape.secret}){behind}".encode(), OPTIONS)


@cache
def _one_of(alphabet: str) -> re2._Regexp:
    return re2.compile(f"[{alphabet}]".encode(), OPTIONS)


_ESCAPED_BEFORE = re2.compile(
    rb"(?:\\[nrtbf]|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|%[0-9a-fA-F]{2}|\[[0-9;]{0,8}m)$", OPTIONS
)
_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def _begins(text: bytes, start: int) -> bool:
    r"""Whether a token may begin here: no letter or digit before it, but for an escape's own.

    `\nsk-…` is a line break and a key; `%3Dsk-…` is `=` and a key; `ESC[0msk-…` is a coloured key.
    """
    if start == 0 or text[start - 1] not in _WORD:
        return True
    return _ESCAPED_BEFORE.search(text[max(0, start - 12) : start]) is not None


_REDACTED = re2.compile(
    "(?:{})((?i:redacted))".format("|".join(p.replace(".", r"\.") for p in PREFIXES)).encode(),
    OPTIONS,
)


def _kind(shape: Shape, secret: bytes) -> Kind | None:
    """What a match is; None if it is not a credential."""
    if shape.check is is_key_block:
        return "credential" if is_key_block(secret) else None
    body = secret[len(shape.prefix) :]
    rest = None
    if MARK.search(body) is not None:
        # What redaction left of the next credential is not the rest of this one.
        rest = rest_behind_mark(_REDACTED.sub(rb"\1", body))
    if rest is not None:
        return "half-redacted" if rest else None
    if shape.id == "half-redacted" or is_placeholder(body):
        return None
    if shape.check is not None and not shape.check(secret):
        return None
    return "credential"


def prefix_of(shape: Shape, secret: bytes) -> str:
    """What of the credential may be seen, and stays when it is redacted."""
    if shape.id != "half-redacted":
        return shape.prefix
    return next(prefix for prefix in PREFIXES if secret.startswith(prefix.encode()))
