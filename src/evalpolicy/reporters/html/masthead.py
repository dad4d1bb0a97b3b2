"""The verdict, what could not be checked, and what was waived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evalpolicy.engine.survey.trend import Trend
from evalpolicy.policy.report import FileProblem, Report
from evalpolicy.reporters.html.icons import icon
from evalpolicy.reporters.html.markup import Markup, join, path, prose, tag
from evalpolicy.reporters.html.numbers import change
from evalpolicy.reporters.judged_by import sentences
from evalpolicy.reporters.text import count

# At most this many are listed one by one.
_MOST = 200


def verdict(report: Report, problems: Sequence[FileProblem]) -> str:
    """One sentence, the page's title."""
    summary = report.summary
    unchecked = "not everything was checked"
    if summary["error"]:
        found = f"{count(summary['error'], 'error')} to fix"
    elif report.findings:
        found = "No errors"
    else:
        return unchecked.capitalize() if problems else "Clean"
    return f"{found}, {unchecked}" if problems else found


def header(report: Report, problems: Sequence[FileProblem], trend: Trend | None) -> Markup:
    checked = report.checked
    looked = ", ".join(
        (
            count(checked.benchmarks, "benchmark"),
            count(checked.agents, "agent"),
            count(checked.fixtures, "fixture"),
            count(checked.dockerfiles, "Dockerfile"),
            count(checked.files, "file"),
        )
    )
    then = trend.earlier.summary if trend else {}
    tiles = [
        _tile(kind, f"{kind}s", report.summary[kind], then.get(kind) if trend else None)
        for kind in ("error", "warning", "note")
    ]
    tiles.append(_tile("problem", "not checked", len(problems), None))
    return tag(
        "div",
        tag("h1", verdict(report, problems)),
        tag(
            "p",
            f"{looked}, by {count(checked.rules, 'rule')}. {_state(report)}{_causes(report)}",
            class_="lead",
        ),
        tag("dl", *tiles, class_="tiles verdict"),
        _problems(problems),
        class_="masthead",
    )


def _state(report: Report) -> str:
    kinds = {"worktree": "The worktree", "index": "The index", "folder": "The folder"}
    told = kinds.get(report.kind) or f"Commit {(report.revision or '')[:12]}"
    if report.base:
        told += f", with what changed since {report.base[:12]}"
    return " ".join([f"{told}.", *sentences(report)])


def _causes(report: Report) -> str:
    causes, findings = len(report.causes), len(report.findings)
    if causes == findings:
        return ""
    return f" The {count(findings, 'finding')} have {count(causes, 'cause')}."


def _tile(kind: str, words: str, number: int, then: int | None) -> Markup:
    moved = None
    if then is not None:
        direction = "worse" if number > then else "better" if number < then else "same"
        moved = tag("dd", change(number, then), class_=f"moved {direction}")
    return tag(
        "div",
        tag("dt", icon(kind), words),
        tag("dd", f"{number:,}"),
        moved,
        class_=f"k-{kind}" if number else "zero",
    )


def _problems(problems: Sequence[FileProblem]) -> Markup | None:
    if not problems:
        return None
    left = len(problems) - _MOST
    return tag(
        "section",
        tag("h2", "Not checked", id="h-problems"),
        tag("p", "Anything that cannot be read does not count as a pass. Fix these first."),
        tag(
            "ul",
            *(
                tag(
                    "li",
                    tag("span", path(problem.path, problem.line), class_="path"),
                    " ",
                    prose(problem.message),
                )
                for problem in problems[:_MOST]
            ),
        ),
        tag("p", f"and {left:,} more") if left > 0 else None,
        class_="problems",
        aria_labelledby="h-problems",
    )


def taken_back(report: Report) -> Markup | None:
    """Findings under comments, allowances and the baseline."""
    if not report.waived:
        return None
    by = Counter((item.by, item.finding.rule, item.reason) for item in report.waived)
    rows = sorted(by.items(), key=lambda item: (item[0][0], -item[1], item[0]))
    left = len(rows) - _MOST
    return tag(
        "section",
        tag("h2", "Waived", id="h-back"),
        tag(
            "details",
            tag("summary", f"{count(len(report.waived), 'finding')} by comment, allowance or "
                "baseline"),
            tag(
                "table",
                tag("thead", tag("tr", *(tag("th", w, scope="col", class_=c) for w, c in (
                    ("by", None), ("rule", None), ("findings", "num"), ("reason", None))))),
                tag(
                    "tbody",
                    *(
                        tag(
                            "tr",
                            tag("td", kind),
                            tag("td", tag("code", rule)),
                            tag("td", f"{number:,}", class_="num"),
                            tag("td", prose(reason)),
                        )
                        for (kind, rule, reason), number in rows[:_MOST]
                    ),
                ),
                class_="entry",
            ),
            tag("p", f"and {left:,} more", class_="dim") if left > 0 else None,
            class_="fold",
        ),
        id="back",
        aria_labelledby="h-back",
    )  # fmt: skip


def navigation(*links: tuple[str, str] | None) -> Markup:
    return tag(
        "nav",
        join(*(tag("a", words, href=f"#{id}") for id, words in filter(None, links))),
        aria_label="Sections",
    )
