"""Parts of the fleet with their own Dockerfile, read only as far as needed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

from evalpolicy.artifacts.syntax.source import Problem, Span, SpanRow
from evalpolicy.snapshot.cache import key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evalpolicy.artifacts.dockerfile import Dockerfile, Label
    from evalpolicy.artifacts.run_scripts import RunScript, ScriptInstall

Role = Literal["benchmark", "agent", "model", "gateway", "core"]
ROLES: tuple[Role, ...] = get_args(Role)

LabelRow: TypeAlias = tuple[
    str, str, str, str, tuple[str, ...], tuple[str, ...], SpanRow, SpanRow, SpanRow, int, bool
]
"""A label as it is cached (see `_label_row`)."""


class SummaryRow(NamedTuple):
    """A `DockerfileSummary` as it is cached."""

    labels: list[LabelRow]
    from_: SpanRow | None
    problems: list[tuple[str, SpanRow]]
    platforms: list[tuple[str, SpanRow]]
    ids: tuple[str, str]


class DockerfileSummary:
    """What the fleet has to know of every Dockerfile: its final labels, and its problems.

    `platforms` are those that its FROM instructions name, as written.

    It can be kept as a row and made from one, without reading the file again.
    """

    def __init__(
        self,
        labels: Mapping[str, Label],
        from_: Span | None,
        problems: tuple[Problem, ...],
        platforms: tuple[tuple[str, Span], ...] = (),
    ) -> None:
        self._labels = labels
        self._platforms = platforms
        self._from = from_
        self.problems = problems
        self._seen: Callable[[str], None] = _unseen

    @classmethod
    def of(cls, dockerfile: Dockerfile) -> DockerfileSummary:
        final = dockerfile.final
        if final is None:
            return cls({}, None, dockerfile.problems)
        return cls(
            dockerfile.effective_labels(final),
            final.from_.head,
            dockerfile.problems,
            tuple((s.platform.raw, s.platform.span) for s in dockerfile.stages if s.platform),
        )

    def tell(self, seen: Callable[[str], None]) -> None:
        """From now on calls `seen` with what is read: `labels` (all) or `values`."""
        self._seen = seen

    @property
    def labels(self) -> Mapping[str, Label]:
        self._seen("labels")
        return self._labels

    @property
    def platforms(self) -> tuple[tuple[str, Span], ...]:
        self._seen("labels")
        return self._platforms

    @property
    def from_(self) -> Span | None:
        self._seen("labels")
        return self._from

    def value(self, key: str) -> str | None:
        """A label's resolved value; None if the file does not set it."""
        self._seen("values")
        if isinstance(self._labels, KeptLabels):
            return self._labels.value(key)
        label = self._labels.get(key)
        return None if label is None else label.value

    @cached_property
    def ids(self) -> tuple[str, str]:
        """Words that stay equal: as long as nothing of this changes; as all labels' values do."""
        labels = self._rows[0]
        values = sorted((label[0], label[_VALUE]) for label in labels)
        return key(json.dumps(self._rows)), key(values)

    @property
    def row(self) -> list[Any]:
        return [*self._rows, self.ids]

    @property
    def _rows(self) -> list[Any]:
        return [
            [_label_row(label) for label in self._labels.values()],
            self._from,
            [[problem.message, problem.span] for problem in self.problems],
            [[raw, span] for raw, span in self._platforms],
        ]

    @classmethod
    def from_row(cls, row: SummaryRow) -> DockerfileSummary:
        labels, from_, problems, platforms, ids = row
        made = cls(
            KeptLabels(labels),
            Span(*from_) if from_ else None,
            tuple(Problem(message, Span(*span)) for message, span in problems),
            tuple((raw, Span(*span)) for raw, span in platforms),
        )
        made.__dict__["ids"] = ids
        return made


def _unseen(what: str) -> None:
    """The default: reads are not reported."""


