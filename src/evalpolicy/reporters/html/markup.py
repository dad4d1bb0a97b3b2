"""HTML in which text from a repository is always escaped.

Text becomes HTML in `tag` alone, which escapes it; what is `Markup` already stays as it is.
"""

from __future__ import annotations

import re
from html import escape

from evalpolicy.reporters.safe import shown

_VOID = frozenset(("meta", "link", "input", "br", "col", "wbr"))
_QUOTED = re.compile("`([^`]+)`")


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Text as HTML, with unsafe characters escaped."""
    return value if isinstance(value, Markup) else Markup(escape(shown(str(value))))


def join(*children: object) -> Markup:
    """The children in order; None and False are left out."""
    return Markup("".join(text(c) for c in children if c is not None and c is not False))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """One element. `class_` and `data_x` mean `class` and `data-x`.

    An attribute that is True has no value, one that is None or False is left out.
    """
    opened = f"<{name}{_attributes(attributes)}>"
    return Markup(opened if name in _VOID else f"{opened}{join(*children)}</{name}>")


def _attributes(attributes: dict[str, object]) -> str:
    written = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        written.append(f" {name}" if value is True else f' {name}="{text(value)}"')
    return "".join(written)


def prose(words: str) -> Markup:
    """A sentence in which text between backticks is code."""
    parts = _QUOTED.split(words)
    return join(*(tag("code", part) if n % 2 else part for n, part in enumerate(parts)))


def path(name: str, line: int | None = None) -> Markup:
    """A path with its last part emphasized and its line; it may wrap after slashes."""
    folder, slash, last = name.rpartition("/")
    above = text(folder + slash).replace("/", "/<wbr>")
    return join(
        tag("span", Markup(above), class_="dir") if above else None,
        tag("b", last, tag("span", f":{line}", class_="ln") if line is not None else None),
    )
