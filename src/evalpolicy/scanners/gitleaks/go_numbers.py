"""Numbers and truth values as Go's strconv and mapstructure's weak decoding read them."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from evalpolicy.artifacts.syntax.toml_spans import TomlScalar

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"", "0", "f", "F", "FALSE", "false", "False"})
_INT = re.compile(
    r"([+-]?)(?:0[xX]((?:_?[0-9a-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]?((?:_?[0-7])+)|(0|[1-9](?:_?[0-9])*))"
)
_FLOAT = re.compile(
    r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|infinity|nan)", re.IGNORECASE
)


def parse_bool(scalar: TomlScalar) -> bool | None:
    """strconv.ParseBool, with "" as false and any number but 0 as true."""
    match scalar.value:
        case bool() | int() | float() as value:
            return bool(value)
        case str(text) if scalar.kind == "string":
            return True if text in _TRUE else False if text in _FALSE else None
        case _:
            return None


def parse_int(scalar: TomlScalar) -> int | None:
    """strconv.ParseInt with base 0; a float is cut off, "" is 0."""
    match scalar.value:
        case bool() | int() as value:
            return int(value)
        case float(value):
            return int(value) if math.isfinite(value) else -(2**63)
        case str(text) if scalar.kind == "string":
            return _int(text or "0")
        case _:
            return None


def parse_float(scalar: TomlScalar) -> float | None:
    """strconv.ParseFloat; "" is 0."""
    match scalar.value:
        case bool() | int() | float() as value:
            return float(value)
        case str(text) if scalar.kind == "string" and _FLOAT.fullmatch(text or "0"):
            return float(text or "0")
        case _:
            return None


def format_float(value: float) -> str:
    """strconv.FormatFloat(value, 'f', -1, 64): no exponent, as short as is exact."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    text = format(Decimal(repr(value)), "f")
    return text[:-2] if text.endswith(".0") else text


def _int(text: str) -> int | None:
    match = _INT.fullmatch(text)
    if match is None or len(text) > 100:
        return None
    sign, hexadecimal, binary, octal, decimal = match.groups()
    digits, base = next(
        (part, base)
        for part, base in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10))
        if part is not None
    )
    value = int(digits.replace("_", ""), base) * (-1 if sign == "-" else 1)
    return value if -(2**63) <= value < 2**63 else None
