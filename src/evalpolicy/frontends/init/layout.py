"""From where things are to the `[layout]` that differs from the defaults."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from evalpolicy.config.reading import CONFIG_FILE, Config, Layout
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.fleet.units import Role, Unit
from evalpolicy.frontends.init import Proposal, Settled
from evalpolicy.matching.globs import Globs

_KEYS: dict[Role, str] = {
    "benchmark": "benchmarks",
    "agent": "agents",
    "model": "models",
    "core": "core",
}
_SUFFIXES = (".traces.jsonl", ".trajectory.jsonl")
# More folders than this are said with one glob.
_MANY = 3
_HEAD = "# Where this repository differs from the defaults of evalpolicy.\n"


def propose(fleet: Fleet, config: Config) -> Proposal | Settled:
    """A configuration for this fleet, which was read by `config`.

    A configuration that is there is its owner's, and stays as it is.
    """
    if config.source is not None:
        return Settled(config.source, "there is a configuration, it stays as it is")
    found = differences(fleet)
    if not found:
        return Settled(CONFIG_FILE, "the defaults fit: no configuration is needed")
    path = fleet.snapshot.prefix + CONFIG_FILE
    where = ", ".join(found)
    return Proposal(path, None, render(found).encode(), f"{where}: not where the defaults look")


def differences(fleet: Fleet) -> dict[str, tuple[str, ...]]:
    """The keys of `[layout]` that must differ, in the order of their documentation."""
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
    """Globs for the units of a role that only their label tells, and no other's folder."""
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
    """Placed by its label alone, in a folder of its own, by a file that a layout can place."""
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
    """Many globs of one shape as one with a `*` where they differ, unless that takes in others."""
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
    """The defaults that match something here, then `globs`: what was found stays found."""
    paths = list(present)
    kept = [g for g in getattr(Layout(), key) if any(path in Globs([g]) for path in paths)]
    return (*kept, *(glob for glob in globs if glob not in kept))


def _in(folder: str, name: str) -> str:
    return f"{literal(folder)}/{name}" if folder else name


def literal(path: str) -> str:
    """A path as a glob that matches it alone."""
    return re.sub(r"[*?\[]", lambda match: f"[{match[0]}]", path)
