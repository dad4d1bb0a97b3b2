"""Credentials in every surrounding, glued to words and to each other, and behind encodings."""

from __future__ import annotations

import base64
import random
from urllib.parse import quote

import pytest
from tests.samples.credentials import by_id, context, token

from evalpolicy.scanners.credentials import SHAPES, Scanner, Shape, redact

SCANNER = Scanner()
SURROUNDINGS = [
    ("", ""),
    ("\n", "\n"),
    ('{"a": "', '", "b": 1}'),
    ("export K='", "'; run"),
    ("x=", "&y=1"),
    ("\\n", "\\n"),
    ("%3D", "%26"),
    ("\x1b[31m", "\x1b[0m"),
    ("\\x20", "\\x20"),
    ("é", "é"),
]
OF_FIXED_LENGTH = [
    "google-api",
    "google-client",
    "nvidia",
    "together",
    "sendgrid",
    "telegram",
    "slack-xoxb",
    "openrouter",
    "hugging-face",
    "openai",
]


def _with_context(shape: Shape, seed: int) -> tuple[str, str, str]:
    before, after = context(shape)
    before, after = before.lstrip(), after.rstrip()
    rng = random.Random(f"{shape.id}{seed}")
    while (made := token(shape, rng))[-1] in "-_.":
        pass
    return before, made, after


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_every_shape_in_every_surrounding(shape: Shape) -> None:
    before, secret, after = _with_context(shape, 1)
    for left, right in SURROUNDINGS:
        content = f"{left}{before}{secret}{after}{right}".encode()
        (hit,) = SCANNER.scan(content)
        assert content[hit.start : hit.end].decode() == secret
        assert redact(content, SCANNER)[0] == (
            f"{left}{before}{shape.prefix}REDACTED{after}{right}".encode()
        )


@pytest.mark.parametrize("glue", ["-", "_", "."])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_two_that_are_glued(shape: Shape, glue: str) -> None:
    if shape.id in ("basic-auth", "private-key", "basic-login", "azure-ad", "google-oauth"):
        glue = "\n"  # what stands behind them is theirs, or ends them
    first = _with_context(shape, 1)
    for other in SHAPES:
        second = _with_context(other, 2)
        content = ("".join(first) + glue + "".join(second)).encode()
        if other.before or other.lead != (0, 0):
            continue
        result, _, _ = redact(content, SCANNER)
        expected = "".join((first[0], shape.prefix, "REDACTED", first[2], glue))
        assert result.decode() == f"{expected}{second[0]}{other.prefix}REDACTED{second[2]}"
        assert SCANNER.scan(result) == ()


@pytest.mark.parametrize("name", OF_FIXED_LENGTH)
@pytest.mark.parametrize("behind", ["-prod", "_prod", "-prod-2024-v2", "-eu-west-1.example"])
def test_a_word_glued_behind(name: str, behind: str) -> None:
    _, secret, _ = _with_context(by_id(name), 1)
    result, _, _ = redact(f"k={secret}{behind}".encode(), SCANNER)
    assert result.decode() == f"k={by_id(name).prefix}REDACTED{behind}"


@pytest.mark.parametrize("name", ["anthropic", "jwt", "openai-project", "gitlab"])
def test_a_word_that_could_be_the_credential_s_own_goes_with_it(name: str) -> None:
    _, secret, _ = _with_context(by_id(name), 1)
    result, _, _ = redact(f"k={secret}-prod b".encode(), SCANNER)
    assert result.decode() == f"k={by_id(name).prefix}REDACTED b"


@pytest.mark.parametrize("name", ["anthropic", "hugging-face", "slack-xoxb", "google-api", "jwt"])
@pytest.mark.parametrize(
    "written",
    [
        lambda text: quote(text, safe="").replace("-", "%2D").replace("_", "%5F"),
        lambda text: "".join(f"%{ord(c):02X}" if c in "-_.aeiou" else c for c in text),
        lambda text: text.replace("-", "\\x2d").replace("_", "\\x5f"),
        lambda text: text.replace("-", "\\\\x2D").replace("_", "\\\\x5F"),
        lambda text: text.replace("-", "\\u002d").replace("_", "\\u005f").replace(".", "\\u002e"),
    ],
)
def test_encoded(name: str, written: object) -> None:
    assert callable(written)
    _, secret, _ = _with_context(by_id(name), 1)
    encoded = written(secret)
    content = f'{{"a": "{encoded}", "b": 1}}'.encode()
    (hit,) = SCANNER.scan(content)
    assert (hit.shape, content[hit.start : hit.end].decode()) == (name, encoded)
    result, _, _ = redact(content, SCANNER)
    assert result.decode() == f'{{"a": "{by_id(name).prefix}REDACTED", "b": 1}}'


@pytest.mark.parametrize("word", ["Basic", "basic", "Proxy-Authorization: Basic"])
@pytest.mark.parametrize("made_up", [True, False])
def test_logins_in_headers(word: str, made_up: bool) -> None:
    password = "password" if made_up else "Tr0ub4dor" + "Zq83"
    login = base64.b64encode(f"robot:{password}".encode()).decode()
    content = f"-H 'Authorization: {word} {login}' x".encode()
    result, _, _ = redact(content, SCANNER)
    assert result == (content if made_up else content.replace(login.encode(), b"REDACTED"))


def test_words_behind_basic_are_no_logins() -> None:
    words = ["Authentication", "understanding", "implementation", "functionality", "configuration"]
    assert SCANNER.scan(" ".join(f"basic {word}" for word in words).encode()) == ()


def test_an_escape_does_not_begin_a_word() -> None:
    _, secret, _ = _with_context(by_id("hugging-face"), 1)
    text = "x" + secret + "." * (4096 - len(secret)) + "%2D" + "." * 5000
    for lead in range(40):
        assert SCANNER.scan(("." * 5000 + "y" * lead + text).encode()) == ()
