"""A web page in which every name of a repository is hostile."""

from __future__ import annotations

from collections.abc import Iterable

from tests.reporters.html.fleet import replay
from tests.reporters.test_hostile import hostile_report

from evalpolicy.engine.survey import trend
from evalpolicy.engine.survey.model import (
    STATES,
    Sized,
    Story,
    Survey,
    SurveyedBenchmark,
    SurveyedReport,
    SurveyedSizes,
)
from evalpolicy.facts.fixture_rows import FixtureRow
from evalpolicy.fleet.fixture_names import Decoding
from evalpolicy.policy.report import FileProblem, Waived
from evalpolicy.reporters import html


def survey(texts: Iterable[str]) -> Survey:
    """Each text as the name of everything that a fleet has."""
    names = list(texts)
    return Survey(
        tuple(SurveyedBenchmark(text, text, text, text, text) for text in names),
        tuple(names[:6]),
        tuple(_story(text, names[n % 6]) for n, text in enumerate(names)),
        SurveyedSizes(1, 1, 1, 1, tuple(Sized(text, 4, 1, True) for text in names)),
        tuple(FileProblem(text, 1, text) for text in names),
        {text: text for text in names},
    )


def _story(text: str, agent: str) -> Story:
    row = FixtureRow(
        text, text, text, text, agent, True, False,
        format=text, models={text: 1}, sha256=text, recorded=text, recorded_by=text, faults=[text],
    )  # fmt: skip
    entry = {text: text, "agent": [text], "evidence": {text: text, "agent": text}}
    readings = (Decoding(text, text, text),) * 2
    return Story(row, readings, tuple(STATES), entry, text, replay(text, text, text))


def hostile_page(texts: Iterable[str]) -> str:
    """The whole page: findings, coverage, stories, sizes, trend and what was taken back."""
    from msgspec.structs import replace

    names = list(texts)
    reports = [hostile_report(text) for text in names]
    findings = [finding for one in reports for finding in one.findings]
    whole = replace(
        reports[0],
        place=f"/x/{names[0]}",
        findings=findings,
        problems=[problem for one in reports for problem in one.problems],
        excerpts={place: line for one in reports for place, line in one.excerpts.items()},
        waived=[Waived(finding, "comment", finding.help) for finding in findings],
    )
    whole = SurveyedReport.of(whole, survey(names))
    gone = tuple(trend.EarlierFinding(text, text, text, text, text, text) for text in names)
    earlier = trend.EarlierReport(names[0], names[0], names[0], 1, gone)
    return html.render(whole, trend.compare(whole, earlier))
