"""The calls of docker or podman in a shell script, with their platform."""

from __future__ import annotations

from typing import NamedTuple

from evalpolicy.artifacts.syntax.shell.model import ShellWord
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import ENGINES, basename, engine_verb, unwrapped
from evalpolicy.artifacts.syntax.source import Lines, Span


class EngineCall(NamedTuple):
    """`verb` is build, run, pull …; `platform` the value of `--platform`, and where it is."""

    engine: str
    verb: str
    platform: str
    span: Span
    platform_span: Span


def engine_calls(content: bytes) -> list[EngineCall]:
    """Every call in a script; bytes that are not UTF-8 are replaced."""
    if not any(engine.encode() in content for engine in ENGINES):
        return []
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = Lines(text)
    found = []
    for command in parse(text).commands:
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
