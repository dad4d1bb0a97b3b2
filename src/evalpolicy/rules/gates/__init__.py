"""GAT: gates that cannot fail, or that never run."""

from evalpolicy.rules.gates.calling import not_run
from evalpolicy.rules.gates.excluding import excludes_fixtures, pattern_stale
from evalpolicy.rules.gates.naming import path_not_there
from evalpolicy.rules.gates.narrowing import narrowed_gate
from evalpolicy.rules.gates.seeing import sees_nothing
from evalpolicy.rules.gates.swallowing import swallows_failure
from evalpolicy.rules.gates.tools import needs_tool

__all__ = [
    "excludes_fixtures",
    "narrowed_gate",
    "needs_tool",
    "not_run",
    "path_not_there",
    "pattern_stale",
    "sees_nothing",
    "swallows_failure",
]
