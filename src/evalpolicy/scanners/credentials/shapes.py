"""What a credential looks like: prefix, alphabet, length, checksum."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

WORD = "A-Za-z0-9"
URLSAFE = "A-Za-z0-9_-"
LONGEST = 2048
"""Bytes of the longest credential with its context, unless its shape says otherwise."""

_PROBED = 16


class Shape(Struct, frozen=True):
    """The form of one kind of credential, in RE2's syntax over bytes.

    `prefix` is what stays when it is redacted; `secret` matches the credential, its prefix
    included. `before` and `after` are the context that a credential without a prefix of its own
    needs. `alphabet` is the inside of a character class: a credential that is followed by one of
    its characters is a piece of something longer, unless it is one that may be `glued` to a word: a
    `-`, `_` or `.` behind it then begins that. `check` has the last word on the whole credential.

    `probe` is a cheaper pattern that matches wherever `before` and `secret` do or, for a shape
    without a prefix, `lead` (least, most) bytes further on. It must not match without bound, and
    neither may `secret` beyond `longest` bytes: else a text of many beginnings is read to its end
    from each. `gate` decides by the text from a position on, before anything longer is matched.
    """

    id: str
    what: str
    secret: str
    prefix: str = ""
    before: str = ""
    after: str = ""
    alphabet: str = URLSAFE
    check: Callable[[bytes], bool] | None = None
    probe: str = ""
    lead: tuple[int, int] = (0, 0)
    gate: Callable[[bytes, int], bool] | None = None
    longest: int = LONGEST
    glued: bool = True


def prefixed(
    id: str,
    what: str,
    prefix: str,
    lengths: tuple[int, int],
    alphabet: str = WORD,
    check: Callable[[bytes], bool] | None = None,
    edge: str | None = None,
    glued: bool = True,
) -> Shape:
    """A fixed prefix and `lengths` (least, most) characters of one alphabet behind it."""
    least, most = lengths
    literal = prefix.replace(".", r"\.")
    count = f"{{{least}}}" if least == most else f"{{{least},{most}}}"
    return Shape(
        id,
        what,
        f"{literal}[{alphabet}]{count}",
        prefix,
        alphabet=edge or alphabet,
        check=check,
        probe=f"{literal}[{alphabet}]{{{min(least, _PROBED)}}}",
        glued=glued,
    )


def named(id: str, what: str, names: str, value: str, alphabet: str = WORD) -> Shape:
    """A value without a distinctive shape, recognized by the name of its variable.

    Between name and value stand `=` or `:` and any quotes, escaped or not.
    """
    return Shape(
        id,
        what,
        value,
        before=rf"(?i:{names})[\s\"'\\]{{0,24}}[:=][\s\"'\\]{{0,24}}",
        alphabet=alphabet,
    )
