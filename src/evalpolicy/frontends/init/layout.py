"""Proposes the `[layout]` for a repository that differs from the defaults."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from evalpolicy.config.reading import CONFIG_FILE, Config, Layout
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.fleet.units import Role, Unit
from evalpolicy.frontends.init import NoProposal, Proposal
from evalpolicy.matching.globs import Globs

_KEYS: dict[Role, str] = {
    "benchmark": "benchmarks",
    "agent": "agents",
    "model": "models",
    "core": "core",
}
_SUFFIXES = (".traces.jsonl", ".trajectory.jsonl")
# More folders than this are merged into one glob.
_MANY = 3
_HEAD = "# Where this repository differs from evalpolicy's defaults.\n"


def propose(fleet: Fleet, config: Config) -> Proposal | NoProposal:
    """A configuration for this fleet, which was read with `config`.

    An existing configuration is never changed.
    """
    if config.source is not None:
        return NoProposal(config.source, "already exists and stays as it is")
    found = differences(fleet)
    if not found:
        return NoProposal(CONFIG_FILE, "the defaults fit, so no configuration is needed")
    path = fleet.snapshot.prefix + CONFIG_FILE
    where = ", ".join(found)
    return Proposal(
        path, None, render(found).encode(), f"{where}: the defaults do not match this repository"
    )


def differences(fleet: Fleet) -> dict[str, tuple[str, ...]]:
    """The keys of `[layout]` that have to differ, in documented order."""
    found: dict[str, tuple[str, ...]] = {}
    for role, key in _KEYS.items():
        globs = _unit_globs(fleet, role)
        if globs:
            found[key] = _with_defaults(fleet.snapshot.folders, key, globs)
    fixtures = _fixture_globs(fleet)
    if fixtures:
        found["fixtures"] = _with_defaults(fleet.snapshot.entries, "fixtures", fixtures)
    return {name: found[name] for name in Layout.__struct_fields__ if name in found}


def render(layout: dict[str, tuple[str, ...]]) -> str:
    """The configuration file."""
    lines = [_HEAD, "[layout]\n"]
    for key, globs in layout.items():
        quoted = [json.dumps(glob, ensure_ascii=False) for glob in globs]
        one = f"{key} = [{', '.join(quoted)}]\n"
        several = "".join(f"    {glob},\n" for glob in quoted)
        lines.append(one if len(one) <= 80 else f"{key} = [\n{several}]\n")
    return "".join(lines)


def _unit_globs(fleet: Fleet, role: Role) -> tuple[str, ...]:
    """Globs for units that only their label identifies, without matching other roles' folders."""
    stray = [u for u in fleet.of(role) if _is_stray(u)]
    others = {u.folder for u in fleet.units if u.role != role}
    globs: list[str] = []
    for parent in sorted({unit.folder.rpartition("/")[0] for unit in stray}):
        glob = f"{literal(parent)}/*" if parent else "*"
        mine = [u.folder for u in stray if u.folder.rpartition("/")[0] == parent]
        if any(folder in Globs([glob]) for folder in others):
            globs.extend(literal(folder) for folder in mine)
        else:
            globs.append(glob)
    return _fewer(globs, others)


def _is_stray(unit: Unit) -> bool:
    """Whether only the label identifies the unit, and a `[layout]` glob could match its folder."""
    name = unit.path.rpartition("/")[2]
    known = unit.role != "core" or unit.value("eval.type") in ("core", "core-base")
    whole = name in ("Dockerfile", "Containerfile")
    return bool(not unit.placed and known and whole and unit.folder)


def _fixture_globs(fleet: Fleet) -> tuple[str, ...]:
    known = Globs(fleet.layout.fixtures)
    stray = [p for p in fleet.snapshot.entries if p.endswith(_SUFFIXES) and p not in known]
    globs = {
        _in(path.rpartition("/")[0], f"*{suffix}")
        for path in stray
        for suffix in _SUFFIXES
        if path.endswith(suffix)
    }
    return _fewer(sorted(globs), ())


def _fewer(globs: Sequence[str], never: Iterable[str]) -> tuple[str, ...]:
    """Merges many globs of the same shape into one, unless it would match other folders."""
    if len(globs) <= _MANY:
        return tuple(globs)
    shapes: dict[tuple[int, str], list[list[str]]] = {}
    for glob in globs:
        parts = glob.split("/")
        shapes.setdefault((len(parts), parts[-1]), []).append(parts)
    found: list[str] = []
    for alike in shapes.values():
        merged = "/".join(
            column[0] if len(set(column)) == 1 else "*" for column in zip(*alike, strict=True)
        )
        wide = merged.replace("*", "").strip("/") == "" or len(alike) <= _MANY
        if wide or any(folder in Globs([merged]) for folder in never):
            found.extend("/".join(parts) for parts in alike)
        else:
            found.append(merged)
    return tuple(sorted(found))


def _with_defaults(present: Iterable[str], key: str, globs: Sequence[str]) -> tuple[str, ...]:
    """The defaults that match something here, then `globs`, so that nothing is lost."""
    paths = list(present)
    kept = [g for g in getattr(Layout(), key) if any(path in Globs([g]) for path in paths)]
    return (*kept, *(glob for glob in globs if glob not in kept))


def _in(folder: str, name: str) -> str:
    return f"{literal(folder)}/{name}" if folder else name


def literal(path: str) -> str:
    """The path as a glob that matches only this path."""
    return re.sub(r"[*?\[]", lambda match: f"[{match[0]}]", path)
