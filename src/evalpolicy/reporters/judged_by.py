"""What was judged, and by whose policy, in sentences that every format shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.policy.report import Report

_OWN = {
    "adopted": "The base neither configures nor runs evalpolicy, so the submission is judged by "
    "its own policy.",
    "accepted": "Policy changes are accepted (--accept-policy-changes): the submission is judged "
    "by its own policy.",
    "unreadable": "The policy at the merge base cannot be read. These findings follow the "
    "submission's own policy and are not a verdict.",
}
_NAMES = {"comment": "suppression", "allowance": "allowance", "baseline": "baseline"}


def sentences(report: Report) -> Iterator[str]:
    """Whether there are units; whose policy applied; which waivers counted, how to accept more."""
    if report.without_units:
        yield (
            "No Dockerfile and no fixture was found where the layout expects them: only rules that "
            "need none were checked (see `evalpolicy fleet`)."
        )
    judged = report.judged_by
    if judged is None:
        return
    if judged.origin != "base":
        yield _OWN[judged.origin]
        return
    yield (
        "The submission is judged by the policy at its merge base: configuration, contracts and "
        "waivers."
    )
    if report.waived:
        yield f"{_findings(len(report.waived))} covered by waivers that exist there."
    if judged.refused:
        counted = Counter(_NAMES[item.by] for item in judged.refused)
        by = ", ".join(f"{word} {number:,}" for word, number in sorted(counted.items()))
        yield (
            f"{_findings(len(judged.refused))} reported although the submission waives them "
            f"({by}): new waivers take effect once they are merged, or with "
            "--accept-policy-changes."
        )


def _findings(number: int) -> str:
    return counted(number, "finding is", "findings are")
