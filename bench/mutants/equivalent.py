"""Mutants that change nothing that anybody can see.

By module: the operator and the line as it stands in the source, with the reason.
"""

from __future__ import annotations

_FROZEN = "mypy holds that nobody changes it, and nobody hashes it"
EQUIVALENT: dict[str, dict[tuple[str, str], str]] = {
    "artifacts/installs.py": {
        (
            "slice",
            "return _pip(words[at + 1 :])",
        ): "options alone stand before it: read past anyway",
    },
    "artifacts/dockerfile/pattern.py": {
        ("if", 'if "$" not in replacement:'): "what has no $ is filled with nothing: it saves time",
    },
    "scanners/gitleaks/migrate.py": {("constant", "class Migrated(Struct, frozen=True):"): _FROZEN},
    "scanners/gitleaks/criteria.py": {("constant", "class Judged(Struct, frozen=True):"): _FROZEN},
}
