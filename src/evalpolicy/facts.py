"""What rules may ask for: a rule's parameters are the names of these facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from evalpolicy.artifacts.source import Problem
from evalpolicy.cache import Cache
from evalpolicy.config import Config, Layout
from evalpolicy.fleet import Fleet
from evalpolicy.label_contracts import Contracts
from evalpolicy.snapshot import Snapshot

# What most runs do not ask for is loaded when they do.
if TYPE_CHECKING:
    from evalpolicy.artifacts.engine_calls import EngineCall
    from evalpolicy.broken import BrokenFile
    from evalpolicy.composes import Composes
    from evalpolicy.documents import Documents
    from evalpolicy.gates import Gates
    from evalpolicy.gitleaks_uses import GitleaksUses
    from evalpolicy.provenance.file import ProvenanceFile
    from evalpolicy.provenance.recorded import Recorded
    from evalpolicy.recordings.mapping import Recordings
    from evalpolicy.replay.replayed import Replayed
    from evalpolicy.sizes import Sizing
    from evalpolicy.snapshot.change import Change, Comparison
    from evalpolicy.submitted import Submitted


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
    ) -> None:
        self._replays = replays
        self._jobs = jobs
        self._change = change
        self.cache = cache
        self.snapshot = snapshot
        self.config = config

    @cached_property
    def fleet(self) -> Fleet:
        return Fleet(self.snapshot, self.config.layout, self.cache)

    @cached_property
    def contracts(self) -> Contracts:
        return Contracts(self.config, self.snapshot, self.cache)

    @cached_property
    def gates(self) -> Gates:
        from evalpolicy.gates import Gates

        return Gates(self.snapshot, self.config)

    @cached_property
    def gitleaks(self) -> GitleaksUses:
        from evalpolicy.gitleaks_uses import GitleaksUses

        return GitleaksUses(self.gates)

    @cached_property
    def engine_calls(self) -> Mapping[str, tuple[EngineCall, ...]]:
        """What the fleet's shell scripts ask a container engine to do, by path."""
        from evalpolicy.shell_scripts import calls_of

        return calls_of(self.fleet, self.cache)

    @cached_property
    def composes(self) -> Composes:
        """The fleet's compose files, and what they include and extend."""
        from evalpolicy.composes import Composes

        return Composes(self.fleet, self.cache)

    @cached_property
    def documents(self) -> Documents:
        """The fleet's Markdown: where it links to, and its rules documents' form."""
        from evalpolicy.documents import Documents

        return Documents(self.fleet, self.cache, self.config.submission.rules_documents)

    @property
    def layout(self) -> Layout:
        return self.config.layout

    @cached_property
    def provenance(self) -> ProvenanceFile:
        from evalpolicy.provenance.file import ProvenanceFile

        found = ProvenanceFile(self.snapshot, self.config.layout.provenance, self.cache)
        self.fleet.problems.extend((found.path, problem) for problem in found.problems)
        return found

    @cached_property
    def recorded(self) -> Mapping[str, Recorded]:
        from evalpolicy.provenance.recorded import Recordings

        return Recordings(self.fleet, self.cache)

    @cached_property
    def recordings(self) -> Recordings:
        from evalpolicy.recordings.mapping import Recordings

        return Recordings(self.fleet, self.cache, self.config.secrets.internal_hosts, self._jobs)

    @cached_property
    def broken(self) -> BrokenFile:
        from evalpolicy.broken import BrokenFile

        found = BrokenFile(self.snapshot, self.config.layout.broken)
        self.fleet.problems.extend((found.path, problem) for problem in found.problems)
        return found

    @cached_property
    def sizing(self) -> Sizing:
        from evalpolicy.sizes import Sizing

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
        from evalpolicy.submitted import Submitted

        return Submitted(self.comparison, self.config)

    @property
    def replays(self) -> Sequence[Replayed]:
        assert self._replays is not None, "the engine runs no RPL rule without replays"
        return self._replays

    @property
    def problems(self) -> list[tuple[str, Problem]]:
        """What could not be read for the facts that were asked for, as (path, problem)."""
        of_change = self._change.problems if self._change else []
        of_gates = self.gates.problems if "gates" in self.__dict__ else []
        of_gitleaks = self.gitleaks.problems if "gitleaks" in self.__dict__ else []
        return [
            *self.fleet.problems, *of_change, *of_gates, *of_gitleaks, *self._unreplayed
        ]  # fmt: skip

    @property
    def _unreplayed(self) -> list[tuple[str, Problem]]:
        """What was to be replayed and was not; what is known to be broken is RPL006's."""
        return [
            (one.path, Problem(f"not replayed: {'; '.join(one.judgement.reasons)}"))
            for one in self._replays or ()
            if one.verdict == "not run" and not one.broken
        ]
