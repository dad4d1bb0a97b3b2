"""The two ways in which a run ends without a verdict, and their exit codes."""

from __future__ import annotations

EXIT_CLEAN = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_NOT_CHECKED = 3


class UsageError(Exception):
    """Wrong usage or configuration (exit 2). The message says what is wrong and what to do."""


class NotCheckedError(Exception):
    """Nothing was checked, or not what was asked for (exit 3): never a pass."""
