"""What BuildKit rejects about a single instruction (instructions/parse.go and bflag.go, v0.33).

Left to BuildKit: what `--mount` holds, and whether an image's name, a platform, a port, a signal,
an owner, a mode or a checksum is one. None of these changes what the file's labels are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .heredocs import is_heredoc
from .model import Instruction
from .pairs import PairSyntaxError, divided
from .splitting import KEYWORDS

Kind = str
_TEXT, _SWITCH, _LIST = "text", "switch", "list"

FLAGS: Mapping[str, Mapping[str, Kind]] = {
    "ADD": {
        "chown": _TEXT,
        "chmod": _TEXT,
        "link": _SWITCH,
        "keep-git-dir": _SWITCH,
        "checksum": _TEXT,
        "unpack": _SWITCH,
        "exclude": _LIST,
    },
    "COPY": {
        "chown": _TEXT,
        "chmod": _TEXT,
        "from": _TEXT,
        "link": _SWITCH,
        "parents": _SWITCH,
        "exclude": _LIST,
    },
    "FROM": {"platform": _TEXT},
    "RUN": {"mount": _LIST, "network": _TEXT, "security": _TEXT, "device": _LIST},
    "HEALTHCHECK": {
        "interval": _TEXT,
        "timeout": _TEXT,
        "start-period": _TEXT,
        "start-interval": _TEXT,
        "retries": _TEXT,
    },
}
FLAGS_UNREAD = frozenset({"ARG", "STOPSIGNAL"})
"""BuildKit never looks at the flags of these."""

CHOICES = {
    "network": ("default", "none", "host"),
    "security": ("sandbox", "insecure"),
}
AT_LEAST_ONE = frozenset({"EXPOSE", "VOLUME", "ONBUILD", "HEALTHCHECK", "SHELL"})
NO_TRIGGERS = frozenset({"ONBUILD", "FROM", "MAINTAINER"})

_DURATION = re.compile(r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)\Z")
_INTEGER = re.compile(r"[+-]?\d+\Z")


def complaints(instruction: Instruction) -> Iterator[str]:
    """Why BuildKit rejects the instruction, whatever its variables hold."""
    keyword = instruction.keyword
    if keyword not in KEYWORDS:
        yield f"{keyword} is not an instruction"
        return
    words = instruction.words if instruction.json is None else instruction.json
    yield from _wrong_words(instruction, words)
    none = keyword == "HEALTHCHECK" and words[:1] and words[0].upper() == "NONE"
    if instruction.flags and not none and keyword not in FLAGS_UNREAD:
        yield from _wrong_flags(keyword, instruction.flags)


def _wrong_words(instruction: Instruction, words: tuple[str, ...]) -> Iterator[str]:
    keyword = instruction.keyword
    match keyword:
        case "USER" | "WORKDIR" | "STOPSIGNAL" | "MAINTAINER" if not words:
            yield f"{keyword} needs one argument"
        case "COPY" | "ADD" if len(words) < 2:
            yield f"{keyword} needs a source and a destination"
        case "COPY" | "ADD" if is_heredoc(words[-1]):
            yield f"{keyword} needs a destination after its heredocs"
        case "ONBUILD":
            yield from _wrong_trigger(instruction)
        case "HEALTHCHECK":
            yield from _wrong_health(instruction)
        case "VOLUME" if any(not word.strip() for word in words):
            yield "VOLUME has an empty path"
        case "SHELL" if words and instruction.json is None:
            yield 'SHELL needs the JSON form: ["program", "argument"]'
    if keyword in AT_LEAST_ONE and not words and instruction.onbuild is None:
        yield f"{keyword} needs at least one argument"


def _wrong_trigger(instruction: Instruction) -> Iterator[str]:
    inner = instruction.onbuild
    if inner is None:
        return
    if inner.keyword in NO_TRIGGERS:
        yield f"ONBUILD {inner.keyword} is not allowed"
    if inner.keyword in ("LABEL", "ENV"):
        try:
            divided(inner)
        except PairSyntaxError as error:
            yield f"ONBUILD {inner.keyword}: {error}"


def _wrong_health(instruction: Instruction) -> Iterator[str]:
    if not instruction.arguments:
        return
    kind = instruction.arguments[0].text.upper()
    command = instruction.json if instruction.json is not None else instruction.arguments[1:]
    if kind == "NONE" and command:
        yield "HEALTHCHECK NONE takes no command"
    elif kind == "CMD" and not command:
        yield "HEALTHCHECK CMD needs a command"
    elif kind not in ("NONE", "CMD"):
        yield f"HEALTHCHECK {kind} is neither CMD nor NONE"


def _wrong_flags(keyword: str, flags: tuple[str, ...]) -> Iterator[str]:
    known = FLAGS.get(keyword, {})
    seen = set()
    for flag in flags:
        name, sign, value = flag.removeprefix("--").partition("=")
        kind = known.get(name)
        if kind is None:
            yield f"{keyword} has no flag --{name}"
            continue
        if name in seen and kind != _LIST:
            yield f"{keyword} --{name} is given twice"
        seen.add(name)
        if kind != _SWITCH and not sign:
            yield f"{keyword} --{name} needs a value"
        elif kind == _SWITCH:
            if (sign and not value) or value.lower() not in ("", "true", "false"):
                yield f"{keyword} {flag}: the value must be true or false"
        else:
            yield from _wrong_value(keyword, name, value)


def _wrong_value(keyword: str, name: str, value: str) -> Iterator[str]:
    if name in CHOICES and value not in CHOICES[name]:
        yield f"{keyword} --{name}={value}: the value must be one of {', '.join(CHOICES[name])}"
    if keyword != "HEALTHCHECK" or not value:
        return
    if name == "retries":
        if not _INTEGER.match(value) or not 0 <= int(value[:12]) < 2**31:
            yield f"HEALTHCHECK --retries={value}: the value must be a number"
    elif not _DURATION.match(value) or value.startswith("-"):
        yield f"HEALTHCHECK --{name}={value} is not a duration: write 30s or 1m30s"
