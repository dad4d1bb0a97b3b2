"""PIN: what is built from is pinned, and what is allowed is still there to be allowed."""

from evalpolicy.rules.allowances import allowance_unused

__all__ = ["allowance_unused"]
