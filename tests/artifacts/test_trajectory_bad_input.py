"""Whatever stands in a fixture, it is read or it is a problem with a place: nothing raises."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.trajectories import lines, litellm_row, otlp_row, span_of

from evalpolicy.artifacts.syntax.source import Problem, Span
from evalpolicy.artifacts.trajectory import (
    LfsPointer,
    parse,
    parse_stream,
    read_lfs_pointer,
    verdicts,
)
from evalpolicy.artifacts.trajectory.lines import Line, split_lines

GOOD = lines(litellm_row())
FIXTURES = [
    path
    for up in Path(__file__).parents[3:5]
    for path in sorted(up.glob("shared/facts/fixtures/*.jsonl"))
]
POINTER = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 12345\n"
)


def problems(content: bytes) -> tuple[Problem, ...]:
    return parse(content).summary.problems


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \n\r\n", "nothing but blank lines"),
        (POINTER, "a Git LFS pointer"),
        (gzip.compress(GOOD, mtime=0), "compressed with gzip"),
        (GOOD.decode().encode("utf-16"), "UTF-16"),
    ],
)
def test_files_that_are_no_recording(content: bytes, message: str) -> None:
    (problem,) = problems(content)
    assert message in problem.message
    assert problem.span.line == 1
    assert parse(content).summary.format == "none"


@pytest.mark.parametrize(
    ("line", "message", "column"),
    [
        (b"{", "the line is not JSON", 2),
        (b'{"a": "\xff"}', "the line is not UTF-8", 8),
        ('{"ü": "'.encode() + b"\xff", "the line is not UTF-8", 8),
        (b'{"a": NaN}', "the line is not JSON", 7),
        (b'{"a": "\x00"}', "the line is not JSON", 8),
        (b"\x00" * 10, "the line is not JSON", 1),
        (b'{"a": "\\ud800"}', "the line is not JSON", None),
        (b"[" * 100_000 + b"]" * 100_000, "the line is not JSON", None),
        (b"[1]", "neither a LiteLLM logging object nor an OTLP export", 1),
        (b'{"a": 1}', "neither a LiteLLM logging object nor an OTLP export", 1),
        (b"4", "neither a LiteLLM logging object nor an OTLP export", 1),
        (b"\xef\xbb\xbf{}", "the line is not JSON", 1),
    ],
)
def test_lines_that_are_none(line: bytes, message: str, column: int | None) -> None:
    (problem,) = problems(GOOD + line + b"\n" + GOOD)
    assert message in problem.message
    assert problem.span.line == 2
    if column is not None:
        assert problem.span.column == column
    assert parse(GOOD + line + b"\n" + lines(litellm_row(response="{}"))).summary.lines == 3


@pytest.mark.parametrize("keep", [1, 2, 40, 200, -2])
def test_a_last_line_that_is_cut_off(keep: int) -> None:
    (problem,) = problems(GOOD + GOOD[:keep])
    assert problem.message == "the last line is cut off in the middle of its JSON"
    assert problem.span.line == 2


def test_a_last_line_without_a_line_feed_is_whole() -> None:
    assert problems(GOOD[:-1]) == ()
    assert parse(GOOD[:-1]).summary.turns == 1


@pytest.mark.parametrize("digits", [20, 10_000])
def test_long_numbers(digits: int) -> None:
    content = GOOD.replace(b'"prompt_tokens": 12', b'"prompt_tokens": ' + b"9" * digits)
    summary = parse(content).summary
    assert summary.input_tokens is None or summary.problems
    for number in ("9" * digits, "-1", "1e9", "x", ""):
        row = otlp_row()
        span_of(row)["startTimeUnixNano"] = number
        parse(lines(row))


def test_duplicate_keys_count_as_a_replay_reads_them() -> None:
    content = GOOD.replace(b'"status": "success"', b'"status": "failure", "status": "success"')
    assert parse(content).summary.turns == 1


def test_json_strings_within_json_strings() -> None:
    text: object = "deep"
    for _ in range(10):
        text = json.dumps([text])
    assert parse(lines(otlp_row([{"content": text}]))).turns[0].text == text
    response = json.dumps(json.dumps({"choices": []}))
    assert parse(lines(litellm_row(response=response))).summary.unanswered == 1


def test_of_many_problems_the_first_hundred_are_told() -> None:
    found = problems(b"{\n" * 150)
    assert len(found) == 101
    assert found[-1].message == "and 50 more of its lines"


def test_a_line_that_is_too_long_is_told_and_the_rest_is_read() -> None:
    chunks = [GOOD, b'{"a": "', *[b"x" * 2**20] * 17, b'"}\n', GOOD]
    summary = parse_stream(chunks)
    (problem,) = summary.problems
    assert problem == Problem(
        "the line is 17,825,801 bytes long and was not read: the limit is 16,777,216", Span.at(2)
    )
    assert (summary.lines, summary.longest) == (3, 17 * 2**20 + 9)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["many lines", "one line of 300 MB"])
def test_half_a_gigabyte_in_constant_memory(shape: str) -> None:
    program = """
