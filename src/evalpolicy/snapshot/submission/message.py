"""A commit message while it is being written: the file that a commit-msg hook gets."""

from __future__ import annotations

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import START, Span

# What `git commit --verbose` puts above the diff (git's wt-status.c); all below is cut off.
_SCISSORS = " ------------------------ >8 ------------------------"


class CommitMessage(Struct, frozen=True):
    """The message that git will keep: `span` is that of its first line in the file."""

    subject: str
    body: str
    span: Span


def parse(content: bytes, comment: str = "#") -> CommitMessage:
    """The message without what git removes of it.

    Comment lines go if the editor's template is there (a line that is the comment character
    alone, or with white space behind it): then git strips every such line. Without a template,
    as after `git commit -m "#12: …"`, git keeps them.
    """
    lines = content.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    if comment + _SCISSORS in lines:
        lines = lines[: lines.index(comment + _SCISSORS)]
    if any(line == comment or line.startswith((f"{comment} ", f"{comment}\t")) for line in lines):
        lines = ["" if line.startswith(comment) else line for line in lines]
    for number, line in enumerate(lines, 1):
        if line.strip():
            span = Span.at(number, 1, len(line.rstrip()))
            return CommitMessage(line.strip(), "\n".join(lines[number:]).strip("\n"), span)
    return CommitMessage("", "", START)
