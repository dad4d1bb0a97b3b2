"""HYG: habits in Dockerfiles and build scripts that fail silently."""

from evalpolicy.rules.hygiene.engines import engine_split, forced_platform
from evalpolicy.rules.hygiene.fetches import full_python_base, mutable_fetch
from evalpolicy.rules.hygiene.installing import (
    pip_before_apt,
    pip_failure_swallowed,
    pip_uninstall_of_nothing,
)
from evalpolicy.rules.hygiene.solutions import solution_in_image
from evalpolicy.rules.hygiene.wording import legacy_variable, todo_comment, todo_literal

__all__ = [
    "engine_split",
    "forced_platform",
    "full_python_base",
    "legacy_variable",
    "mutable_fetch",
    "pip_before_apt",
    "pip_failure_swallowed",
    "pip_uninstall_of_nothing",
    "solution_in_image",
    "todo_comment",
    "todo_literal",
]
