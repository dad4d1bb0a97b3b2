"""`[submission]`: what the SUB rules regard as an issue, a rules document, code or a gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

SignOff = Literal["author", "anyone"]

# What may stand right before `#12` so that it is a reference and not a part of a word or a link.
_BEFORE = r"(?:^|[\s(\[{,;:*_])"

ISSUE_REFERENCES = (
    _BEFORE + r"(?:[\w.-]+/[\w.-]+)?#[1-9][0-9]{0,8}\b",
    r"(?i)\bGH-[1-9][0-9]{0,8}\b",
    r"https?://[^\s/]+/[^\s/]+/[^\s/]+/issues/[1-9][0-9]{0,8}\b",
)
"""`#12` and `owner/name#12` (with or without `Fixes`), `GH-12`, and an issue's full URL."""


class SubmissionSettings(Struct, frozen=True):
    """What the SUB rules go by. The defaults fit the reference fleet in both its states.

    Patterns of text are RE2, those of paths are globs from the fleet's root. `governs` maps a
    glob of rules documents to the globs of the code that they govern; a document that no key
    matches governs all code. `exempt_labels` maps a rule's id to the pull-request labels that
    exempt from it.
    """

    issue_references: tuple[str, ...] = ISSUE_REFERENCES
    rules_documents: tuple[str, ...] = ("**/RULES.md",)
    rules_changelog: bool = True
    governs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    code: tuple[str, ...] = ("**",)
    not_code: tuple[str, ...] = (
        "**/*.md",
        "**/LICENSE",
        "docs/**",
        "**/.github/ISSUE_TEMPLATE/**",
        "**/.github/PULL_REQUEST_TEMPLATE/**",
    )
    sign_off: SignOff = "author"
    bots: tuple[str, ...] = (r"\[bot\]$",)
    merge_commits: bool = False
    exempt_labels: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"SUB001": ("skip-issue",)}
    )
    changelogs: tuple[str, ...] = ("CHANGELOG.md", "**/CHANGELOG.md")
    pre_commit: tuple[str, ...] = (".pre-commit-config.yaml",)
    gitleaks: tuple[str, ...] = ("**/.gitleaks.toml", "**/gitleaks.toml")
    workflows: tuple[str, ...] = (".github/workflows/*.yml", ".github/workflows/*.yaml")
    baselines: tuple[str, ...] = ("**/.evalpolicy-baseline.json", "**/.secrets.baseline")
    ignore_files: tuple[str, ...] = ("**/.gitleaksignore", "**/.trivyignore")

    def exempts(self, rule: str) -> tuple[str, ...]:
        return self.exempt_labels.get(rule, ())


REGEXES = ("issue_references", "bots")
NO_GLOBS = frozenset({*REGEXES, "rules_changelog", "sign_off", "merge_commits", "exempt_labels"})


def wrong_pattern(table: Mapping[str, Any]) -> tuple[tuple[str, str], str] | None:
    """The first key of `[submission]` with a pattern that does not compile, and why."""
    import re

    from evalpolicy.matching.globs import Globs
    from evalpolicy.matching.re2 import PatternError, compiled

    for key, value in table.get("submission", {}).items():
        try:
            if key in REGEXES:
                for pattern in value:
                    compiled(pattern)
            elif key == "governs":
                for globs in ([*value], *value.values()):
                    Globs(globs)
            elif key not in NO_GLOBS:
                Globs(value)
        except (PatternError, re.error) as error:
            return ("submission", key), str(error)
    return None
