"""The calls of docker or podman in a shell script: their platform, and what they build."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from evalpolicy.artifacts.syntax.shell.model import ShellWord
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import ENGINES, basename, engine_verb, unwrapped
from evalpolicy.artifacts.syntax.shell.values import default_values, with_defaults
from evalpolicy.artifacts.syntax.source import Lines, Span


class EngineCall(NamedTuple):
    """`verb` is build, run, pull …; `platform` the value of `--platform`, and where it is.

    `tags` are the names that a build gives its image, with the defaults of their variables.
    """

    engine: str
    verb: str
    platform: str
    span: Span
    platform_span: Span
    tags: tuple[str, ...] = ()


def engine_calls(content: bytes) -> list[EngineCall]:
    """Every call in a script; bytes that are not UTF-8 are replaced."""
    if not any(engine.encode() in content for engine in ENGINES):
        return []
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = Lines(text)
    script = parse(text)
    values = default_values(script)
    found = []
    for command in script.commands:
        words = unwrapped(command.words)
        if not words or basename(words[0].text) not in ENGINES:
            continue
        at = engine_verb(words)
        if at >= len(words):
            continue
        platform, where = _platform(words)
        span = lines.span(words[0].start, words[at].end)
        found.append(
            EngineCall(
                basename(words[0].text),
                words[at].text,
                platform,
                span,
                lines.span(where.start, where.end) if where else span,
                tuple(with_defaults(tag, values) for tag in _tags(words, at)),
            )
        )
    return found


def _platform(words: tuple[ShellWord, ...]) -> tuple[str, ShellWord | None]:
    for at, word in enumerate(words):
        if word.text == "--platform" and at + 1 < len(words):
            return words[at + 1].text, word
        if word.text.startswith("--platform="):
            return word.text.partition("=")[2], word
    return "", None


def _tags(words: tuple[ShellWord, ...], verb: int) -> Iterator[str]:
    """`build -t NAME`, and the second operand of `tag`."""
    if words[verb].text == "tag":
        yield from (word.text for word in words[verb + 2 : verb + 3])
    elif words[verb].text in ("build", "b"):
        for at, word in enumerate(words[verb + 1 :], verb + 1):
            name, joined, value = word.text.partition("=")
            if name in ("-t", "--tag") and (joined or at + 1 < len(words)):
                yield value if joined else words[at + 1].text
