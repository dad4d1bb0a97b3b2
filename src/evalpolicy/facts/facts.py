"""What rules may ask for: a rule's parameters are the names of these facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.config.reading import Config, Layout
from evalpolicy.policy.rule import parameters
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.cache import Cache
from evalpolicy.snapshot.tracing import TracedSnapshot, remembered

_T = TypeVar("_T")
_NOTHING: Mapping[str, Callable[[], object]] = MappingProxyType({})

# What most runs do not ask for is loaded when they do.
if TYPE_CHECKING:
    from evalpolicy.artifacts.engine_calls import EngineCall
    from evalpolicy.facts.broken_manifest import BrokenManifestFile
    from evalpolicy.facts.built_images import BuiltImages
    from evalpolicy.facts.compose_files import ComposeFiles
    from evalpolicy.facts.documents import Documents
    from evalpolicy.facts.gates import Gates
    from evalpolicy.facts.gitleaks_uses import GitleaksUses
    from evalpolicy.facts.in_force import InForce
    from evalpolicy.facts.label_contracts import Contracts
    from evalpolicy.facts.provenance_file import ProvenanceFile
    from evalpolicy.facts.recordings.mapping import Recordings
    from evalpolicy.facts.recordings.shown import RecordedAgents
    from evalpolicy.facts.replays.replayed import Replayed
    from evalpolicy.facts.sizing import Sizing
    from evalpolicy.facts.submitted_files import SubmittedFiles
    from evalpolicy.facts.waivers.suppressions import Suppression
    from evalpolicy.facts.written_layout import WrittenGlob
    from evalpolicy.fleet.fleet import Fleet
    from evalpolicy.snapshot.submission.change import Comparison, Submission


class Fact(Generic[_T]):
    """One fact: what a function or a class makes of the facts that its parameters name.

    It is imported and called on first use, and tracked: whatever asks for the fact depends on
    what was read for it. One that cannot be worked out raises the same for everybody who asks.
    """

    def __init__(self, module: str, function: str) -> None:
        self._module = module
        self._function = function

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, facts: None, kind: type) -> Fact[_T]: ...
    @overload
    def __get__(self, facts: Facts, kind: type) -> _T: ...
    def __get__(self, facts: Facts | None, kind: type) -> Fact[_T] | _T:
        if facts is None:
            return self
        return remembered(facts.made, self._name, lambda: self.make(**facts.given(self.needs)))

    @cached_property
    def make(self) -> Callable[..., _T]:
        module = import_module(f"evalpolicy.{self._module}")
        make: Callable[..., _T] = getattr(module, self._function)
        return make

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The facts that it is made from."""
        return parameters(self.make)


