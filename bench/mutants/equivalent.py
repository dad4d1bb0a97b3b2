"""Mutants that change nothing that anybody can see.

By module: the operator and the line as it stands in the source, with the reason.
"""

from __future__ import annotations

EQUIVALENT: dict[str, dict[tuple[str, str], str]] = {}
