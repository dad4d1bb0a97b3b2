"""What to do first: one row per job."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from evalpolicy.engine.survey.jobs import FixJob
from evalpolicy.policy.causes import Cause
from evalpolicy.policy.commands import MOST_COMMANDS
from evalpolicy.policy.rule import SEVERITIES
from evalpolicy.policy.urgency import CONCERNS
from evalpolicy.reporters.html.icons import chip, icon
from evalpolicy.reporters.html.markup import Markup, join, path, prose, tag
from evalpolicy.reporters.text import count

# So many jobs stand open; the others are folded.
_OPEN = 8
# So many causes of a job are shown.
_SAMPLES = 3
_WHY = re.compile(r"^## Why\n+(.+?)(?=\n## |\Z)", re.DOTALL | re.MULTILINE)


def section(jobs: Sequence[FixJob]) -> Markup:
    rows = [_row(number, job) for number, job in enumerate(jobs, 1)]
    rest = jobs[_OPEN:]
    if not rows:
        body = tag("p", "No findings. There is nothing to do.", class_="quiet")
    else:
        body = tag("ol", *rows[:_OPEN], class_="jobs")
        if rest:
            left = ", ".join(
                count(number, severity)
                for severity in SEVERITIES
                if (number := sum(_severities(job)[severity] for job in rest))
            )
            body = join(
                body,
                tag(
                    "details",
                    tag("summary", f"{count(len(rest), 'job')} more", tag("span", left)),
                    tag("ol", *rows[_OPEN:], class_="jobs", start=_OPEN + 1),
                    class_="fold",
                ),
            )
    return tag(
        "section",
        tag("h2", "What to do first", id="h-first"),
        tag(
            "p",
            f"All findings of one rule are one job. The order: {_order()}.",
            class_="lead",
        ),
        body,
        id="first",
        aria_labelledby="h-first",
    )


def _order() -> str:
    return ", ".join(concern.title[:1].lower() + concern.title[1:] for concern in CONCERNS)


def _row(number: int, job: FixJob) -> Markup:
    rule = job.rule
    counted = _severities(job)
    return tag(
        "li",
        tag("span", number, class_="rank", aria_hidden="true"),
        tag(
            "div",
            tag("h3", prose(rule.title.rstrip("."))),
            tag(
                "p",
                tag("code", rule.id, class_="id"),
                tag("span", rule.name, class_="name"),
                *(chip(s, count(counted[s], s)) for s in SEVERITIES if counted[s]),
                tag("span", _extent(job), class_="dim"),
                class_="meta",
            ),
            _mending(job),
            class_="what",
        ),
        tag(
            "a",
            "Show the finding" if len(job.findings) == 1 else f"Show all {len(job.findings):,}",
            tag("span", f" of {rule.id}", class_="vh"),
            href=f"#r-{rule.id}",
            class_="go",
            data_show=rule.id,
        ),
        class_=f"job s-{job.severity}",
    )


def _mending(job: FixJob) -> Markup:
    told = f"`{job.commands[0]}`" in job.help if len(job.commands) == 1 else False
    left = len(job.causes) - _SAMPLES
    return join(
        *(_sample(cause) for cause in job.causes[:_SAMPLES]),
        tag("p", f"and {count(left, 'more cause')}", class_="sample dim") if left > 0 else None,
        tag("p", prose(job.help), class_="help") if job.help and not told else None,
        _commands(job),
        _why(job),
    )


def _extent(job: FixJob) -> str:
    causes = f"{count(len(job.causes), 'cause')} " if len(job.causes) < len(job.findings) else ""
    return f"{causes}in {count(job.files, 'file')}"


def _sample(cause: Cause) -> Markup:
    """The first place of a cause, and how many more there are."""
    finding = cause.first
    return tag(
        "p",
        tag("span", path(finding.path, finding.span.line), class_="path"),
        prose(finding.message),
        " " if cause.others else None,
        tag(
            "a", cause.others, href=f"#c-{cause.id}", class_="dim", data_show=cause.rule,
            data_cause=cause.id,
        )
        if cause.others
        else None,
        class_="sample",
    )  # fmt: skip


def _commands(job: FixJob) -> Markup | None:
    if not job.commands:
        return None
    if not job.one_each:
        words = None
        if job.fixable:
            words = f"fixes {job.fixable:,} of {len(job.findings):,}"
        return join(*(command(text, words) for text in job.commands))
    if len(job.commands) == 1:
        return command(job.commands[0])
    more = "" if len(job.commands) < MOST_COMMANDS else ", with more not shown"
    return tag(
        "details",
        tag("summary", f"{len(job.commands):,} commands, one per finding{more}"),
        *(command(text) for text in job.commands),
        class_="fold slim",
    )


def command(text: str, words: str | None = None) -> Markup:
    """A command to copy, made of plain words only: see `evalpolicy.policy.commands`."""
    return tag(
        "div",
        tag("code", text),
        tag(
            "button",
            icon("copy"),
            tag("span", "Copy", class_="said"),
            type="button",
            class_="copy js",
            data_copy=text,
            aria_label=f"Copy {text}",
        ),
        tag("span", words, class_="dim") if words else None,
        class_="cmd",
    )


def _why(job: FixJob) -> Markup | None:
    found = _WHY.search(job.rule.documentation)
    if found is None:
        return None
    paragraphs = (" ".join(part.split()) for part in found[1].split("\n\n"))
    return tag(
        "details",
        tag("summary", "Why it matters", tag("span", f": {job.rule.name}", class_="vh")),
        *(tag("p", prose(paragraph)) for paragraph in paragraphs if paragraph),
        command(f"evalpolicy explain {job.rule.id}"),
        class_="fold slim",
    )


def _severities(job: FixJob) -> Counter[str]:
    return Counter(finding.severity for finding in job.findings)
