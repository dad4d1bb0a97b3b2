"""Untrusted regular expressions: on RE2, which they cannot hang, or on Python's `re`."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import cache
from typing import Any

MAX_CLASSES = 500
"""Unicode classes (`\\pL`) in one pattern of others: RE2 takes 40 KB and 0.1 ms for each before it
finds that all of them are too much for its limit of memory."""

_CLASS = re.compile(r"\\[pP]")
_SURROGATES = re.compile("[\ud800-\udfff]")


class PatternError(ValueError):
    """RE2 rejects the pattern; the message states why."""


def excess(pattern: str) -> str | None:
    """Why a pattern must not be passed to RE2; None for one that is cheap to compile."""
    found = sum(1 for _ in _CLASS.finditer(pattern))
    return f"more than {MAX_CLASSES} Unicode classes" if found > MAX_CLASSES else None


@cache
def compiled(pattern: str) -> Any:
    """The pattern on RE2. Raises `PatternError`."""
    import re2

    if (why := excess(pattern)) is not None:
        raise PatternError(f"a pattern of {len(pattern):,} characters was not tried: {why}")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        why = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise PatternError(f"{pattern!r} is not an RE2 expression: {why}") from error
    except UnicodeEncodeError as error:
        raise PatternError(f"{pattern!r} is not an RE2 expression: it is not Unicode") from error


def unicode(text: str) -> str:
    """The text as RE2 takes it: what is not Unicode (a lone surrogate) is U+FFFD, as in Go.

    JSON can hold such a surrogate as an escape, and a path where its bytes are not UTF-8.
    """
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def found_in(patterns: Iterable[str], text: str) -> str | None:
    """The first pattern that is found in the text, or None."""
    return next((p for p in patterns if compiled(p).search(unicode(text)) is not None), None)


@cache
def pattern(expression: str) -> Any:
    """A schema's regular expression on RE2, which no expression and no text can hang."""
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(expression, options)


def matches(expression: str, text: str) -> bool:
    """Whether a schema's regular expression is found in the text."""
    return pattern(expression).search(unicode(text)) is not None


def in_python(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern on Python's `re`. Raises what that raises: `re.error`, for most.

    What Python will read otherwise one day (`[[a]`, `[a--b]`) it warns of on standard error, or
    raises it with `-W error`: neither is for whoever checks somebody else's pattern.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(pattern, flags)
