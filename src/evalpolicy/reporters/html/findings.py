"""Every finding, by rule, and the filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from evalpolicy.engine.survey.jobs import FixJob
from evalpolicy.engine.survey.trend import Trend
from evalpolicy.policy.causes import Cause
from evalpolicy.policy.report import Report
from evalpolicy.policy.rule import SEVERITIES, Finding
from evalpolicy.reporters.html.icons import chip, icon
from evalpolicy.reporters.html.markup import Markup, join, path, prose, tag
from evalpolicy.reporters.safe import shown
from evalpolicy.reporters.text import count
from evalpolicy.rules import FAMILIES

_LONGEST_EXCERPT = 160

BenchmarkOf = Callable[[str, str], str]
"""Maps a finding's path and subject to its benchmark, or an empty string."""


def section(
    report: Report, jobs: Sequence[FixJob], benchmark_of: BenchmarkOf, trend: Trend | None
) -> Markup:
    new = {id(report.findings[n]) for n in trend.new} if trend else set()
    of = {id(f): benchmark_of(f.path, f.subject) for f in report.findings}
    body: object = tag("p", "No findings.", class_="quiet")
    if report.findings:
        body = join(
            _controls(report, of, new),
            tag(
                "div",
                *(_group(report, job, of, new) for job in jobs),
                id="groups",
            ),
            tag("p", "No findings match these filters.", id="none", class_="quiet", hidden=True),
        )
    return tag(
        "section",
        tag("h2", "Findings", id="h-findings"),
        body,
        id="findings",
        aria_labelledby="h-findings",
    )


def _controls(report: Report, of: Mapping[int, str], new: set[int]) -> Markup:
    families = Counter(finding.rule[:3] for finding in report.findings)
    benchmarks = Counter(of.values())
    summary = report.summary
    return tag(
        "form",
        tag(
            "div",
            tag("label", "Text", for_="q"),
            tag(
                "input",
                type="search",
                id="q",
                placeholder="path, rule, word",
                autocomplete="off",
                spellcheck="false",
            ),
            class_="field grow",
        ),
        tag(
            "fieldset",
            tag("legend", "Severity"),
            *(
                tag(
                    "label",
                    tag("input", type="checkbox", name="severity", value=s, checked=True),
                    icon(s),
                    tag("span", s),
                    tag("span", f"{summary[s]:,}", class_="n"),
                    class_=f"toggle k-{s}",
                )
                for s in SEVERITIES
                if summary[s]
            ),
        ),
        _select("family", "Family", [(f, _family(f), families[f]) for f in sorted(families)]),
        _select(
            "benchmark",
            "Benchmark",
            [
                *((b, b, benchmarks[b]) for b in sorted(benchmarks) if b),
                *([("-", "no single benchmark", benchmarks[""])] if benchmarks[""] else []),
            ],
        ),
        tag(
            "div",
            tag("output", count(len(report.findings), "finding"), id="count", aria_live="polite"),
            tag(
                "label",
                tag("input", type="checkbox", id="only-new"),
                tag("span", "New only"),
                tag("span", f"{len(new):,}", class_="n"),
                class_="toggle",
            )
            if new
            else None,
            tag("button", "Reset", type="reset", class_="ghost"),
            tag("button", "Open all", type="button", id="open-all", class_="ghost"),
            class_="tail",
        ),
        id="filters",
        class_="js controls",
        role="search",
        aria_label="Filter the findings",
    )


def _family(letters: str) -> str:
    return f"{letters} {FAMILIES[letters][0]}" if letters in FAMILIES else letters


def _select(id: str, label: str, options: Sequence[tuple[str, str, int]]) -> Markup:
    return tag(
        "div",
        tag("label", label, for_=id),
        tag(
            "select",
            tag("option", "all", value=""),
            *(tag("option", f"{words} ({n:,})", value=value) for value, words, n in options),
            id=id,
        ),
        class_="field",
    )


def _group(report: Report, job: FixJob, of: Mapping[int, str], new: set[int]) -> Markup:
    rule = job.rule
    fresh = sum(id(finding) in new for finding in job.findings)
    return tag(
        "details",
        tag(
            "summary",
            chip(job.severity, tag("span", job.severity, class_="vh")),
            tag("code", rule.id, class_="id"),
            tag("span", rule.name, class_="name"),
            tag("span", prose(rule.title.rstrip(".")), class_="title"),
            tag("span", f"{fresh:,} new", class_="new") if fresh else None,
            tag("span", f"{len(job.findings):,}", class_="n"),
        ),
        tag("p", prose(job.help), class_="help shared") if job.help else None,
        tag(
            "table",
            tag("caption", f"{rule.id} {rule.name}", class_="vh"),
            tag(
                "thead",
                tag(
                    "tr",
                    tag("th", "Where", scope="col"),
                    tag("th", "Problem and fix", scope="col"),
                    tag("th", "Benchmark", scope="col"),
                ),
                class_="vh",
            ),
            *(_cause(report, job, cause, of, new) for cause in job.causes),
            id=f"r-{rule.id}",
        ),
        class_="group",
        data_rule=rule.id,
        data_family=rule.family,
        data_words=f"{rule.id} {rule.name}".lower(),
    )


def _cause(
    report: Report, job: FixJob, cause: Cause, of: Mapping[int, str], new: set[int]
) -> Markup:
    """The findings with one cause, below their number if the rule has other causes."""
    number = len(cause.findings)
    heading = None
    if number > 1 and len(job.causes) > 1:
        words = f"{count(number, 'finding')} with one cause"
        heading = tag("tr", tag("th", words, colspan=3, scope="rowgroup"), class_="cause")
    return tag(
        "tbody",
        heading,
        *(_finding(report, job, f, of[id(f)], id(f) in new) for f in cause.findings),
        id=f"c-{cause.id}",
    )


def _finding(report: Report, job: FixJob, finding: Finding, benchmark: str, is_new: bool) -> Markup:
    span = finding.span
    severity = None
    if finding.severity != job.severity:
        severity = chip(finding.severity, finding.severity)
    excerpt = report.excerpts.get((finding.path, span.line))
    return tag(
        "tr",
        tag("th", path(finding.path, span.line), scope="row"),
        tag(
            "td",
            tag("p", severity, tag("span", "new", class_="new") if is_new else None,
                prose(finding.message)),
            tag("p", prose(finding.help), class_="help") if finding.help != job.help else None,
            _excerpt(finding, excerpt) if excerpt else None,
        ),
        tag("td", benchmark, class_="of"),
        data_s=finding.severity,
        data_b=benchmark or "-",
        data_n=is_new,
    )  # fmt: skip


def _excerpt(finding: Finding, line: str) -> Markup:
    """The source line with the span marked, cut around it if it is long."""
    span = finding.span
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    end = min(max(end, start), len(line), start + _LONGEST_EXCERPT)
    first = max(0, start - _LONGEST_EXCERPT // 2)
    last = min(len(line), max(end, first + _LONGEST_EXCERPT))

    def part(a: int, b: int) -> str:
        return shown(line[a:b].replace("\t", "    "))

    before = part(first, start)
    return tag(
        "pre",
        tag("span", span.line, class_="gutter"),
        "…" if first else None,
        before if first else before.lstrip(),
        tag("mark", part(start, end)) if end > start else None,
        part(end, last),
        "…" if last < len(line) else None,
    )
