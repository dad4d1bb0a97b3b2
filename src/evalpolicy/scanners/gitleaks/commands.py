"""gitleaks in shell text: which lines run it, and which version a line installs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.scanners.gitleaks.invocation import split_command
from evalpolicy.scanners.gitleaks.versions import Version

_SEPARATOR = re.compile(r"&&|\|\||[;|&\n]|\$\(|\)|`")
_EXPRESSION = re.compile(r"\$\{\{[^{}\n|&;]*\}\}")
"""GitHub puts its value there before a shell reads the line: its blanks part no words."""
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_IMAGE = re.compile(r"(?:[\w.-]+(?::\d+)?/)*gitleaks(?::([\w.-]+))?(?:@sha256:[0-9a-f]+)?")
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
    """A version that a text installs; `version` is None where it is no exact one."""

    written: str
    version: Version | None
    span: Span


def commands(text: str, first_line: int = 1) -> Iterator[Command]:
    """Every plain run of gitleaks in a script, in order."""
    if not _names_it(text):
        return
    lines = text.split("\n")
    for line, logical in _logical_lines(text):
        if not _names_it(logical):
            continue
        whole = _EXPRESSION.sub(lambda found: "".join(found.group().split()), logical)
        for piece in _SEPARATOR.split(whole):
            found = _command(split_command(piece))
            if found is not None:
                words, environment, tag = found
                column = max(lines[line].find("gitleaks"), 0) + 1
                span = Span.at(first_line + line, column, len("gitleaks"))
                yield Command(words, environment, span, tag)


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


def _command(
    words: list[str],
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], str | None] | None:
    environment: list[tuple[str, str]] = []
    position = 0
    container = False
    while position < len(words):
        word = words[position].lstrip("@-")
        rest = tuple(words[position + 1 :])
        if (match := _ASSIGNMENT.fullmatch(word)) is not None:
            environment.append((match.group(1), match.group(2)))
        elif container and (image := _IMAGE.fullmatch(word)) is not None:
            return rest, tuple(environment), image.group(1) or ""
        elif not container and word.rpartition("/")[2] == "gitleaks":
            return rest, tuple(environment), None
        elif word in ("docker", "podman", "nerdctl"):
            container = True
        elif container and word in ("-e", "--env") and rest:
            name, _, value = rest[0].partition("=")
            environment.append((name, value))
            position += 1
        elif not container and word not in _PREFIXES:
            return None
        position += 1
    return None


_UNQUOTED = str.maketrans("", "", "'\"\\")
_PREFIXES = frozenset(
    {"RUN", "sudo", "exec", "env", "time", "nice", "command", "!", "if", "then", "do"}
)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with those that a backslash continues joined; numbers count from 0."""
    start = 0
    parts: list[str] = []
    for number, line in enumerate(text.split("\n")):
        if not parts:
            start = number
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        parts.append(line)
        yield start, " ".join(parts)
        parts = []
    if parts:
        yield start, " ".join(parts)
