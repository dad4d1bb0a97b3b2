"""JUnit XML: one test case per replay, with its duration."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.replay.reports import ReplayReport
from evalpolicy.reporters.junit import text


def render(report: ReplayReport) -> str:
    """One suite per benchmark. Replays that did not run are errors, or skipped if known broken."""
    root = ElementTree.Element("testsuites", name="evalpolicy replay")
    by_benchmark = sorted(report.replays, key=lambda one: one.evidence.wanted.benchmark)
    for benchmark, group in groupby(by_benchmark, key=lambda one: one.evidence.wanted.benchmark):
        replays = list(group)
        suite = ElementTree.SubElement(root, "testsuite", name=text(benchmark or "not run"))
        for one in replays:
            _case(suite, one)
        _count(suite, replays)
    _count(root, report.replays)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _case(suite: ElementTree.Element, one: Replayed) -> None:
    name = f"{one.name} (control)" if one.control else one.name
    case = ElementTree.SubElement(
        suite, "testcase", classname=text(one.path), name=text(name), time=f"{one.seconds:.3f}"
    )
    tag = _tag(one)
    if tag is not None:
        message = "; ".join(one.judgement.reasons)
        said = ElementTree.SubElement(case, tag, message=text(message))
        if tag != "skipped":
            said.set("type", one.verdict)
            said.text = "\n".join(map(text, (*one.judgement.reasons, *one.logs)))


def _tag(one: Replayed) -> str | None:
    if one.verdict == "reproduced":
        return None
    if one.verdict == "not run":
        return "skipped" if one.broken else "error"
    return "failure"


def _count(element: ElementTree.Element, replays: Sequence[Replayed]) -> None:
    tags = [_tag(one) for one in replays]
    element.set("tests", str(len(tags)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(tags.count(tag)))
    element.set("time", f"{sum(one.seconds for one in replays):.3f}")
