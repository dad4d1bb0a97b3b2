"""SUB: what a pull request or a commit changes, and its text.

A submission is compared with the merge base of its base and its head (three dots), as GitHub
shows it. Rules that only need the text (SUB001, SUB004) also run in a commit-msg hook. In the
examples `before:` is the merge base, `after:` the submission, `upstream:` the current state of
the base (if it has changed), and `message` the commit message.
"""

from evalpolicy.rules.submission.documents import (
    changelog_out_of_release,
    rule_renumbered,
    rule_without_changelog,
    rules_with_code,
)
from evalpolicy.rules.submission.fixtures import (
    fixture_deleted,
    fixture_rewritten,
    fixture_without_provenance,
)
from evalpolicy.rules.submission.gates import gate_weakened
from evalpolicy.rules.submission.staleness import benchmark_without_fixture, does_not_merge
from evalpolicy.rules.submission.text import issue_reference, sign_off

__all__ = [
    "benchmark_without_fixture",
    "changelog_out_of_release",
    "does_not_merge",
    "fixture_deleted",
    "fixture_rewritten",
    "fixture_without_provenance",
    "gate_weakened",
    "issue_reference",
    "rule_renumbered",
    "rule_without_changelog",
    "rules_with_code",
    "sign_off",
]
