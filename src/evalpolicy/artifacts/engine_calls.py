"""The calls of docker or podman in a shell script, with their platform."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from evalpolicy.artifacts.syntax.shell_words import ShellWord, basename, commands, unwrapped
from evalpolicy.artifacts.syntax.source import Span

_ENGINES = ("docker", "podman", "nerdctl")
_GROUPS = frozenset(("buildx", "image", "container", "builder", "compose"))
_WITH_VALUE = frozenset(("-H", "--host", "-c", "--context", "--config", "-l", "--log-level", "-f"))


class EngineCall(NamedTuple):
    """`verb` is build, run, pull …; `platform` the value of `--platform`, and where it is."""

    engine: str
    verb: str
    platform: str
    span: Span
    platform_span: Span


def engine_calls(content: bytes) -> list[EngineCall]:
    """Every call in a script; bytes that are no UTF-8 are replaced."""
    if not any(engine.encode() in content for engine in _ENGINES):
        return []
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def span(first: ShellWord, last: ShellWord) -> Span:
        line = bisect_right(starts, first.start) - 1
        end = bisect_right(starts, max(last.end - 1, first.start)) - 1
        return Span(line + 1, first.start - starts[line] + 1, end + 1, last.end - starts[end] + 1)

    found = []
    for command in commands(text):
        words = unwrapped(command.words)
        if not words or basename(words[0].text) not in _ENGINES:
            continue
        at = _verb(words)
        if at >= len(words):
            continue
        platform, where = _platform(words)
        found.append(
            EngineCall(
                basename(words[0].text),
                words[at].text,
                platform,
                span(words[0], words[at]),
                span(where, where) if where else span(words[0], words[at]),
            )
        )
    return found


def _verb(words: tuple[ShellWord, ...]) -> int:
    at = 1
    while at < len(words):
        text = words[at].text
        if text in _WITH_VALUE:
            at += 2
        elif text.startswith("-") or text in _GROUPS:
            at += 1
        else:
            break
    return at


def _platform(words: tuple[ShellWord, ...]) -> tuple[str, ShellWord | None]:
    for at, word in enumerate(words):
        if word.text == "--platform" and at + 1 < len(words):
            return words[at + 1].text, word
        if word.text.startswith("--platform="):
            return word.text.partition("=")[2], word
    return "", None
