"""Redaction takes out what it finds, all of it and nothing else; JSON stays JSON."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from tests.samples.credentials import token

from evalpolicy.scanners.credentials import SHAPES, CredentialHit, Scanner, redact, redact_text

SCANNER = Scanner()
ANTHROPIC = next(shape for shape in SHAPES if shape.id == "anthropic")
HOST = "llm-7.corp.example"
PATTERNS = [
    r".*\.corp\.example",
    r"[a-z0-9.-]+\.corp\.example",
    r"corp\.example",
    r"\.corp\.",
    r"(?s).*corp.*",
    r"(?i)LLM-7\b",
    r"https?://[^ ]*corp\.example[^ ]*",
    r"[^\n]+",
    r"[0-9.]+",
    r"\w+",
    r".",
    r'"[^"]*corp[^"]*"',
]


def secret(seed: int = 1) -> str:
    return token(ANTHROPIC, random.Random(seed))


@pytest.mark.parametrize("pattern", PATTERNS[:6])
@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"url":"https://HOST/v1","b":2}',
        '{"a": "x\\nHOST"}',
        '{"a": "\\u00e9HOST:8080/v1"}',
        '{"a": "{\\"b\\": \\"x\\\\nHOST\\"}", "c": [true, null, 1.5e3, -0.25]}',
        '["HOST", "HOST"]',
        '{"HOST": "see HOST."}',
        '"http:\\/\\/HOST\\/v1"',
    ],
)
def test_a_host_goes_as_a_whole_and_nothing_beside_it(pattern, text):
    content = text.replace("HOST", HOST).encode()
    found, _, left = redact(content, Scanner([pattern]))
    assert found.decode() == text.replace("HOST", "host.internal.invalid")
    assert not left


@pytest.mark.parametrize(
    ("pattern", "before", "after"),
    [
        (PATTERNS[6], '{"a":"http://a.corp.example/"}', '{"a":"http://host.internal.invalid/"}'),
        (r"fd00:[0-9a-f:]+", "http://[fd00::1:2]:80/", "http://[host.internal.invalid]:80/"),
        (r"10\.\d+\.\d+\.\d+", "10.1.2.3:80 10.25", "host.internal.invalid:80 10.25"),
        (r"\bvault\b", "at vault, vaulted", "at host.internal.invalid, vaulted"),
        (r"corp\.example", "a%2Fllm.corp.example", "a%2Fhost.internal.invalid"),
        (r"corp\.example", "llm.corp.example, corp.example", "host.internal.invalid, " * 2),
    ],
)
def test_what_counts_as_a_host(pattern, before, after):
    found = redact(before.encode(), Scanner([pattern])).content.decode()
    assert found == after.removesuffix(", ") if after.endswith(", ") else found == after


def document(rng: random.Random, depth: int = 0) -> Any:
    """A JSON value with hosts, credentials and escapes in it."""
    kind = rng.randrange(8 if depth < 4 else 6)
    if kind == 6:
        return [document(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        return {text(rng): document(rng, depth + 1) for _ in range(rng.randrange(4))}
    if kind == 5 and depth < 4:
        return json.dumps(document(rng, depth + 1))
    number = rng.choice([rng.random() * 10 ** rng.randrange(-9, 9), rng.randrange(10**9), True])
    return rng.choice([number, None, False]) if kind == 0 else text(rng)


def text(rng: random.Random) -> str:
    pieces = [HOST, "é", "\n", "\\", '"', "/", "nas", "-", ".", " ", "\x1b[0m", "😀", "10.0.0.1"]
    pieces += [
        "sk-ant-api03-" * 9,
        "corp.example",
        "_",
        ":",
        "u0041",
        token(rng.choice(SHAPES), rng),
    ]
    return "".join(rng.choice(pieces) for _ in range(rng.randrange(6)))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_json_stays_json_whatever_the_pattern(pattern):
    rng = random.Random(pattern)
    scanner = Scanner([pattern])
    for _ in range(250):
        value = document(rng)
        content = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode()
        found = redact(content, scanner)
        after = json.loads(found.content)
        assert type(after) is type(value)
        assert not found.left
        assert redact(found.content, scanner).content == found.content


@pytest.mark.parametrize("count", [2, 20, 60, 500])
@pytest.mark.parametrize("glue", ["", "-", "_"])
def test_keys_without_a_gap_go_together_and_alone(count, glue):
    glued = glue.join(secret(number)[:40] for number in range(count))
    found = redact(f'{{"a": "\\n{glued}", "b": "{secret()}"}}'.encode(), SCANNER)
    assert json.loads(found.content)["b"] == "sk-ant-REDACTED"
    assert not found.left
    assert not SCANNER.scan(found.content)


class Stubborn(Scanner):
    """Finds `zzz` wherever it stands, also in what it was replaced by."""

    def scan(self, content: bytes) -> tuple[CredentialHit, ...]:
        found = list(super().scan(content))
        if (start := content.find(b"zzz")) >= 0:
            found.append(
                CredentialHit(
                    "z", "z", "host", start, start + 3, 1, "z…", b"zzz.invalid"
                )  # grows for ever
            )
        return tuple(sorted(found, key=lambda hit: hit.start))


def test_what_cannot_be_taken_out_is_told_and_all_else_goes():
    content = f'["{secret(1)}", "zzz", "{secret(2)}"]'.encode()
    found = redact(content, Stubborn())
    assert [hit.shape for hit in found.left] == ["z"]
    assert found.content.count(b"sk-ant-REDACTED") == 2
    assert [change.shape for change in found.changes] == ["anthropic"] * 2
    assert redact_text(content.decode(), Stubborn()).startswith("(not shown")


@pytest.mark.parametrize("at", range(0, 140, 7))
def test_a_text_is_redacted_before_it_is_cut(at):
    cut = redact_text("x" * at + " " + secret() + " y", SCANNER, most=100)
    assert len(cut) == min(100, at + len(" sk-ant-REDACTED y"))
    assert secret()[7:9] not in cut
