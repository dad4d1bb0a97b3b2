"""TOML's tokens as regular expressions, for `toml_reader`."""

from __future__ import annotations

import re

BLANK = re.compile(r"[ \t]*")
FILL = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
LINE_END = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z|(?=\r))")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
PLAIN_BASIC = re.compile(r'"([^"\\\n\r\x00-\x08\x0b-\x1f\x7f\udc80-\udcff]*)"(?!")')
PLAIN_LITERAL = re.compile(r"'([^'\n\r\x00-\x08\x0b-\x1f\x7f\udc80-\udcff]*)'(?!')")
ESCAPE = re.compile(r'\\(?:([btnfre"\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))')
FOLD = re.compile(r"\\[ \t]*\r?\n[ \t\r\n]*")
ESCAPED = {
    "b": "\b",
    "e": "\x1b",
    "t": "\t",
    "n": "\n",
    "f": "\f",
    "r": "\r",
    '"': '"',
    "\\": "\\",
}
DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})?)?"
    r"|\d{2}:\d{2}:\d{2}(?:\.\d+)?"
)
INTEGER = re.compile(r"0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*"
                      r"|[+-]?(?:0|[1-9](?:_?[0-9])*)")  # fmt: skip
FLOAT = re.compile(r"[+-]?(?:inf|nan|(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*(?:[eE][+-]?\d(?:_?\d)*)?"
                    r"|[eE][+-]?\d(?:_?\d)*))")  # fmt: skip
LAX_NUMBER = re.compile(r"[+-]?\d(?:_?\d)*((?:\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?)?")
WORD = re.compile(r"[A-Za-z0-9_+.:-]+")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
BARE_CARRIAGE = re.compile(r"\r(?!\n)")
SURROGATE = re.compile(r"[\udc80-\udcff]")


def integer_of(written: str) -> int:
    """An integer in any of TOML's bases."""
    digits = written.replace("_", "")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2], 10)
    if base == 10 and len(digits) > 20:
        return 2**63  # beyond what any reader takes; Python refuses to convert very long ones
    return int(digits[2:] if base != 10 else digits, base)
