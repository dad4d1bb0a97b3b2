"""gitleaks in shell text: which lines run it, and which version a line installs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.model import ShellWord
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import basename, innermost
from evalpolicy.artifacts.syntax.shell.shells import with_inner
from evalpolicy.artifacts.syntax.shell.values import known_values
from evalpolicy.artifacts.syntax.source import Lines, Span
from evalpolicy.scanners.gitleaks.versions import Version

# What stands before the shell's words on a line of a Makefile, a Dockerfile or a list of tasks.
_RECIPE = re.compile(r"[ \t]*(?:- |(?:ONBUILD[ \t]+)?RUN[ \t]+)?[ \t@+-]*")
_LOGICAL_LINE = re.compile(r"(?:[^\\\n]|\\.|\\\Z)+", re.DOTALL)
_IMAGE = re.compile(r"(?:[\w.-]+(?::\d+)?/)*gitleaks(?::([^@\s]+))?(?:@sha256:[0-9a-f]+)?")
_INSTALLS = (
    re.compile(r"gitleaks/v8@(v?[\w.-]+)"),
    re.compile(r"gitleaks/releases/download/(v?[\w.-]+)/"),
    re.compile(r"gitleaks/archive/(?:refs/tags/)?(v?\d[\w.]*?)\.(?:tar|zip)"),
    re.compile(r"\bGITLEAKS_VERSION\s*[:?]?=\s*[\"']?(v?[\w.-]+)"),
    re.compile(r"\bgitleaks[=@](v?\d[\w.]*)"),
)


class Command(Struct, frozen=True):
    """One run of gitleaks: its words behind the program, what is set for it, where it stands.

    `tag` is the image's tag where it runs in a container; "" is an image without one.
    """

    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    span: Span
    tag: str | None = None


class Install(Struct, frozen=True):
    """A version that a text installs; `version` is None if it is not an exact one."""

    written: str
    version: Version | None
    span: Span


def commands(text: str, first_line: int = 1, *, by_line: bool = False) -> Iterator[Command]:
    """Every run of gitleaks in a script, in order, also within `sh -c`.

    `by_line`: each line is a separate script, as in a Makefile.
    """
    if not _names_it(text):
        return
    lines = Lines(text, first_line)
    for start, end in _scripts(text, by_line):
        script = parse(text, start, end)
        values = known_values(script)
        for command in with_inner(script):
            run = innermost(command, values)
            words, image = run.words, run.image
            if image is not None and (match := _IMAGE.fullmatch(image.text)) is not None:
                tag = match.group(1) or ""
            else:
                # The entry point of another image does not count, nor what runs in it.
                words, tag = words[1:] if image is not None else words, None
            if words and basename(words[0].text) == "gitleaks":
                arguments = tuple(word.text for word in words[1:])
                yield Command(arguments, run.environment, _span(text, words[0], lines), tag)


def _scripts(text: str, by_line: bool) -> Iterator[tuple[int, int]]:
    if not by_line:
        yield 0, len(text)
        return
    for line in _LOGICAL_LINE.finditer(text):
        if _names_it(line[0]) and (prefix := _RECIPE.match(text, line.start(), line.end())):
            yield prefix.end(), line.end()


def _span(text: str, word: ShellWord, lines: Lines) -> Span:
    """Where the name stands within the word."""
    at = text.find("gitleaks", word.start, word.end)
    return lines.span(word.start, word.end) if at < 0 else lines.span(at, at + len("gitleaks"))


def installs(text: str, first_line: int = 1) -> Iterator[Install]:
    """Every plain installation of gitleaks in a script, a Makefile or a Dockerfile."""
    if "gitleaks" not in text and "GITLEAKS" not in text:
        return
    for number, line in enumerate(text.split("\n")):
        if line.lstrip().startswith("#"):
            continue
        for pattern in _INSTALLS:
            for match in pattern.finditer(line):
                written = match.group(1)
                span = Span.at(first_line + number, match.start(1) + 1, len(written))
                yield Install(written, Version.parse(written), span)


def _names_it(text: str) -> bool:
    """Whether a word of the text can be gitleaks, whatever quotes and escapes are in it."""
    return "gitleaks" in text.translate(_UNQUOTED)


_UNQUOTED = str.maketrans("", "", "'\"\\")
