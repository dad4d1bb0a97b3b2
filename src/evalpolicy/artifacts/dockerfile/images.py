"""The external images that a Dockerfile uses."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from evalpolicy.artifacts.dockerfile.model import Dockerfile, Instruction
from evalpolicy.artifacts.syntax.source import Span


class Image(Struct, frozen=True):
    """An image that a Dockerfile pulls. `known` is false where only the build knows its name."""

    raw: str
    resolved: str
    known: bool
    how: str
    span: Span


def images(dockerfile: Dockerfile) -> Iterator[Image]:
    """The images that the file pulls, in order, without its own stages."""
    for stage in dockerfile.stages:
        base = stage.base
        if base.parent is None:
            known = not base.unresolved
            yield Image(base.raw, base.resolved, known, "FROM", base.span)
        for instruction in stage.instructions:
            yield from _copied(dockerfile, stage.index, instruction.onbuild or instruction)


def _copied(dockerfile: Dockerfile, stage: int, instruction: Instruction) -> Iterator[Image]:
    if instruction.keyword not in ("COPY", "ADD", "RUN"):
        return
    for flag in instruction.flags:
        name, _, value = flag.partition("=")
        if name == "--from" and instruction.keyword == "COPY":
            source, how = value, "COPY --from"
        elif name == "--mount" and instruction.keyword == "RUN":
            pairs = (pair.partition("=") for pair in value.split(","))
            source = next((word for key, _, word in pairs if key == "from"), "")
            how = "RUN --mount from"
        else:
            continue
        stages = {other.name for other in dockerfile.stages[:stage] if other.name}
        if source and source.lower() not in stages and not source.isdecimal():
            known = "$" not in source
            yield Image(source, source, known, how, instruction.head)
