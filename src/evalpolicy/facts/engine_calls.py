"""The calls of container engines in the shell scripts of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping

from evalpolicy.artifacts.engine_calls import EngineCall, engine_calls
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.snapshot import Unreadable

# A larger file is not a script (bytes).
_LIMIT = 1 << 20


def calls_of(fleet: Fleet) -> Mapping[str, tuple[EngineCall, ...]]:
    """Path → its calls, for every `*.sh` that makes any. What cannot be read is a problem."""
    found = {}
    for path, entry in fleet.snapshot.entries.items():
        if not path.endswith(".sh") or not entry.is_file:
            continue
        try:
            calls = fleet.snapshot.kept(
                "engine calls", path, _LIMIT, engine_calls, list[EngineCall]
            )
        except Unreadable as reason:
            fleet.unreadable(path, reason)
            continue
        if calls:
            found[path] = tuple(calls)
    return found
