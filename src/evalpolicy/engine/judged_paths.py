"""Which files the rules of a run judge, to tell whether there was anything to check at a path."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from evalpolicy.config.reading import CONFIG_FILE, PYPROJECT
from evalpolicy.facts.facts import Facts
from evalpolicy.facts.waivers.baseline import BASELINE_FILE
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.rule import Rule

_Paths = Callable[[Facts], Iterable[str]]


def is_any_judged(facts: Facts, rules: Iterable[Rule], within: Callable[[str], bool]) -> bool:
    """Whether any of the rules judges any file that `within` takes.

    A plug-in's rules may judge any file. So may those on submissions, which run where there is one.
    """
    families = {rule.family for rule in rules}
    if any(rule.plugin is not None for rule in rules) or "SUB" in families:
        return True
    kinds: dict[_Paths, None] = {}
    for family in families:
        kinds.update(dict.fromkeys(JUDGED[family]))
    return any(within(path) for kind in kinds for path in kind(facts))


def _dockerfiles(facts: Facts) -> Collection[str]:
    return facts.fleet.dockerfiles


def _unit_files(facts: Facts) -> Iterable[str]:
    folders = {*facts.fleet.placed, *(unit.folder for unit in facts.fleet.units)}
    return (path for folder in sorted(folders) for path in facts.snapshot.below(folder))


def _recordings(facts: Facts) -> Collection[str]:
    layout, entries = facts.layout, facts.snapshot.entries
    more = (path for path in (layout.provenance, layout.broken) if path in entries)
    return (*facts.fleet.fixture_paths, *more)


def _sized(facts: Facts) -> Collection[str]:
    return facts.sizing.tracked


def _gates(facts: Facts) -> Iterable[str]:
    gates = facts.gates
    if gates.pre_commit is not None:
        yield gates.pre_commit[0]
    yield from gates.workflows
    yield from gates.scripts
    yield from gates.makefiles


def _gitleaks(facts: Facts) -> Iterable[str]:
    return facts.gitleaks.configs


def _documents(facts: Facts) -> Iterable[str]:
    return facts.documents.paths


def _composes(facts: Facts) -> Iterable[str]:
    globs = Globs((*facts.layout.compose, *facts.layout.shared_services))
    return (path for path in facts.snapshot.entries if path in globs)


def _own(facts: Facts) -> Iterable[str]:
    own = (CONFIG_FILE, PYPROJECT, BASELINE_FILE)
    return (path for path in own if path in facts.snapshot.entries)


JUDGED: Mapping[str, tuple[_Paths, ...]] = {
    "LBL": (_dockerfiles,),
    "REL": (_dockerfiles,),
    "FIX": (_recordings, _own),
    "PRV": (_recordings,),
    "SIZ": (_sized, _gates),
    "SEC": (_recordings,),
    "GLK": (_gitleaks, _gates),
    "GAT": (_gates,),
    "PIN": (_dockerfiles, _unit_files, _own),
    "HYG": (_dockerfiles, _unit_files, _gates),
    "STR": (_dockerfiles, _unit_files, _documents, _composes),
    "RPL": (_recordings,),
    "EVP": (_own,),
}
"""What the rules of each family judge, except SUB, which judges whatever a submission changes."""
