"""The patterns of `${x#p}`, `${x%p}` and `${x/p/r}` (BuildKit's shell/lex.go, v0.33).

`*` is any run, `?` any character, a backslash escapes these two and itself (whatever the file's
escape character is); there are no brackets. BuildKit makes a regular expression of them, which Go
matches in linear time; so a pattern with a star runs on RE2 here, too.
"""

from __future__ import annotations

import re
from typing import Any

from .goscan import BYTE_ORDER_MARK

_TEMPLATE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")


class ShellPatternError(ValueError):
    """A pattern that BuildKit rejects."""


def trim_prefix(pattern: str, value: str, greedy: bool) -> str:
    """The value without the shortest (or longest) prefix that matches. Raises PatternError."""
    found = _compile(pattern, greedy=greedy, anchored=True).search(value)
    return value[found.end() :] if found else value


def trim_suffix(pattern: str, value: str, greedy: bool) -> str:
    """The value without the shortest (or longest) suffix that matches. Raises PatternError.

    Pattern and value are turned round, as BuildKit does: so an escape that ends the pattern
    behaves as it does there.
    """
    return trim_prefix(_reversed(pattern), value[::-1], greedy)[::-1]


def replace(pattern: str, value: str, replacement: str, everywhere: bool) -> str:
    """The value with the first match (or all) replaced. Raises PatternError.

    Go expands `$name` in the replacement of `${x//p/r}`, where only `$0` means something, and
    not in that of `${x/p/r}`.
    """
    expression = _compile(pattern, greedy=True, anchored=False)
    if not everywhere:
        found = expression.search(value)
        return value[: found.start()] + replacement + value[found.end() :] if found else value
    out: list[str] = []
    done = at = 0
    while at <= len(value) and (found := expression.search(value, at)):
        out.append(value[done : found.start()])
        if found.end() > done or found.start() == 0:
            out.append(_filled(replacement, found.group()))
        done = found.end()
        at = max(at + 1, done)
    out.append(value[done:])
    return "".join(out)


def _filled(replacement: str, match: str) -> str:
    def fill(found: re.Match[str]) -> str:
        if found.group(1):
            return "$"
        name = found.group(2) or found.group(3)
        return match if name.isdecimal() and int(name) == 0 else ""

    return _TEMPLATE.sub(fill, replacement)


def _compile(pattern: str, *, greedy: bool, anchored: bool) -> Any:
    star = ".*" if greedy else ".*?"
    out = ["^"] if anchored else []
    chars = iter(pattern.removeprefix(BYTE_ORDER_MARK))
    wild = False
    for char in chars:
        if char == "*":
            wild = True
            out.append(star)
        elif char == "?":
            out.append(".")
        elif char == "\\":
            escaped = next(chars, "")
            if escaped not in tuple("*?\\}/"):
                raise ShellPatternError(f"\\{escaped} is not an escape in a pattern")
            out.append(re.escape(escaped))
        else:
            out.append(re.escape(char))
    if not wild:
        return re.compile("".join(out))
    import re2  # expensive to import, and seldom needed

    options = re2.Options()
    options.log_errors = False
    return re2.compile("".join(out), options)


def _reversed(pattern: str) -> str:
    out: list[str] = []
    at = 0
    while at < len(pattern):
        width = 2 if pattern[at] == "\\" and at + 1 < len(pattern) else 1
        out.append(pattern[at : at + width])
        at += width
    return "".join(reversed(out))
