"""A rule's page: the sections of its docstring, and the examples in them.

An example is the fenced blocks of one section, each titled with a path: the files of a fleet
(` ```dockerfile containers/agents/codex/Dockerfile`). Of a submission it is the files of two
states (`before:path`, `after:path`; `upstream:path` where main moved on meanwhile) and, where it
matters, the commit's `message`; of replays, what came of one (`replay`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct, field

BAD, GOOD = "Example", "Fixed"
"""The sections with an example that the rule reports, and with one that it does not."""

_FENCE = re.compile(r"^```(\w+)(?: (?:(before|after|upstream):)?(\S+))?\n(.*?)^```$", re.M | re.S)
_PLACEHOLDER = re.compile(r"\{\{([\w-]+)(?: (\d+))?\}\}")
_STATES = ("before", "after", "upstream")

Files: TypeAlias = "Mapping[str, str | bytes]"
"""The content of files by their paths."""


class Example(Struct, frozen=True):
    """The files of a fleet; of a submission, those of its states, and its commit message.

    `replay` is what came of a replay, as JSON, where the rule judges that.
    """

    files: Files = field(default_factory=dict)
    before: Files = field(default_factory=dict)
    after: Files = field(default_factory=dict)
    upstream: Files = field(default_factory=dict)
    message: str | None = None
    replay: str | None = None

    @property
    def is_submission(self) -> bool:
        return bool(self.before or self.after or self.upstream or self.message is not None)


def sections(documentation: str) -> Iterator[tuple[str, str]]:
    """Heading and text of every section, the first without a heading.

    What looks like a heading within a fence is part of an example.
    """
    title, fenced = "", False
    kept: list[str] = []
    for line in documentation.splitlines(keepends=True):
        if line.startswith("```"):
            fenced = not fenced
        elif line.startswith("## ") and not fenced:
            yield title, "".join(kept).strip()
            title, kept = line[3:].strip(), []
            continue
        kept.append(line)
    yield title, "".join(kept).strip()


def section(documentation: str, title: str) -> str:
    """The text below a heading; empty if there is no such heading."""
    return next((text for name, text in sections(documentation) if name == title), "")


def example(
    documentation: str, title: str, fill: Callable[[str], str | None] = lambda _: None
) -> Example:
    """The example in a section. `fill` gives the text of a placeholder such as `{{openai}}`.

    `{{KiB 900}}` is so much text; what has no text is left as it is written.
    """

    def filled(found: re.Match[str]) -> str:
        if found[1] == "KiB" and found[2]:
            return "x" * 1024 * int(found[2])
        text = fill(found[1])
        return found[0] if text is None else text

    states: dict[str, dict[str, str | bytes]] = {"": {}, **{state: {} for state in _STATES}}
    for kind, state, path, body in _FENCE.findall(section(documentation, title)):
        if path:
            text = _PLACEHOLDER.sub(filled, body)
            states[state][path] = _laid_out(kind, path, text)
    of_submission = any(states[state] for state in _STATES) or set(states[""]) == {"message"}
    message = states[""].pop("message", None) if of_submission else None
    replay = states[""].pop("replay", None)
    return Example(
        states[""],
        states["before"],
        states["after"],
        states["upstream"],
        None if message is None else str(message),
        None if replay is None else str(replay),
    )


def _laid_out(kind: str, path: str, body: str) -> str:
    """JSON for a `.jsonl` may be laid out over lines: each value becomes a line of its own."""
    if kind != "json" or not path.endswith(".jsonl"):
        return body
    rows, at = [], 0
    while at < len(body):
        row, at = json.JSONDecoder().raw_decode(body, at)
        rows.append(json.dumps(row) + "\n")
        at += len(body[at:]) - len(body[at:].lstrip())
    return "".join(rows)
