"""PIN: images and packages are pinned, and allowances are still needed."""

from evalpolicy.rules.allowances import allowance_unused
from evalpolicy.rules.pins.bases import base_arg_not_global, floating_base, untagged_base
from evalpolicy.rules.pins.packages import unpinned_npm, unpinned_pip
from evalpolicy.rules.pins.versions import agent_version_arg

__all__ = [
    "agent_version_arg",
    "allowance_unused",
    "base_arg_not_global",
    "floating_base",
    "unpinned_npm",
    "unpinned_pip",
    "untagged_base",
]
