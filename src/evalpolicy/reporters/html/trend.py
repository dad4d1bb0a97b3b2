"""What changed since an earlier report."""

from __future__ import annotations

from collections.abc import Sequence

from evalpolicy.engine.survey.trend import EarlierFinding, Trend
from evalpolicy.policy.report import Report
from evalpolicy.reporters.html.markup import Markup, join, path, prose, tag
from evalpolicy.reporters.html.numbers import change
from evalpolicy.reporters.text import count

# At most this many fixed findings are listed one by one.
_MOST = 200


def section(report: Report, trend: Trend) -> Markup:
    earlier = trend.earlier
    where = f" (commit {earlier.revision[:12]})" if earlier.revision else ""
    same = len(report.findings) - len(trend.new)
    return tag(
        "section",
        tag("h2", "Since the earlier report", id="h-trend"),
        tag(
            "p",
            f"Compared with {earlier.file.replace(chr(92), '/').rpartition('/')[2]}{where}: ",
            tag("strong", f"{len(trend.gone):,} gone, {len(trend.new):,} new, {same:,} unchanged"),
            ".",
            class_="lead",
        ),
        _caution(report, trend),
        tag(
            "table",
            tag(
                "thead",
                tag(
                    "tr",
                    tag("th", "rule", scope="col"),
                    *(tag("th", w, scope="col", class_="num") for w in ("then", "now", "change")),
                ),
            ),
            tag("tbody", *_rows(trend)),
            class_="trend",
        ),
        _gone(trend.gone),
        id="trend",
        aria_labelledby="h-trend",
    )


def _caution(report: Report, trend: Trend) -> Markup | None:
    then, now = trend.earlier.rules, report.checked.rules
    if then == now:
        return None
    return tag(
        "p",
        f"That report ran {count(then, 'rule')}, this one {now:,}: findings of rules that only one "
        "of them ran count as new or gone.",
        class_="caution",
    )


def _rows(trend: Trend) -> list[Markup]:
    changed = sorted(
        trend.by_rule.items(), key=lambda item: (-abs(item[1][1] - item[1][0]), item[0])
    )
    return [
        tag(
            "tr",
            tag("th", tag("code", rule), scope="row"),
            tag("td", f"{then:,}", class_="num"),
            tag("td", f"{now:,}", class_="num"),
            tag(
                "td",
                change(now, then),
                class_="num worse" if now > then else "num better" if now < then else "num",
            ),
        )
        for rule, (then, now) in changed
    ]


def _gone(gone: Sequence[EarlierFinding]) -> Markup | None:
    if not gone:
        return None
    left = len(gone) - _MOST
    return tag(
        "details",
        tag("summary", f"{count(len(gone), 'finding')} gone"),
        tag(
            "ul",
            *(
                tag(
                    "li",
                    tag("code", finding.rule, class_="id"),
                    " ",
                    tag("span", path(finding.path), class_="path"),
                    " ",
                    join(prose(finding.message)),
                )
                for finding in gone[:_MOST]
            ),
            class_="found",
        ),
        tag("p", f"and {left:,} more", class_="dim") if left > 0 else None,
        class_="fold",
    )