import sys
from evalpolicy.artifacts.trajectory import parse_stream
from evalpolicy.scanners.credentials import Scanner, scan_stream
line = sys.stdin.buffer.readline()
def chunks():
    if sys.argv[1] == "many lines":
        block = line * (2**20 // len(line))
        yield from (block for _ in range(2**29 // len(block)))
    else:
        yield line
        yield b'{"a": "'
        yield from (b"x" * 2**20 for _ in range(300))
        yield b'"}'
summary = parse_stream(chunks())
hits = sum(1 for _ in scan_stream(Scanner(), chunks()))
status = open("/proc/self/status").read()  # ru_maxrss would count the parent, too
megabytes = int(status.split("VmHWM:")[1].split()[0]) / 1024
print(summary.size, summary.turns, len(summary.problems), hits, megabytes)
"""
    row = litellm_row(messages=[{"role": "user", "content": "x" * 20_000}])
    done = subprocess.run(
        [sys.executable, "-c", program, shape],
        input=lines(row),
        capture_output=True,
        check=True,
        timeout=900,
    )
    size, turns, found, hits, megabytes = done.stdout.split()
    assert int(size) > (500_000_000 if shape == "many lines" else 300 * 2**20)
    assert (int(turns), int(found), int(hits)) == (1, int(shape != "many lines"), 0)
    assert float(megabytes) < 200


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([], []),
        ([b""], []),
        ([b"a"], [Line(1, b"a", 1, False)]),
        ([b"a\n"], [Line(1, b"a", 1, True)]),
        (
            [b"a", b"\n", b"\n", b"b"],
            [Line(1, b"a", 1, True), Line(2, b"", 0, True), Line(3, b"b", 1, False)],
        ),
        ([b"abc", b"de\nf"], [Line(1, None, 5, True), Line(2, b"f", 1, False)]),
        ([b"abcde"], [Line(1, None, 5, False)]),
        ([b"abcd\nabcd"], [Line(1, b"abcd", 4, True), Line(2, b"abcd", 4, False)]),
    ],
)
def test_lines(chunks: list[bytes], expected: list[Line]) -> None:
    assert list(split_lines(chunks, limit=4)) == expected


def test_lfs_pointers() -> None:
    assert read_lfs_pointer(POINTER) == LfsPointer("ab" * 32, 12345)
    assert read_lfs_pointer(POINTER[:60]) is None
    assert read_lfs_pointer(GOOD) is None
    assert read_lfs_pointer(POINTER + b"x" * 1024) is None


@pytest.mark.skipif(not FIXTURES, reason="the recorded fixtures are not here")
def test_recorded_fixtures_are_read_without_a_problem() -> None:
    for path in FIXTURES:
        summary = parse_stream([path.read_bytes()])
        assert summary.problems == (), path.name
        assert summary.turns, path.name
        assert "other-format" not in [one.fault for one in verdicts(summary, path.name)]


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
LITELLM_KEYS = st.sampled_from(sorted(litellm_row()))
OTLP_KEYS = st.sampled_from(
    ["startTimeUnixNano", "endTimeUnixNano", "status", "attributes", "name"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_in_any_line(raw: list[bytes]) -> None:
    content = b"\n".join([GOOD, *raw, GOOD])
    assert parse(content).summary.turns == parse_stream([content]).turns <= 1


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(LITELLM_KEYS, VALUES, max_size=4))
def test_any_value_in_a_litellm_row(changes: dict[str, Any]) -> None:
    for turn in parse(lines(litellm_row(**changes))).turns:
        turn.request.read()
        assert turn.json_path.startswith("$.response")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(OTLP_KEYS, VALUES, max_size=3), VALUES, VALUES)
def test_any_value_in_an_otlp_span(changes: dict[str, Any], reply: Any, attribute: Any) -> None:
    row = otlp_row(reply if isinstance(reply, str) else json.dumps(reply))
    span_of(row)["attributes"] += [attribute, {"key": "gen_ai.response.id", "value": attribute}]
    span_of(row).update(changes)
    for turn in parse(lines(row)).turns:
        turn.request.read()


@settings(max_examples=100, deadline=None)
@given(VALUES, VALUES)
def test_any_value_in_a_response(choice: Any, part: Any) -> None:
    for response in (
        {"choices": [choice]},
        {"choices": [{"message": choice}]},
        {"choices": [{"message": {"content": part, "tool_calls": [choice]}}]},
        {"output": [choice, part], "incomplete_details": part},
        {"output": [{"type": "message", "content": part}], "status": choice},
        {"content": [choice, {"type": "tool_use", "input": part, "name": choice}]},
        {"candidates": [choice, part]},
        {"candidates": [{"content": {"parts": [choice, {"functionCall": part}]}}]},
    ):
        parse(lines(litellm_row(response=response, messages=part)))


def test_deep_content_is_no_reason_to_recurse() -> None:
    deep: object = []
    for _ in range(900):
        deep = [deep]
    row = litellm_row(messages=[{"role": "user", "content": deep}])
    row["response"]["choices"][0]["message"]["content"] = [{"text": "4"}, deep]
    row["response"]["choices"][0]["message"]["tool_calls"] = [{"name": "x", "arguments": deep}]
    (turn,) = parse(lines(row)).turns
    assert (turn.text, turn.request.read()[0].text, turn.tool_calls[0].name) == ("4", "", "x")


def test_deep_but_valid_rows_are_read_as_far_as_the_parser_goes() -> None:
    deep = b'{"response": ' + b"[" * 900 + b"]" * 900 + b', "status": "success"}\n'
    assert parse(deep).summary.unanswered == 1
