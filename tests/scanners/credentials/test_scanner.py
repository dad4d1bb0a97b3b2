"""Where credentials hide, what is shown of them, and how they are taken out."""

from __future__ import annotations

import io
import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.credentials import by_id, context, token, true_examples

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.scanners.credentials import SHAPES, Scanner, locate, redact, scan_stream, streams
from evalpolicy.scanners.credentials.escapes import unescape

SCANNER = Scanner()
ABOVE = Path(__file__).parents[4:6]
FIXTURES = [path for up in ABOVE for path in sorted(up.glob("shared/facts/fixtures/*"))]


def secret(name: str = "hugging-face", seed: int = 1) -> str:
    return token(by_id(name), random.Random(seed))


def found(text: str | bytes) -> list[str]:
    content = text.encode() if isinstance(text, str) else text
    return [hit.shape for hit in SCANNER.scan(content)]


@pytest.mark.parametrize("depth", [1, 2, 3, 10])
def test_json_within_json(depth: int) -> None:
    value: object = {"log": f"key:\n{secret()}\nend"}
    for _ in range(depth):
        value = json.dumps([value])
    line = json.dumps({"response": value}).encode()
    (hit,) = SCANNER.scan(line)
    assert line[hit.start : hit.end].decode() == secret()


@pytest.mark.parametrize(
    "left", ["\\n", "\\\\n", "\\t", "\\u001b[31m", "\\u0000", "%3D", "=", "'", '\\"', "(", "-", "_"]
)
def test_what_may_stand_before_a_credential(left: str) -> None:
    assert found(f'{{"a": "x{left}{secret()}"}}') == ["hugging-face"]


@pytest.mark.parametrize("escape", ["\\u002d", "\\\\u002d", "\\u002D", "\\u005cu002d"])
def test_escaped_hyphens(escape: str) -> None:
    key = secret("anthropic")
    line = ('{"a": "' + key.replace("-", escape) + '", "b": 1}').encode()
    (hit,) = SCANNER.scan(line)
    assert hit.shape == "anthropic"
    assert line[hit.start : hit.end].decode() == key.replace("-", escape)
    assert redact(line, SCANNER)[0] == b'{"a": "sk-ant-REDACTED", "b": 1}'


def test_escaped_slashes() -> None:
    shape = by_id("slack-webhook")
    url = "".join((context(shape)[0], token(shape, random.Random(3))))
    line = f'{{"a": "{url}"}}'.replace("/", "\\/")
    assert found(line) == ["slack-webhook"]


def test_unescape_knows_the_way_back() -> None:
    raw = rb"a\/b \\u002dcd \u005cu002d x\u0041\u0042y \u003cz"
    plain = unescape(raw)
    assert plain.text == rb"a/b -cd - xABy \u003cz"
    pieces = [raw[plain.offset(i) : plain.offset(i + 1)] for i in range(len(plain.text))]
    assert b"".join(pieces) == raw
    assert pieces[plain.text.index(b"-")] == rb"\\u002d"
    assert plain.offset(len(plain.text)) == len(raw)


def test_two_credentials_side_by_side() -> None:
    assert found(f"{secret()},{secret(seed=2)}\n{secret('groq')}") == [
        "hugging-face",
        "hugging-face",
        "groq",
    ]


def test_a_rejected_candidate_hides_nothing() -> None:
    assert found(f"sk-words-and-more-words {secret()}") == ["hugging-face"]
    assert found(f"sk-words-and-{secret('groq')}") == ["groq"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ya29.REDACTED.{rest}", "ya29.REDACTED"),
        ("hf_REDACTED{rest}", "hf_REDACTED"),
        ("sk-REDACTED-{rest}", "sk-REDACTED"),
        ("sk-***{rest}", "sk-REDACTED"),
        ("hf_[REDACTED]", None),
        ("sk-REDACTED-by-the-sweep", None),
        ("ya29.REDACTED.", None),
    ],
)
def test_half_redacted(text: str, left: str | None) -> None:
    content = f'{{"key": "{text.format(rest="wErTyUiOp987_65-43")}"}}'.encode()
    kinds = [hit.kind for hit in SCANNER.scan(content)]
    assert kinds == ([] if left is None else ["half-redacted"])
    if left is not None:
        assert redact(content, SCANNER)[0] == f'{{"key": "{left}"}}'.encode()


def test_hosts_are_configured() -> None:
    scanner = Scanner([r"[a-z0-9.-]+\.corp\.example"])
    line = rb'{"api_base": "https:\/\/llm.corp.example\/v1", "b": "llm.corp.example.org"}'
    assert [(hit.kind, hit.line) for hit in scanner.scan(line)] == [("host", 1), ("host", 1)]
    assert b"corp.example" not in redact(line, scanner)[0]
    assert SCANNER.scan(line) == ()
    with pytest.raises(ValueError, match="not a regular expression"):
        Scanner(["(?<=x)y"])


def test_place_of_a_hit() -> None:
    inner = json.dumps([{"role": "user"}, {"content": f"é {secret()}"}], ensure_ascii=False)
    content = f'{{"a": 1}}\n{{"ü": "x", "attributes": [{json.dumps(inner)}]}}\n'.encode()
    (place,) = locate(content, SCANNER.scan(content))
    column = content.decode().split("\n")[1].index(secret()) + 1
    assert place.span == Span.at(2, column, len(secret()))
    assert place.json_paths == ("$.attributes[0]", "$[1].content")


