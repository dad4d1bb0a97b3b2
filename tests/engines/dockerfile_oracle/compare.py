"""Where our reading of a Dockerfile and BuildKit's differ; an empty answer is agreement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from evalpolicy.artifacts.dockerfile import Dockerfile, Instruction, Stage, parse
from evalpolicy.artifacts.dockerfile.pairs import PairError, divided
from evalpolicy.artifacts.dockerfile.splitting import KEYWORDS

from .generator import Case

NOT_OURS = re.compile(
    r"invalid reference format|failed to parse platform|invalid containerPort|invalid hostPort"
    r"|invalid proto|invalid port|invalid IP address|failed to parse csv|mount"
    r"|must be a key=value pair|signal|chown|chmod|checksum|digest"
)
"""What BuildKit refuses and the artifact leaves to it: see its `checks` module."""


def difference(case: Case, answer: dict[str, Any]) -> str | None:
    """The first difference between the Go judge's answer and ours, as a sentence."""
    ours = parse(case.dockerfile.encode(), case.args)
    if answer["parse_error"]:
        return None if ours.problems else f"BuildKit's parser refuses it: {answer['parse_error']}"
    return next(_differences(case, ours, answer), None)


def kind(sentence: str | None) -> str:
    """What a difference is about, so that shrinking does not slip from one to another."""
    return re.sub(r"\d+|'.*|\".*|: .*", "", sentence or "")


def _differences(case: Case, ours: Dockerfile, answer: dict[str, Any]) -> Iterator[str]:
    if ours.escape != answer["escape"]:
        yield f"escape {ours.escape}, BuildKit {answer['escape']}"
    theirs = answer["instructions"]
    for mine, its in zip(ours.instructions, theirs, strict=False):
        yield from _instruction(mine, its)
    if len(ours.instructions) != len(theirs):
        yield f"{len(ours.instructions)} instructions, BuildKit {len(theirs)}"
    if answer["build_error"]:
        judged = not NOT_OURS.search(answer["build_error"])
        if judged and not ours.problems and not ours.unsupplied:
            yield f"we take it, BuildKit refuses it: {answer['build_error']}"
        return
    if blocking(ours):
        yield f"BuildKit takes it, we refuse it: {blocking(ours)[0]}"
    assert ours.final is not None
    if "PATH" in case.dockerfile and not ours.lineage(ours.final)[0].base.is_scratch:
        return  # The image that the judge makes up has a PATH, and a file cannot say which.
    yield from labels_differ(ours, answer["labels"] or {})
    env = dict(pair.split("=", 1) for pair in answer["env"] or [])
    for key, value in ours.final.env.items():
        if env.get(key) != value:
            yield f"ENV {key}: {value!r}, BuildKit {env.get(key)!r}"


def labels_differ(ours: Dockerfile, theirs: dict[str, str]) -> Iterator[str]:
    """One sentence for each label that is another in the image."""
    mine = image_labels(ours)
    for key in sorted(mine.keys() | theirs.keys()):
        if mine.get(key) != theirs.get(key):
            yield f"label {key!r}: {mine.get(key)!r}, BuildKit {theirs.get(key)!r}"


def image_labels(ours: Dockerfile) -> dict[str, str]:
    if ours.final is None:
        return {}
    return {key: label.value for key, label in ours.effective_labels(ours.final).items()}


def blocking(ours: Dockerfile) -> list[str]:
    """The problems that a build of the last stage meets: those of a stage apart from it are not."""
    if ours.final is None:
        return [problem.message for problem in ours.problems]
    built = {stage.index for stage in ours.lineage(ours.final)}
    lines = {line for stage in ours.stages if stage.index not in built for line in _lines(stage)}
    own = [p for p in ours.problems if p in ours.syntax_problems or p.span.line not in lines]
    return [problem.message for problem in own]


def _lines(stage: Stage) -> Iterator[int]:
    yield stage.from_.span.line
    for instruction in stage.instructions:
        yield from range(instruction.span.line, instruction.span.end_line + 1)


def _instruction(mine: Instruction, its: dict[str, Any]) -> Iterator[str]:
    where = f"line {its['start']}"
    pairs_of = {
        "keyword": (mine.keyword, its["keyword"].upper()),
        "flags": (list(mine.flags), its["flags"]),
        "JSON form": (mine.json is not None, its["json"]),
        "words": (_words(mine), its["words"]),
    }
    if its["start"]:
        pairs_of |= {
            "text": (mine.text, its["text"]),
            "first line": (mine.span.line, its["start"]),
            "last line": (mine.span.end_line, its["end"]),
            "heredocs": (
                [(h.delimiter, h.fd, h.expand, h.chomp, h.body) for h in mine.heredocs],
                [(h["name"], h["fd"], h["expand"], h["chomp"], h["body"]) for h in its["heredocs"]],
            ),
        }
    for what, (ours, theirs) in pairs_of.items():
        if ours != theirs:
            yield f"{where}: {what} {ours!r}, BuildKit {theirs!r}"
    if (mine.onbuild is None) != (its["onbuild"] is None):
        yield f"{where}: ONBUILD {mine.onbuild!r}, BuildKit {its['onbuild']!r}"
    elif mine.onbuild is not None:
        yield from _instruction(mine.onbuild, its["onbuild"])


def _words(mine: Instruction) -> list[str]:
    if mine.keyword not in KEYWORDS:
        return [""]
    if mine.json is not None:
        return [*mine.words, *mine.json]
    if mine.keyword in ("LABEL", "ENV") and mine.arguments:
        try:
            found = divided(mine)
        except PairError:
            return []
        sign = "=" if "=" in mine.words[0] else ""
        return [part for pair in found for part in (pair.key, pair.value or "", sign)]
    return list(mine.words)
