"""What a build takes from its context, and what it does, apart from its words to readers."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from evalpolicy.artifacts.dockerfile.model import Dockerfile, Heredoc, Instruction
from evalpolicy.artifacts.syntax.significant import significant

_SCRIPT = "run.sh"


def context_sources(dockerfile: Dockerfile) -> frozenset[str] | None:
    """The files and folders of the context that a build reads, as COPY's patterns (`*.py`).

    An empty one is the whole context; None where a variable names it.
    """
    found: set[str] = set()
    for instruction in _inner(dockerfile):
        words = _sources(instruction)
        if any(set(word) & set("$\"'") for word in words):
            return None
        found.update(_cleaned(word) for word in words)
    return frozenset(found)


def _inner(dockerfile: Dockerfile) -> Iterator[Instruction]:
    for stage in dockerfile.stages:
        for instruction in stage.instructions:
            yield instruction.onbuild or instruction


def _sources(instruction: Instruction) -> list[str]:
    if instruction.keyword == "RUN":
        binds = [pairs for pairs in mounts(instruction) if pairs.get("type", "bind") == "bind"]
        of_context = (pairs for pairs in binds if "from" not in pairs)
        return [pairs.get("source") or pairs.get("src") or "" for pairs in of_context]
    if instruction.keyword not in ("COPY", "ADD"):
        return []
    if any(flag.startswith("--from=") for flag in instruction.flags):
        return []
    words = (instruction.words if instruction.json is None else instruction.json)[:-1]
    remote = instruction.keyword == "ADD"
    return [w for w in words if not w.startswith("<<") and not (remote and _is_remote(w))]


def _is_remote(word: str) -> bool:
    return "://" in word or word.startswith("git@")


def _cleaned(word: str) -> str:
    """A source as BuildKit sees it: below the context, whatever `..` says."""
    return posixpath.normpath(f"/{word}").strip("/")


def mounts(instruction: Instruction) -> Iterator[dict[str, str]]:
    """The mounts of a RUN instruction, each by its keys."""
    inner = instruction.onbuild or instruction
    for flag in inner.flags if inner.keyword == "RUN" else ():
        name, _, value = flag.partition("=")
        if name == "--mount":
            pairs = (pair.partition("=") for pair in value.split(","))
            yield {key: word for key, _, word in pairs}


def recipe(dockerfile: Dockerfile) -> list[Any]:
    """What a build does, as JSON-able values: equal for two files that make the same image.

    Without comments, blank lines and labels, which no run sees.
    """
    return [_done(one) for one in dockerfile.instructions if not _is_label(one)]


def _is_label(instruction: Instruction) -> bool:
    return "LABEL" in (instruction.keyword, instruction.onbuild and instruction.onbuild.keyword)


def _done(instruction: Instruction) -> list[Any]:
    inner = instruction.onbuild or instruction
    value: Any = instruction.value
    if inner.json is not None:
        value = list(inner.json)
    elif inner.keyword == "RUN":
        value = significant(_SCRIPT, inner.value)
    is_script = inner.keyword == "RUN" and inner.value.lstrip().startswith("<<")
    bodies = [_body(heredoc, is_script) for heredoc in instruction.heredocs]
    return [instruction.keyword, inner.keyword, list(inner.flags), value, bodies]


def _body(heredoc: Heredoc, is_script: bool) -> list[Any]:
    """A heredoc; one that a shell runs without what the shell does not see."""
    first = heredoc.body.partition("\n")[0]
    read = is_script and (not first.startswith("#!") or first.endswith("sh"))
    body = significant(_SCRIPT, heredoc.body) if read else heredoc.body
    return [heredoc.delimiter, heredoc.expand, heredoc.chomp, body]
