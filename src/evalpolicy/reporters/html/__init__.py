"""The web page: a self-contained file, readable without network and without scripts.

Everything is in the HTML as it leaves here; the script narrows, opens and moves about in what is
there. It holds no text of a repository. The page's content security policy lets its own style and
scripts run, by their hashes, and nothing else load or run.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from evalpolicy import __version__
from evalpolicy.engine.survey.jobs import jobs as jobs_of
from evalpolicy.engine.survey.model import Attribution, Survey, SurveyedReport
from evalpolicy.engine.survey.trend import Trend
from evalpolicy.policy.report import FileProblem, Report
from evalpolicy.reporters.html import (
    coverage,
    findings,
    masthead,
    priorities,
    sizes,
    stories,
    trend,
)
from evalpolicy.reporters.html.icons import icon, symbols
from evalpolicy.reporters.html.markup import Markup, join, tag

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%231f5a56'/%3E%3Cpath d='M4 8.4l2.8 2.8L12 5.2' "
    "fill='none' stroke='white' stroke-width='2'/%3E%3C/svg%3E"
)


def render(report: Report, changed: Trend | None = None) -> str:
    """The page; for a `SurveyedReport` also the fleet's coverage, fixtures and sizes."""
    survey = _survey(report)
    has_fleet = survey is not None and bool(survey.benchmarks or survey.stories)
    problems = _problems(report)
    jobs = jobs_of(report)
    benchmark_of = Attribution(survey).benchmark if survey else _none
    body = join(
        masthead.header(report, problems, changed),
        priorities.section(jobs),
        findings.section(report, jobs, benchmark_of, changed),
        coverage.section(survey) if survey and has_fleet else None,
        stories.section(survey, report.findings) if survey and has_fleet else None,
        sizes.section(survey.sizes) if survey else None,
        trend.section(report, changed) if changed else None,
        masthead.taken_back(report),
    )
    links = masthead.navigation(
        ("first", "First"),
        ("findings", "Findings"),
        ("coverage", "Coverage") if has_fleet else None,
        ("fixtures", "Fixtures") if has_fleet else None,
        ("sizes", "Sizes") if survey else None,
        ("trend", "Trend") if changed else None,
    )
    name = report.place.rstrip("/").rpartition("/")[2] or report.place
    return _document(name, masthead.verdict(report, problems), links, body)


def _survey(report: Report) -> Survey | None:
    return report.survey if isinstance(report, SurveyedReport) else None


def _none(path: str, subject: str) -> str:
    return ""


def _problems(report: Report) -> list[FileProblem]:
    """The problems of the report and, if there is one, of the survey of the fleet."""
    survey = _survey(report)
    found = {*report.problems, *(survey.problems if survey else ())}
    return sorted(found)


def _document(name: str, verdict: str, links: Markup, body: Markup) -> str:
    style, early, late = (_asset(file) for file in ("page.css", "early.js", "page.js"))
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(early)} {_hash(late)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
    )
    head = join(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"{verdict} · {name} · evalpolicy"),
        tag("link", rel="icon", href=_ICON),
        tag("style", style),
        tag("script", early),
    )
    page = join(
        symbols(),
        tag("a", "Skip to the content", href="#main", class_="skip"),
        tag(
            "header",
            tag("a", "evalpolicy", tag("span", name, class_="dim"), href="#main", class_="brand"),
            links,
            _themes(),
            class_="top",
        ),
        tag("main", body, id="main", tabindex="-1"),
        tag(
            "footer",
            tag(
                "p",
                f"evalpolicy {__version__}. To see what a rule is for and how to fix it, run ",
                tag("code", "evalpolicy explain RULE"),
            ),
        ),
        _dialog(),
        tag("script", late),
    )  # fmt: skip
    html = tag("html", tag("head", head), tag("body", page), lang="en")
    return f"<!doctype html>\n{html}\n"


def _themes() -> Markup:
    return tag(
        "fieldset",
        tag("legend", "Colours", class_="vh"),
        *(
            tag(
                "label",
                tag("input", type="radio", name="theme", value=value, checked=value == ""),
                tag("span", words),
            )
            for value, words in (("", "Auto"), ("light", "Light"), ("dark", "Dark"))
        ),
        class_="js themes",
    )


def _dialog() -> Markup:
    return tag(
        "dialog",
        tag(
            "div",
            tag("h2", "", id="story-title", tabindex="-1"),
            tag("button", icon("close"), type="button", id="story-close", aria_label="Close"),
            class_="head",
        ),
        tag("div", id="story-body"),
        id="story",
        aria_labelledby="story-title",
    )


def _asset(file: str) -> Markup:
    return Markup((Path(__file__).parent / file).read_text(encoding="utf-8"))


def _hash(content: str) -> Markup:
    return Markup(f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'")