class Facts:
    """The facts about one snapshot, each worked out when a rule first asks for it.

    Rules read them and change nothing. A rule that asks for `unit` is called once for each unit,
    with its `UnitContext` as `unit_context`; one that asks for `dockerfile` once for each
    Dockerfile, with its `Place` as `place`. One that asks for `change` runs where a submission is
    known, one that asks for `comparison` or `submitted_files` where it has two states, and one that
    asks for `replays` where `evalpolicy replay run` made some.
    """

    fleet: Fact[Fleet] = Fact("fleet.fleet", "Fleet")
    contracts: Fact[Contracts] = Fact("facts.label_contracts", "contracts_in_force")
    gates: Fact[Gates] = Fact("facts.gates", "Gates")
    gitleaks: Fact[GitleaksUses] = Fact("facts.gitleaks_uses", "GitleaksUses")
    engine_calls: Fact[Mapping[str, tuple[EngineCall, ...]]] = Fact(
        "facts.engine_calls", "calls_of"
    )
    built_images: Fact[BuiltImages] = Fact("facts.built_images", "BuiltImages")
    compose_files: Fact[ComposeFiles] = Fact("facts.compose_files", "ComposeFiles")
    documents: Fact[Documents] = Fact("facts.documents", "Documents")
    suppressions: Fact[Sequence[Suppression]] = Fact(
        "facts.waivers.suppressions", "all_suppressions"
    )
    written_layout: Fact[tuple[WrittenGlob, ...]] = Fact("facts.written_layout", "written_globs")
    provenance: Fact[ProvenanceFile] = Fact("facts.provenance_file", "provenance_of")
    recordings: Fact[Recordings] = Fact("facts.recordings.mapping", "recordings_of")
    recorded: Fact[Mapping[str, RecordedAgents]] = Fact("facts.recordings.shown", "shown_by")
    broken_manifest: Fact[BrokenManifestFile] = Fact("facts.broken_manifest", "broken_manifest_of")
    sizing: Fact[Sizing] = Fact("facts.sizing", "Sizing")
    submitted_files: Fact[SubmittedFiles] = Fact("facts.submitted_files", "SubmittedFiles")

    def __init__(
        self,
        snapshot: Snapshot,
        config: Config,
        cache: Cache,
        change: Submission | None = None,
        jobs: int | None = None,
        replays: Sequence[Replayed] | None = None,
        policy: InForce | None = None,
    ) -> None:
        self._policy = policy
        self._replays = replays
        self._change = change
        self.jobs = jobs
        self.cache = cache
        self.snapshot = TracedSnapshot.over(snapshot, cache)
        self.config = config
        self.made: dict[str, Any] = {}
        """The facts that were asked for, with what was looked at to make each."""
        self._failed: dict[str, Exception] = {}
        self.kept_problems: list[tuple[str, Problem]] = []
        """What could not be read when findings were worked out that are taken from the cache."""

    def given(
        self, needs: Iterable[str], beside: Mapping[str, Callable[[], object]] = _NOTHING
    ) -> dict[str, object]:
        """The facts of these names, or what `beside` has for one."""
        return {n: beside[n]() if n in beside else self._given(n) for n in needs}

    def _given(self, name: str) -> object:
        if name in self._failed:
            raise self._failed[name]
        try:
            return getattr(self, name)
        except Exception as error:
            self._failed[name] = error
            raise

    def forked(self) -> None:
        """Drops, in a forked process, what two processes cannot share."""
        self.snapshot.forked()
        self.cache.forked()

    @property
    def layout(self) -> Layout:
        return self.config.layout

    @property
    def policy(self) -> InForce:
        assert self._policy is not None, "the engine runs no rule on policies without one"
        return self._policy

    @property
    def change(self) -> Submission:
        assert self._change is not None, "the engine runs no SUB rule without a change"
        return self._change

    @property
    def comparison(self) -> Comparison:
        assert self.change.comparison is not None, "nor one on two states without both"
        return self.change.comparison

    @property
    def replays(self) -> Sequence[Replayed]:
        assert self._replays is not None, "the engine runs no RPL rule without replays"
        return self._replays

    @property
    def problems(self) -> list[tuple[str, Problem]]:
        """What could not be read for the facts that were asked for, as (path, problem)."""
        of_change = self._change.problems if self._change else []
        of_gates = self.gates.problems if "gates" in self.made else []
        of_gitleaks = self.gitleaks.problems if "gitleaks" in self.made else []
        return [
            *self.fleet.problems, *of_change, *of_gates, *of_gitleaks, *self.kept_problems,
            *self._unreplayed,
        ]  # fmt: skip

    @property
    def _unreplayed(self) -> list[tuple[str, Problem]]:
        """What was to be replayed and was not; what is known to be broken is RPL006's."""
        return [
            (one.path, Problem(f"not replayed: {'; '.join(one.judgement.reasons)}"))
            for one in self._replays or ()
            if one.verdict == "not run" and not one.broken
        ]


GIVEN = (
    "snapshot",
    "config",
    "cache",
    "jobs",
    "layout",
    "policy",
    "change",
    "comparison",
    "replays",
)
"""What facts are made from and rules may ask for, beside the facts themselves."""


def names() -> frozenset[str]:
    """What a rule on the whole fleet may ask for."""
    return frozenset((*(n for n, value in vars(Facts).items() if isinstance(value, Fact)), *GIVEN))
