"""Numbers and truth values of other kinds than a key asks for, as Go reads them (strconv)."""

from __future__ import annotations

import math

import pytest

from evalpolicy.artifacts.syntax.toml_spans import TomlScalar
from evalpolicy.scanners.gitleaks.go_numbers import format_float, parse_bool, parse_float, parse_int


def text(value: str) -> TomlScalar:
    return TomlScalar("string", value, 0, 0)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), (1.0, "1"), (-0.5, "-0.5"),
        (100.0, "100"), (10.05, "10.05"), (1e21, "1000000000000000000000"), (1e-7, "0.0000001"),
    ],
)  # fmt: skip
def test_a_float_as_text(value, written):
    assert format_float(value) == written


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", 0), ("0", 0), ("+7", 7), ("-7", -7), ("0x1F", 31), ("-0X1f", -31), ("0b101", 5),
        ("0o17", 15), ("017", 15), ("08", None), ("1_000", 1000), ("0x_f", 15), ("1__0", None),
        ("1_", None), (" 1", None), ("1.0", None), ("x", None),
        ("9223372036854775807", 2**63 - 1), ("9223372036854775808", None),
        ("-9223372036854775808", -(2**63)), ("-9223372036854775809", None),
    ],
)  # fmt: skip
def test_a_text_as_a_whole_number(written, value):
    assert parse_int(text(written)) == value


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("integer", 7, 7), ("boolean", True, 1), ("float", 7.9, 7), ("float", -7.9, -7),
        ("float", math.inf, -(2**63)), ("float", math.nan, -(2**63)), ("datetime", "7", None),
    ],
)  # fmt: skip
def test_another_kind_as_a_whole_number(kind, given, value):
    assert parse_int(TomlScalar(kind, given, 0, 0)) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", True), ("t", True), ("T", True), ("TRUE", True), ("true", True), ("True", True),
        ("", False), ("0", False), ("f", False), ("F", False), ("FALSE", False),
        ("false", False), ("False", False), ("yes", None), ("tRUE", None), ("2", None),
    ],
)  # fmt: skip
def test_a_text_as_a_truth_value(written, value):
    assert parse_bool(text(written)) is value


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("integer", 0, False), ("integer", 2, True), ("float", 0.0, False), ("float", 0.1, True),
        ("boolean", True, True), ("boolean", False, False), ("datetime", "1", None),
    ],
)  # fmt: skip
def test_another_kind_as_a_truth_value(kind, given, value):
    assert parse_bool(TomlScalar(kind, given, 0, 0)) is value


@pytest.mark.parametrize(
    ("written", "value"),
    [("", 0.0), ("1", 1.0), (".5", 0.5), ("5.", 5.0), ("-1e3", -1000.0), ("Inf", math.inf),
     ("1_0", None), ("0x1", None), ("x", None)],
)  # fmt: skip
def test_a_text_as_a_float(written, value):
    assert parse_float(text(written)) == value


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [("integer", 7, 7.0), ("boolean", True, 1.0), ("float", 0.5, 0.5), ("datetime", "7", None)],
)
def test_another_kind_as_a_float(kind, given, value):
    assert parse_float(TomlScalar(kind, given, 0, 0)) == value