def test_place_behind_many_escapes() -> None:
    inner = json.dumps([{"a": '"' * 50}, {"b": secret()}, {"c": "." * 500}])
    content = json.dumps({"x": inner}).encode()
    (place,) = locate(content, SCANNER.scan(content))
    assert place.json_paths == ("$.x", "$[1].b")


def test_place_in_a_line_that_is_no_json() -> None:
    content = f"no json {secret()}".encode()
    (place,) = locate(content, SCANNER.scan(content))
    assert (place.span.column, place.json_path) == (9, "")


def test_a_credential_that_is_a_key_does_not_show_in_the_path() -> None:
    content = json.dumps({"a": {secret(): {"b": secret("groq")}}}).encode()
    places = locate(content, SCANNER.scan(content))
    assert [place.json_path for place in places] == ["$.a.hf_REDACTED", "$.a.hf_REDACTED.b"]
    escaped = json.dumps({secret("anthropic"): 1}).replace("-", "\\u002d").encode()
    (place,) = locate(escaped, SCANNER.scan(escaped))
    assert place.json_path == "$['sk-ant-REDACTED']"


def test_no_secret_is_ever_shown() -> None:
    for shape in SHAPES:
        for example in true_examples(shape):
            before, after = context(shape)
            (hit,) = SCANNER.scan(f"{before}{example}{after}".encode())
            assert example[len(shape.prefix) :][:12] not in repr(hit)


def test_redaction_keeps_every_other_byte() -> None:
    rows = [{"n": 1.0, "k": f"A={secret()}", "u": "ü\u2028"}, {"a": [secret("groq"), "b"]}]
    content = b"".join(json.dumps(row).encode() + b" \r\n" for row in rows)
    result, changes, _ = redact(content, SCANNER)
    expected = content.replace(secret().encode(), b"hf_REDACTED")
    assert result == expected.replace(secret("groq").encode(), b"gsk_REDACTED")
    assert [(change.shape, change.lines) for change in changes] == [
        ("hugging-face", (1,)),
        ("groq", (2,)),
    ]
    assert redact(result, SCANNER) == (result, (), ())


EXAMPLES = [
    (f"{context(shape)[0]}{example}{context(shape)[1]}", example)
    for shape in SHAPES
    for example in true_examples(shape)
]
PIECES = st.one_of(
    st.sampled_from([text for text, _ in EXAMPLES]),
    st.sampled_from(
        ["\\n", "\\u002d", "\\/", "\\\\", "\n", "REDACTED", "sk-", "ya29.", "://a:", "@"]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=8).map("".join))
def test_redacted_then_scanned_is_clean(text: str) -> None:
    content = text.encode()
    result, changes, _ = redact(content, SCANNER)
    assert SCANNER.scan(result) == ()
    assert redact(result, SCANNER) == (result, (), ())
    assert (result == content) == (not changes)
    assert result.count(b"\n") == content.count(b"\n")


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=6))
def test_json_stays_json_and_changes_nowhere_else(texts: list[str]) -> None:
    content = json.dumps({"list": texts}).encode()
    result, *_ = redact(content, SCANNER)
    value = json.loads(result)
    assert list(value) == ["list"]
    assert len(value["list"]) == len(texts)
    hits = SCANNER.scan(content)
    kept = re.split(b"\xff", _cut(content, [(hit.start, hit.end) for hit in hits]))
    at = 0
    for piece in kept:
        at = result.index(piece, at) + len(piece)


def _cut(content: bytes, ranges: list[tuple[int, int]]) -> bytes:
    for start, end in reversed(ranges):
        content = content[:start] + b"\xff" + content[end:]
    return content


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_scanned(content: bytes) -> None:
    locate(content, SCANNER.scan(content))
    result, *_ = redact(content, SCANNER)
    assert SCANNER.scan(result) == ()


@pytest.mark.parametrize("size", [1, 7, 100, 4096])
def test_a_stream_gives_what_one_scan_gives(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "WINDOW", 3000)
    monkeypatch.setattr(streams, "OVERLAP", 1500)
    rng = random.Random(size)
    long_line = "".join(text + "." * rng.randrange(200) for text, _ in EXAMPLES)
    content = f"{long_line}\nshort {secret()}\n{long_line}".encode()
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    assert list(scan_stream(SCANNER, chunks)) == list(SCANNER.scan(content))
    assert list(scan_stream(SCANNER, io.BytesIO(content))) == list(SCANNER.scan(content))


def test_a_window_does_not_begin_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "WINDOW", 3000)
    monkeypatch.setattr(streams, "OVERLAP", 1500)
    content = ("." * 1499 + "x" + secret() + "." * 5000).encode()
    assert SCANNER.scan(content) == ()
    assert list(scan_stream(SCANNER, (content[at : at + 1] for at in range(len(content))))) == []


@pytest.mark.skipif(not FIXTURES, reason="the recorded fixtures are not here")
def test_no_false_alarm_in_recorded_fixtures() -> None:
    for path in FIXTURES:
        assert SCANNER.scan(path.read_bytes()) == (), path.name
