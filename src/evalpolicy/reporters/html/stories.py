"""The details of each fixture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from evalpolicy.engine.survey.model import FAULTS, STATES, Story, Survey
from evalpolicy.policy.commands import is_plain
from evalpolicy.policy.rule import SEVERITIES, Finding
from evalpolicy.reporters.html.icons import chip
from evalpolicy.reporters.html.markup import Markup, join, prose, tag
from evalpolicy.reporters.html.numbers import money, size, whole
from evalpolicy.reporters.html.priorities import command
from evalpolicy.reporters.text import count

_FORMATS = {"otlp": "OTLP traces", "litellm": "LiteLLM log"}
# At most this many findings of one fixture are listed.
_MOST = 20


def section(survey: Survey, findings: Sequence[Finding]) -> Markup:
    of_path: dict[str, list[Finding]] = {}
    of_stem: dict[str, list[Finding]] = {}
    paths = {story.row.path for story in survey.stories}
    for finding in findings:
        if finding.path in paths:
            of_path.setdefault(finding.path, []).append(finding)
        else:
            of_stem.setdefault(finding.subject, []).append(finding)
    told = [
        _story(n, story, [*of_path.get(story.row.path, ()), *of_stem.get(story.row.fixture, ())])
        for n, story in enumerate(survey.stories)
    ]
    rows = [story.row for story in survey.stories]
    facts = (
        (f"{len(rows):,}", "recorded runs"),
        (whole(sum(row.turns or 0 for row in rows)), "turns"),
        (whole(sum(row.failed or 0 for row in rows)), "failed calls"),
        (whole(sum(row.tokens or 0 for row in rows)), "tokens"),
        (money(sum(row.cost or 0 for row in rows)), "cost"),
        (f"{sum(row.provenance for row in rows):,}", "with provenance"),
    )
    return tag(
        "section",
        tag("h2", "Fixtures", id="h-fixtures"),
        tag("dl", *(tag("div", tag("dt", w), tag("dd", n)) for n, w in facts), class_="tiles"),
        tag(
            "details",
            tag("summary", f"All {count(len(rows), 'fixture')}, one by one"),
            *told,
            class_="fold stories",
        )
        if told
        else tag("p", "No fixtures.", class_="quiet"),
        id="fixtures",
        aria_labelledby="h-fixtures",
    )


def _story(number: int, story: Story, findings: Sequence[Finding]) -> Markup:
    row = story.row
    return tag(
        "details",
        tag(
            "summary",
            chip(story.states[0], tag("span", STATES[story.states[0]][0])),
            tag("b", row.fixture),
            tag("span", count(row.turns, "turn"), class_="dim") if row.turns is not None
            else None,
        ),
        tag(
            "article",
            tag("p", row.path, class_="path"),
            tag("ul", *(_state(story, state) for state in story.states), class_="states"),
            tag("dl", *_numbers(story), class_="numbers"),
            _readings(story),
            _models(row.models),
            _provenance(story),
            _findings(findings),
            _commands(story),
            id=f"f{number}",
            data_name=row.fixture,
        ),
        class_="story",
    )  # fmt: skip


def _state(story: Story, state: str) -> Markup:
    word, meaning = next(told for name, told in STATES.items() if name == state)
    if state == "bad" and (faults := [fault for fault in story.row.faults if fault in FAULTS]):
        meaning = ", ".join(fault.replace("-", " ") for fault in faults)
    if state == "known-bad" and story.manifest_reason:
        meaning = f"{meaning}: {story.manifest_reason}"
    if state == "not-reproduced" and story.replayed is not None:
        meaning = ": ".join(filter(None, (story.replayed.verdict, story.replayed.reason)))
    return tag("li", chip(state, word), " ", tag("span", prose(meaning)))


def _numbers(story: Story) -> list[Markup]:
    row = story.row
    recorded = "unknown"
    if row.recorded:
        seen = {"user_agent": "its user agent", "prompt": "its prompt"}
        recorded = f"{row.recorded} (by {seen.get(row.recorded_by or '', row.recorded_by or '')})"
    pairs = (
        ("benchmark", row.benchmark or "unknown"),
        ("task", row.task or "unknown"),
        ("agent", row.agent or "unknown"),
        ("recorded by", recorded),
        ("turns", whole(row.turns)),
        ("failed calls", whole(row.failed)),
        ("tokens in", whole(row.input_tokens)),
        ("tokens out", whole(row.output_tokens)),
        ("cost", money(row.cost)),
        ("size", "–" if row.size is None else size(row.size)),
        ("lines", whole(row.lines)),
        ("format", _FORMATS.get(row.format or "", row.format or "–")),
        ("credentials", whole(row.credentials)),
        ("turns in the other format", whole(row.other_turns) if row.other_turns else ""),
        ("replay", _replay(story)),
        ("SHA-256", row.sha256 or "–"),
    )
    return [
        tag("div", tag("dt", name), tag("dd", value), class_="wide" if name == "SHA-256" else None)
        for name, value in pairs
        if value != ""
    ]


def _replay(story: Story) -> str:
    replayed = story.replayed
    if replayed is None:
        return "not replayed"
    if replayed.of_other_content(story.row.sha256):
        return f"{replayed.verdict}, but the fixture has changed since"
    return replayed.verdict


def _readings(story: Story) -> Markup | None:
    if len(story.readings) < 2:
        return None
    return join(
        tag("h3", "Possible readings of the name"),
        tag(
            "ul",
            *(
                tag("li", f"task {reading.task} of {reading.benchmark}, by {reading.agent}")
                for reading in story.readings
            ),
            class_="plain",
        ),
    )


def _models(models: Mapping[str, int] | None) -> Markup | None:
    if not models:
        return None
    return join(
        tag("h3", "Models"),
        tag(
            "ul",
            *(tag("li", tag("code", name), f" {count(n, 'turn')}") for name, n in models.items()),
            class_="plain",
        ),
    )


def _provenance(story: Story) -> Markup:
    if story.entry is None:
        return join(tag("h3", "Provenance"), tag("p", "No entry.", class_="quiet"))
    evidence = story.entry.get("evidence")
    known = evidence if isinstance(evidence, dict) else {}
    rows = [
        tag(
            "tr",
            tag("th", field, scope="row"),
            tag("td", _value(value)),
            tag("td", _value(known[field]) if field in known else "", class_="dim"),
        )
        for field, value in story.entry.items()
        if field != "evidence"
    ]
    return join(
        tag("h3", "Provenance"),
        tag(
            "table",
            tag(
                "thead",
                tag("tr", *(tag("th", w, scope="col") for w in ("field", "value", "evidence"))),
            ),
            tag("tbody", *rows),
            class_="entry",
        ),
    )


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _findings(findings: Sequence[Finding]) -> Markup:
    if not findings:
        return join(tag("h3", "Findings"), tag("p", "None.", class_="quiet"))
    worst = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    left = len(worst) - _MOST
    return join(
        tag("h3", "Findings"),
        tag(
            "ul",
            *(
                tag(
                    "li",
                    chip(finding.severity, tag("span", finding.severity, class_="vh")),
                    tag("a", finding.rule, href=f"#r-{finding.rule}", data_show=finding.rule),
                    " ",
                    prose(finding.message),
                )
                for finding in worst[:_MOST]
            ),
            class_="found",
        ),
        tag("p", f"and {left:,} more", class_="dim") if left > 0 else None,
    )


def _commands(story: Story) -> Markup | None:
    stem = story.row.fixture
    told = [f"evalpolicy fixtures show {stem}"]
    if story.entry is None:
        told.append(f"evalpolicy provenance record {stem}")
    plain = [text for text in told if is_plain(text)]
    return join(tag("h3", "Commands for a closer look"), *map(command, plain)) if plain else None
