"""Character classes and case as Go's standard library knows them, which BuildKit is built on."""

from __future__ import annotations

SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""`unicode.IsSpace`. Python's `str.isspace` also holds U+001C to U+001F, Go's does not."""

BYTE_ORDER_MARK = "\ufeff"


def lower(text: str) -> str:
    """`strings.ToLower`: one code point to one; Python makes two of U+0130."""
    return text.lower() if text.isascii() else text.replace("\u0130", "i").lower()


def is_name_character(char: str) -> bool:
    """Whether a variable's name may hold it: `unicode.IsLetter`, `unicode.IsDigit`, underscore."""
    return char == "_" or char.isalpha() or char.isdecimal()
