"""What a Dockerfile holds: directives, instructions, stages, labels; every value with its span.

Lines and columns are those of the text without a byte order mark.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from operator import itemgetter

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Problem, Span


class Directive(Struct, frozen=True):
    """`# name=value` at the head of the file; name is syntax, escape or check."""

    name: str
    value: str
    span: Span


class DockerfileComment(Struct, frozen=True):
    """A comment's line from its `#` on, within an instruction or between two."""

    text: str
    span: Span


class Heredoc(Struct, frozen=True):
    """A heredoc of an instruction; `body` is as written, with its leading tabs.

    `delimiter` has no quotes; `expand` is False if it was quoted; `span` covers the body's
    lines without the one that ends it, and is empty at that line if there are none.
    """

    delimiter: str
    fd: int
    chomp: bool
    expand: bool
    body: str
    span: Span


class Argument(Struct, frozen=True):
    """One word of an instruction as written, and its place."""

    text: str
    span: Span


class Instruction(Struct, frozen=True):
    """One instruction.

    - `keyword`: in upper case, also of an instruction that does not exist.
    - `text`: the whole logical line; `value`: what follows keyword and flags, trimmed.
    - `span`: from the keyword to the end of the last line that belongs to it: continuation lines
      and heredocs with their end marks. `head`: its part on the first line.
    - `json`: the strings of the JSON form (RUN, CMD, ENTRYPOINT, SHELL, COPY, ADD, VOLUME and
      HEALTHCHECK CMD), None for the others.
    - `arguments`: the words behind the flags as BuildKit splits them for this keyword; a shell
      form is one word; a pair of LABEL, ENV or ARG is one word.
    - `stage`: the index of its stage, None before the first FROM.
    - `onbuild`: the instruction within ONBUILD.
    - `parts`: where each physical line of `value` begins: offset, line and column.
    """

    keyword: str
    flags: tuple[str, ...]
    text: str
    value: str
    span: Span
    head: Span
    value_span: Span
    arguments: tuple[Argument, ...]
    json: tuple[str, ...] | None = None
    heredocs: tuple[Heredoc, ...] = ()
    stage: int | None = None
    onbuild: Instruction | None = None
    parts: tuple[tuple[int, int, int], ...] = ()

    def span_within(self, start: int, end: int) -> Span:
        """Where a range of `value` stands; all of it if the parts are not known."""
        if not self.parts:
            return self.value_span
        first = self._place(start)
        line, column = self._place(end - 1) if end > start else first
        return Span(*first, line, column + (end > start))

    def _place(self, offset: int) -> tuple[int, int]:
        part = bisect_right(self.parts, offset, key=itemgetter(0)) - 1
        start, line, column = self.parts[max(part, 0)]
        return line, column + offset - start

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments' texts, without their spans."""
        return tuple(argument.text for argument in self.arguments)


class Label(Struct, frozen=True):
    """One pair of a LABEL instruction.

    - `key`, `value`: without quotes, variables replaced; one that is not set becomes nothing.
    - `raw`: the value without its quotes and with its variables as written.
    - `written`: the value exactly as written.
    - `names`: all variables in the value; `unresolved`: the variables that are
      not set and have no default, also where the value rests on them by way of others.
    - `stage`: the index of the stage whose image gets it.
    - `onbuild`: whether a trigger of the parent stage sets it.
    """

    key: str
    raw: str
    written: str
    value: str
    names: tuple[str, ...]
    unresolved: tuple[str, ...]
    span: Span
    key_span: Span
    value_span: Span
    stage: int
    onbuild: bool = False


class Env(Struct, frozen=True):
    """One pair of an ENV instruction; the fields are those of a label."""

    key: str
    raw: str
    written: str
    value: str
    names: tuple[str, ...]
    unresolved: tuple[str, ...]
    span: Span
    key_span: Span
    value_span: Span


class Arg(Struct, frozen=True):
    """One declaration of an ARG instruction.

    `default` is as written (None if it has none), `value` what the name stands for behind it:
    the build argument, the default expanded, the global value, or None if it stays unset.
    """

    key: str
    default: str | None
    value: str | None
    names: tuple[str, ...]
    unresolved: tuple[str, ...]
    span: Span
    key_span: Span
    value_span: Span | None


class Word(Struct, frozen=True):
    """A word with variables: as written, with them replaced, and which there were."""

    raw: str
    resolved: str
    names: tuple[str, ...]
    unresolved: tuple[str, ...]
    span: Span


class Base(Struct, frozen=True):
    """What FROM names. `parent` is the index of an earlier stage, if the name is one's."""

    raw: str
    resolved: str
    names: tuple[str, ...]
    unresolved: tuple[str, ...]
    span: Span
    parent: int | None = None

    @property
    def is_scratch(self) -> bool:
        return self.parent is None and self.resolved == "scratch"


class Stage(Struct, frozen=True):
    """One FROM and what follows it.

    - `name`: in lower case, as BuildKit compares it; None if it has none.
    - `labels`: those that stand in this stage, in order, repeats included.
    - `triggered`: the labels that ONBUILD instructions of the parent stage set in this one.
    - `env`: the image's environment as far as the file says it, the parent stage's included.
    """

    index: int
    name: str | None
    base: Base
    platform: Word | None
    from_: Instruction
    instructions: tuple[Instruction, ...]
    labels: tuple[Label, ...]
    triggered: tuple[Label, ...]
    args: tuple[Arg, ...]
    envs: tuple[Env, ...]
    env: Mapping[str, str]


class Dockerfile(Struct, frozen=True):
    """A parsed Dockerfile.

    - `problems`: what BuildKit rejects, whatever build arguments it is given; what is not text.
    - `unsupplied`: what it rejects as long as no build argument (or base image) sets a variable:
      `FROM ${X}` and `${X:?message}`.
    - `syntax_problems`: the part of `problems` that variables have no part in.
    """

    instructions: tuple[Instruction, ...] = ()
    global_args: tuple[Arg, ...] = ()
    stages: tuple[Stage, ...] = ()
    problems: tuple[Problem, ...] = ()
    unsupplied: tuple[Problem, ...] = ()
    directives: tuple[Directive, ...] = ()
    escape: str = "\\"
    syntax_problems: tuple[Problem, ...] = ()
    comments: tuple[DockerfileComment, ...] = ()

    @property
    def final(self) -> Stage | None:
        """The stage that a build without `--target` makes."""
        return self.stages[-1] if self.stages else None

    def lineage(self, stage: Stage) -> list[Stage]:
        """The stages of this file that a stage is built on, the oldest first, itself last."""
        line = [stage]
        while (parent := line[-1].base.parent) is not None:
            line.append(self.stages[parent])
        return line[::-1]

    def effective_labels(self, stage: Stage) -> dict[str, Label]:
        """The labels that this file gives the stage's image: inherited ones too, the last wins."""
        return {label.key: label for each in self.lineage(stage) for label in _labels(each)}


def _labels(stage: Stage) -> Iterator[Label]:
    yield from stage.triggered
    yield from stage.labels
