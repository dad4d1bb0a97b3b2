"""JUnit XML, for tools that show test results: one suite per file, one failure per finding.

Uses only what Jenkins, GitLab and Azure all read, and no times.
"""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree import ElementTree

from evalpolicy.policy.report import Report, Waived
from evalpolicy.policy.rule import Finding
from evalpolicy.reporters.safe import shown

# Characters that `shown` keeps and XML 1.0 cannot contain.
_NO_XML = re.compile("[\ufffe\uffff]")


def render(report: Report) -> str:
    """Errors and warnings are failures, notes pass with output, waived findings are skipped with
    their reason, and problems are errors.
    """
    root = ElementTree.Element("testsuites", name="evalpolicy")
    items: list[tuple[str, Finding | Waived]] = [(f.path, f) for f in report.findings]
    items.extend((item.finding.path, item) for item in report.waived)
    items.sort(key=lambda pair: pair[0])
    if report.problems:
        suite = _suite(root, "not checked")
        for problem in report.problems:
            place = f"{report.prefix}{problem.path}:{problem.line}"
            case = _case(suite, "not checked", place)
            _said(case, "error", "not checked", problem.message, place)
    for path, group in groupby(items, key=lambda pair: pair[0]):
        suite = _suite(root, report.prefix + path)
        for _, item in group:
            _item(suite, report.prefix + path, item)
    if not len(root):
        _case(_suite(root, "evalpolicy"), "evalpolicy", "no findings")
    _count(root)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(root: ElementTree.Element, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(root, "testsuite", name=text(name))


def _case(suite: ElementTree.Element, group: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=text(group), name=text(name), time="0"
    )


def _item(suite: ElementTree.Element, path: str, item: Finding | Waived) -> None:
    finding = item.finding if isinstance(item, Waived) else item
    place = f"{finding.span.line}:{finding.span.column}"
    case = _case(suite, path, f"{finding.rule} {finding.name} ({place})")
    if isinstance(item, Waived):
        words = f"{finding.message} (waived by {item.by}: {item.reason})"
        ElementTree.SubElement(case, "skipped", message=text(words))
    elif finding.severity == "note":
        ElementTree.SubElement(case, "system-out").text = text(f"note: {finding.message}")
    else:
        more = f"{path}:{place}" + (f" {finding.help}" if finding.help else "")
        _said(case, "failure", finding.severity, finding.message, more)


def _said(case: ElementTree.Element, tag: str, kind: str, message: str, more: str) -> None:
    said = ElementTree.SubElement(case, tag, type=kind, message=text(message))
    said.text = text(more)


def _count(root: ElementTree.Element) -> None:
    tags = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    for suite in root:
        suite.set("tests", str(len(suite)))
        for name, tag in tags.items():
            suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
        suite.set("time", "0")
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", "0")


def text(raw: str) -> str:
    """The text without what XML cannot contain or a terminal would interpret."""
    return _NO_XML.sub("\ufffd", shown(raw))
