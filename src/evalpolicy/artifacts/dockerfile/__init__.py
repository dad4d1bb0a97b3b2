"""Dockerfiles as BuildKit reads them: `parse(content)` gives a `Dockerfile`.

It never raises; what BuildKit would refuse is in `Dockerfile.problems`, and what can be read all
the same is there. The bytes go through these modules, each with the facts that it follows:
`lines` (continuations, heredocs), `splitting` (instructions), `checks` (what BuildKit rejects),
`stages` (variables, labels, bases), `shell` and `pattern` (words).
"""

from __future__ import annotations

from collections.abc import Mapping

from .model import (
    Arg,
    Argument,
    Base,
    Directive,
    Dockerfile,
    DockerfileComment,
    Env,
    Heredoc,
    Instruction,
    Label,
    Stage,
    Word,
)

__all__ = [
    "Arg",
    "Argument",
    "Base",
    "Directive",
    "Dockerfile",
    "DockerfileComment",
    "Env",
    "Heredoc",
    "Instruction",
    "Label",
    "Stage",
    "Word",
    "parse",
    "resolve",
]


def resolve(dockerfile: Dockerfile, build_args: Mapping[str, str]) -> Dockerfile:
    """The same file with build arguments supplied."""
    from .stages import with_stages

    return with_stages(dockerfile, build_args)


def parse(content: bytes, build_args: Mapping[str, str] | None = None) -> Dockerfile:
    """The Dockerfile in these bytes, its variables resolved with the build arguments given."""
    # A fleet's Dockerfiles are mostly known already: a hook loads the parser when it needs it.
    from .lines import read
    from .splitting import read_instructions
    from .stages import with_stages

    source = read(content)
    instructions = read_instructions(source)
    return with_stages(
        Dockerfile(
            instructions=tuple(instructions),
            directives=tuple(source.directives),
            escape=source.escape,
            syntax_problems=tuple(source.problems),
            comments=tuple(source.comments),
        ),
        build_args or {},
    )
