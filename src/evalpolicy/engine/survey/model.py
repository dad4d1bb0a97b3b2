"""The fleet as the web page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from msgspec import Struct

from evalpolicy.facts.fixture_rows import FixtureRow
from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.fleet.fixture_names import Decoding
from evalpolicy.policy.report import FileProblem, Report

State = Literal[
    "unreadable",
    "known-bad",
    "bad",
    "not-reproduced",
    "contradicted",
    "other-agent",
    "stale",
    "ambiguous",
    "unprovenanced",
    "recorded",
    "reproduced",
]
"""The states of a fixture; a cell of the matrix shows the worst."""

STATES: Mapping[State, tuple[str, str]] = MappingProxyType(
    {
        "unreadable": ("unreadable", "its content is missing, or is not a recording"),
        "known-bad": ("known bad", "the broken manifest lists it"),
        "bad": ("bad recording", "no usable turn, a refusal, a loop, or the wrong format"),
        "not-reproduced": ("not reproduced", "its replay ended differently"),
        "contradicted": ("contradicted", "its provenance entry contradicts it"),
        "other-agent": ("other agent", "recorded by an agent other than the one in its name"),
        "stale": ("stale", "the benchmark changed since it was recorded"),
        "ambiguous": ("ambiguous name", "its name can be read in two ways"),
        "unprovenanced": ("unprovenanced", "its origin is not recorded"),
        "recorded": ("recorded", "no known problem; not replayed"),
        "reproduced": ("reproduced", "its replay had the recorded result"),
    }
)
"""Each state's label and meaning, the worst first."""

FAULTS: frozenset[str] = frozenset(
    ("other-format", "no-turns", "refusal", "content-filter", "token-limit", "loop")
)
"""The faults that make a recording bad; others also occur in good ones."""


class Story(Struct, frozen=True):
    """One fixture: `states` the worst first, `entry` the fields of its provenance entry.

    `manifest_reason` is the reason in the broken manifest; empty unless it is `known-bad`.
    """

    row: FixtureRow
    readings: tuple[Decoding, ...]
    states: tuple[State, ...]
    entry: Mapping[str, object] | None
    manifest_reason: str = ""
    replayed: Replayed | None = None


class SurveyedBenchmark(NamedTuple):
    """A benchmark and the values of its labels; a label that is not set is `-`."""

    name: str
    path: str
    tasks: str
    env: str
    released: str


class Sized(NamedTuple):
    """A tracked file; `size` is in bytes, `limit` in KiB (0: none)."""

    path: str
    size: int
    limit: int
    is_fixture: bool

    @property
    def is_over(self) -> bool:
        return self.limit > 0 and self.size > self.limit * 1024


class SurveyedSizes(NamedTuple):
    """`total` and `fixtures` are in bytes, `budget` (for all fixtures together) in KiB."""

    files: int
    total: int
    fixtures: int
    budget: int | None
    largest: tuple[Sized, ...]


class Survey(Struct, frozen=True):
    """The fleet of one snapshot; `stories` are in the order of their paths.

    `problems` are what could not be read for it, whatever rules the report is of.
    """

    benchmarks: tuple[SurveyedBenchmark, ...]
    agents: tuple[str, ...]
    stories: tuple[Story, ...]
    sizes: SurveyedSizes
    problems: tuple[FileProblem, ...]
    folders: Mapping[str, str]
    """The folder of each benchmark → its name."""


class SurveyedReport(Report, frozen=True, kw_only=True):
    """A report with the fleet that it is about, for the web page."""

    survey: Survey

    @classmethod
    def of(cls, report: Report, survey: Survey) -> SurveyedReport:
        """The report with this survey."""
        fields = {name: getattr(report, name) for name in Report.__struct_fields__}
        return cls(**fields, survey=survey)


class Attribution:
    """Which benchmark a finding concerns."""

    def __init__(self, survey: Survey) -> None:
        self._folders = survey.folders
        self._names = set(survey.folders.values())
        self._of_fixture = {story.row.path: story.row.benchmark or "" for story in survey.stories}
        self._of_stem = {story.row.fixture: story.row.benchmark or "" for story in survey.stories}

    def benchmark(self, path: str, subject: str) -> str:
        """By the fixture or the folder that the finding is in, else by its subject.

        Empty where it concerns no benchmark, or more than one.
        """
        if path in self._of_fixture:
            return self._of_fixture[path]
        if subject in self._of_stem:
            return self._of_stem[subject]
        folder = path
        while folder := folder.rpartition("/")[0]:
            if folder in self._folders:
                return self._folders[folder]
        return subject if subject in self._names else ""
