"""The hook check-added-large-files of pre-commit-hooks: its limit, as its arguments give it."""

from __future__ import annotations

from collections.abc import Sequence

from evalpolicy.artifacts.syntax.source import Located

HOOK = "check-added-large-files"
DEFAULT_MAXKB = 500
"""What the hook takes without `--maxkb`, in KiB (pre-commit-hooks 5.0.0)."""


def maxkb(args: Sequence[Located]) -> Located | None:
    """What the last `--maxkb` gives, as argparse reads it, where the argument stands."""
    found = None
    for number, arg in enumerate(args):
        flag, equals, value = arg.text.partition("=")
        if flag == "--maxkb":
            behind = "" if equals or number + 1 == len(args) else args[number + 1].text
            found = Located(value or behind, arg.span)
    return found
