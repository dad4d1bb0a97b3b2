"""What rules may ask for: a rule's parameters are the names of these facts."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.config.reading import Config, Layout
from evalpolicy.facts.label_contracts import Contracts
from evalpolicy.facts.waivers import suppressions
from evalpolicy.facts.waivers.suppressions import Suppression
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.cache import Cache
from evalpolicy.snapshot.tracing import Look, Trace, Watched

_T = TypeVar("_T")
_NOTHING: Mapping[str, Callable[[], object]] = MappingProxyType({})

# What most runs do not ask for is loaded when they do.
if TYPE_CHECKING:
    from evalpolicy.artifacts.engine_calls import EngineCall
    from evalpolicy.facts.broken import BrokenFile
    from evalpolicy.facts.composes import Composes
    from evalpolicy.facts.documents import Documents
    from evalpolicy.facts.gates import Gates
    from evalpolicy.facts.gitleaks_uses import GitleaksUses
    from evalpolicy.facts.in_force import InForce
    from evalpolicy.facts.provenance_file import ProvenanceFile
    from evalpolicy.facts.recordings.mapping import Recordings
    from evalpolicy.facts.recordings.shown import Recorded
    from evalpolicy.facts.replays.replayed import Replayed
    from evalpolicy.facts.sizing import Sizing
    from evalpolicy.facts.submitted import Submitted
    from evalpolicy.facts.written_layout import WrittenGlob
    from evalpolicy.snapshot.submission.change import Change, Comparison


class settled(cached_property[_T]):  # noqa: N801 - a decorator, named like `cached_property`
    """A fact that reads all it ever reads when it is made: `Facts.made` has what that was.

    Rules may share it and still be judged apart. Any other fact reads on while rules ask it.
    """

    def __get__(self, facts: Any, owner: type | None = None) -> Any:
        if facts is None:
            return self
        trace = facts.made.setdefault(self.attrname, Trace())
        with facts.snapshot.tracing(trace):
            return super().__get__(facts, owner)


class Facts:
    """The facts about one snapshot, each worked out when a rule first asks for it.

    Rules read them and change nothing. A rule that asks for `unit` is called once for each unit,
    with its `Surroundings` as `around`; one that asks for `dockerfile` once for each Dockerfile,
    with its `Place` as `place`. Beside these it may ask for what `place_id` and the
    configuration's layout cover. One that asks for `change` runs where a submission is
    known, one that asks for `comparison` or `submitted` where it has two states, and one that asks
    for `replays` where `evalpolicy replay run` made some.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        config: Config,
        cache: Cache,
        change: Change | None = None,
        jobs: int | None = None,
        replays: Sequence[Replayed] | None = None,
        policy: InForce | None = None,
    ) -> None:
        self._policy = policy
        self._replays = replays
        self._jobs = jobs
        self._change = change
        self.cache = cache
        self.snapshot = snapshot if isinstance(snapshot, Watched) else Watched(snapshot, cache)
        self.config = config
        self.made: dict[str, Trace] = {}
        """What was looked at to make each fact that is settled, by its name."""
        self._states: dict[Look, str] = {}
        self._failed: dict[str, Exception] = {}
        self.kept_problems: list[tuple[str, Problem]] = []
        """What could not be read when findings were worked out that are taken from the cache."""

    def given(
        self, needs: Iterable[str], beside: Mapping[str, Callable[[], object]] = _NOTHING
    ) -> dict[str, object]:
        """The facts of these names, or what `beside` has for one.

        A fact that cannot be worked out raises the same exception for everybody who asks.
        """
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
        """Lets go, in a forked process, of what two processes cannot share."""
        self.snapshot.forked()
        self.cache.forked()

    @cached_property
    def fleet(self) -> Fleet:
        return Fleet(self.snapshot, self.config.layout, self.cache)

    @cached_property
    def contracts(self) -> Contracts:
        state: Snapshot = self.snapshot
        if self._policy is not None and self._policy.origin == "base":
            state = self._policy.state
        return Contracts(self.config, state, self.cache)

    @property
    def policy(self) -> InForce:
        assert self._policy is not None, "the engine runs no rule on policies without one"
        return self._policy

    @cached_property
    def gates(self) -> Gates:
        from evalpolicy.facts.gates import Gates

        return Gates(self.snapshot, self.config)

    @cached_property
    def gitleaks(self) -> GitleaksUses:
        from evalpolicy.facts.gitleaks_uses import GitleaksUses

        return GitleaksUses(self.gates)

    @settled
    def engine_calls(self) -> Mapping[str, tuple[EngineCall, ...]]:
        """What the fleet's shell scripts ask a container engine to do, by path."""
        from evalpolicy.facts.engine_calls import calls_of

        return calls_of(self.fleet)

    @cached_property
    def composes(self) -> Composes:
        """The fleet's compose files, and what they include and extend."""
        from evalpolicy.facts.composes import Composes

        return Composes(self.fleet)

    @cached_property
    def documents(self) -> Documents:
        """The fleet's Markdown: where it links to, and its rules documents' form."""
        from evalpolicy.facts.documents import Documents

        return Documents(self.fleet, self.config.submission.rules_documents)

    @cached_property
    def suppressions(self) -> Sequence[Suppression]:
        """All that comments silence, wherever they stand."""
        dockerfiles = Globs(self.layout.dockerfiles)
        return suppressions.find(self.snapshot, dockerfiles, self.cache, self.fleet.report)

    @property
    def layout(self) -> Layout:
        return self.config.layout

    @settled
    def written_layout(self) -> tuple[WrittenGlob, ...]:
        """The globs of `[layout]` that the checked state itself writes."""
        from evalpolicy.facts.written_layout import written_globs

        return written_globs(self.snapshot)

    @settled
    def provenance(self) -> ProvenanceFile:
        from evalpolicy.facts.provenance_file import ProvenanceFile

        found = ProvenanceFile(self.snapshot, self.config.layout.provenance, self.cache)
        for problem in found.problems:
            self.fleet.report(found.path, problem)
        return found

    @settled
    def recorded(self) -> Mapping[str, Recorded]:
        from evalpolicy.facts.recordings.shown import shown_by

        return shown_by(self.recordings)

    @settled
    def recordings(self) -> Recordings:
        from evalpolicy.facts.recordings.mapping import Recordings

        return Recordings(self.fleet, self.cache, self.config.secrets.internal_hosts, self._jobs)

    @settled
    def broken(self) -> BrokenFile:
        from evalpolicy.facts.broken import BrokenFile

        found = BrokenFile(self.snapshot, self.config.layout.broken)
        for problem in found.problems:
            self.fleet.report(found.path, problem)
        return found

    @cached_property
    def sizing(self) -> Sizing:
        from evalpolicy.facts.sizing import Sizing

        return Sizing(self.fleet, self.config.sizes)

    @property
    def change(self) -> Change:
        assert self._change is not None, "the engine runs no SUB rule without a change"
        return self._change

    @property
    def comparison(self) -> Comparison:
        assert self.change.comparison is not None, "nor one on two states without both"
        return self.change.comparison

    @cached_property
    def submitted(self) -> Submitted:
        from evalpolicy.facts.submitted import Submitted

        return Submitted(self.comparison, self.config)

    @property
    def replays(self) -> Sequence[Replayed]:
        assert self._replays is not None, "the engine runs no RPL rule without replays"
        return self._replays

    @property
    def problems(self) -> list[tuple[str, Problem]]:
        """What could not be read for the facts that were asked for, as (path, problem)."""
        of_change = self._change.problems if self._change else []
        of_gates = self.problems_of(self.__dict__)
        return [
            *self.fleet.problems, *of_change, *of_gates, *self.kept_problems, *self._unreplayed
        ]  # fmt: skip

    @property
    def _unreplayed(self) -> list[tuple[str, Problem]]:
        """What was to be replayed and was not; what is known to be broken is RPL006's."""
        return [
            (one.path, Problem(f"not replayed: {'; '.join(one.judgement.reasons)}"))
            for one in self._replays or ()
            if one.verdict == "not run" and not one.broken
        ]

    def state(self, look: Look) -> str:
        """The answer to a look, as a word that is equal for equal answers."""
        known = self._states.get(look)
        if known is None:
            known = self._states[look] = self.fleet.state(look)
        return known

    def problems_of(self, names: Container[str]) -> list[tuple[str, Problem]]:
        """Those of the facts so named that collect their own, apart from the fleet's."""
        of_gates = self.gates.problems if "gates" in names else []
        of_gitleaks = self.gitleaks.problems if "gitleaks" in names else []
        return [*of_gates, *of_gitleaks]


def rested_on(needs: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The facts that these rest on, themselves included: those that are settled, and the others.

    Read off the code of `Facts`: a fact that another one uses is named in it. What the fleet
    answers it takes down for whoever asks (see `Fleet.state`); it counts as neither.
    """
    found: dict[str, bool] = {}
    waiting = list(needs)
    while waiting:
        name = waiting.pop()
        made = vars(Facts).get(name)
        if name in found or name == "fleet" or not isinstance(made, cached_property):
            continue
        found[name] = isinstance(made, settled)
        waiting.extend(made.func.__code__.co_names)
    return (
        frozenset(name for name, is_settled in found.items() if is_settled),
        frozenset(name for name, is_settled in found.items() if not is_settled),
    )
