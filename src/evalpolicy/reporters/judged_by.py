"""Whose policy judged a submission, in words that every format uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from evalpolicy.policy.report import Report

_OWN = {
    "adopted": "The base neither configures nor runs evalpolicy, so there is no judge that could "
    "be switched off: the submission is judged by its own policy.",
    "accepted": "Changes of policy were accepted (--accept-policy-changes): the submission is "
    "judged by its own policy.",
    "unreadable": "The policy at the merge base cannot be read: what follows is by the "
    "submission's own, and decides nothing.",
}
_NAMES = {"comment": "suppression", "allowance": "allowance", "baseline": "baseline"}


def sentences(report: Report) -> Iterator[str]:
    """Whose policy counted, which waivers did and did not, and how those are accepted."""
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
        yield f"{_findings(len(report.waived))} taken back by waivers that stand there as well."
    if judged.refused:
        counted = Counter(_NAMES[item.by] for item in judged.refused)
        by = ", ".join(f"{word} {number:,}" for word, number in sorted(counted.items()))
        yield (
            f"{_findings(len(judged.refused))} not taken back, although waivers of the submission "
            f"ask for it ({by}): these count once they are merged, or with "
            "--accept-policy-changes."
        )


def _findings(number: int) -> str:
    return "1 finding is" if number == 1 else f"{number:,} findings are"