class KeptLabels(Mapping[str, "Label"]):
    """Cached labels: each becomes a `Label` again on first use."""

    def __init__(self, rows: list[LabelRow]) -> None:
        self._rows = {row[0]: row for row in rows}

    def __getitem__(self, key: str) -> Label:
        return _label(self._rows[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def value(self, key: str) -> str | None:
        """A label's resolved value, without the rest of it."""
        row = self._rows.get(key)
        return None if row is None else row[_VALUE]


class Place:
    """Where a Dockerfile stands; `dockerfile` is parsed when it is first asked for.

    `role` is that of the unit whose Dockerfile it is, None for one that is no unit's (a template
    that others are built with).
    """

    role: Role | None

    def __init__(
        self,
        role: Role | None,
        path: str,
        parse: Callable[[], Dockerfile],
        seen: Callable[[], None],
    ) -> None:
        self.role = role
        self.path = path
        self.folder = path.rpartition("/")[0]
        self.name = self.folder.rpartition("/")[2]
        self._parse = parse
        self._seen = seen
        self._parsed: Dockerfile | None = None
        self._scripts: tuple[RunScript, ...] | None = None
        self._installs: tuple[ScriptInstall, ...] | None = None

    @property
    def dockerfile(self) -> Dockerfile:
        self._seen()
        if self._parsed is None:
            self._parsed = self._parse()
        return self._parsed

    @property
    def scripts(self) -> tuple[RunScript, ...]:
        """What the Dockerfile's RUN instructions run."""
        self._seen()
        if self._scripts is None:
            from evalpolicy.artifacts.run_scripts import scripts

            self._scripts = scripts(self.dockerfile)
        return self._scripts

    @property
    def installs(self) -> tuple[ScriptInstall, ...]:
        """What these scripts install, uninstall or run from a registry."""
        self._seen()
        if self._installs is None:
            from evalpolicy.artifacts.run_scripts import installs

            self._installs = installs(self.scripts)
        return self._installs

    @contextmanager
    def at_hand(self, parsed: Dockerfile | None) -> Iterator[None]:
        """Within this context, `dockerfile` is already parsed; afterwards it is dropped."""
        self._parsed = parsed
        try:
            yield
        finally:
            self._parsed = self._scripts = self._installs = None


class Unit(Place):
    """A benchmark, agent, model, gateway or core image.

    `role` comes from where the folder stands, or from `eval.type` where the layout has none
    of it (`placed` is False then). `labels` are those that the file itself gives the final
    image, the last of each key; `from_` is where that image's FROM stands (None in a file
    without one, which is a problem).
    """

    role: Role

    def __init__(
        self,
        role: Role,
        path: str,
        placed: bool,
        summary: DockerfileSummary,
        parse: Callable[[], Dockerfile],
        seen: Callable[[], None],
    ) -> None:
        super().__init__(role, path, parse, seen)
        self.placed = placed
        self._summary = summary

    @property
    def labels(self) -> Mapping[str, Label]:
        return self._summary.labels

    @property
    def from_(self) -> Span | None:
        return self._summary.from_

    def value(self, key: str) -> str | None:
        """A label's resolved value; None if the file does not set it."""
        return self._summary.value(key)


# Where a label's value stands in its row.
_VALUE: Final = 3


def _label_row(label: Label) -> list[Any]:
    return [
        label.key, label.raw, label.written, label.value, list(label.names),
        list(label.unresolved), label.span, label.key_span,
        label.value_span, label.stage, label.onbuild,
    ]  # fmt: skip


def _label(row: LabelRow) -> Label:
    from evalpolicy.artifacts.dockerfile import Label

    key, raw, written, value, names, unresolved, span, key_span, value_span, stage, onbuild = row
    return Label(
        key, raw, written, value, names, unresolved, Span(*span),
        Span(*key_span), Span(*value_span), stage, onbuild,
    )  # fmt: skip
