"""Converts the result of a check to diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lsprotocol import types
from msgspec import Struct, field

from evalpolicy.artifacts.syntax.source import START, Span
from evalpolicy.fleet.fixture_names import stem_of
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.frontends.lsp.addresses import uri_of
from evalpolicy.frontends.lsp.judging import CheckedFleet
from evalpolicy.frontends.lsp.positions import EncodedLines
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.report import FileProblem
from evalpolicy.policy.rule import Finding, Rule, Severity
from evalpolicy.reporters.safe import shown
from evalpolicy.reporters.sarif import INFORMATION
from evalpolicy.snapshot import Snapshot, Unreadable

SOURCE = "evalpolicy"
NOT_CHECKED = "not-checked"
"""The code of diagnostics for what could not be checked."""

# In a larger file (bytes), columns are counted in code points, without converting them.
_LARGEST = 64 << 20
_NOWHERE = types.Range(types.Position(0, 0), types.Position(0, 0))
_SEVERITIES: dict[Severity, types.DiagnosticSeverity] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}
# These rules report things without an effect; editors show them faded.
_UNNECESSARY = frozenset({"EVP001", "EVP004", "GAT004", "GLK005", "GLK012", "PIN007", "PRV002"})
# These rules report deprecated things; editors strike them through.
_DEPRECATED = frozenset({"GLK011", "HYG001"})


class ShownFinding(NamedTuple):
    """A diagnostic with its finding and rule; these are None for a problem."""

    diagnostic: types.Diagnostic
    finding: Finding | None
    rule: Rule | None = None


class Board(Struct, frozen=True):
    """The diagnostics of each file, by path, and the text that they refer to.

    `digests` name the content of files that fixes of others change. `dockerfiles` is what the
    layout takes for one.
    """

    shown: Mapping[str, list[ShownFinding]]
    versions: Mapping[str, int] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    dockerfiles: Globs = field(default_factory=lambda: Globs(()))


class Ranges:
    """Ranges of spans, computed once for the same content of a file."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self._known: dict[str, tuple[str, dict[Span, types.Range]]] = {}

    def of(self, snapshot: Snapshot, path: str, spans: set[Span], text: str | None = None) -> None:
        """Computes the unknown ranges of a file; `text` is the client's text."""
        if spans == {START}:
            self._known[path] = ("", {START: _NOWHERE})
            return
        try:
            id = snapshot.blob_id(path, _LARGEST)
        except Unreadable:
            id = ""
        known, ranges = self._known.get(path, ("", {}))
        if id and known == id and spans <= ranges.keys():
            return
        lines = EncodedLines(_text(snapshot, path) if text is None else text, self.encoding)
        self._known[path] = (id, {span: lines.range(span) for span in spans})

    def __call__(self, path: str, span: Span) -> types.Range:
        known = self._known.get(path)
        return _NOWHERE if known is None else known[1].get(span, _NOWHERE)


def board(judged: CheckedFleet, ranges: Ranges, texts: Mapping[str, str]) -> Board:
    """Everything that the check found, as diagnostics. `texts` of open documents, by path."""
    report, snapshot = judged.report, judged.snapshot
    spans: dict[str, set[Span]] = {}
    for finding in report.findings:
        spans.setdefault(finding.path, set()).add(finding.span)
    for problem in report.problems:
        spans.setdefault(problem.path, set()).add(_span(problem))
    for path, wanted in spans.items():
        ranges.of(snapshot, path, wanted, texts.get(path))
    related = _Related(judged)
    found: dict[str, list[ShownFinding]] = {}
    for problem in report.problems:
        diagnostic = not_checked(problem.message, ranges(problem.path, _span(problem)))
        found.setdefault(problem.path, []).append(ShownFinding(diagnostic, None))
    rules = {rule.id: rule for rule in report.rules}
    for finding in report.findings:
        rule = rules[finding.rule]
        diagnostic = _diagnostic(finding, rule, ranges(finding.path, finding.span), related)
        found.setdefault(finding.path, []).append(ShownFinding(diagnostic, finding, rule))
    dockerfiles = Globs(judged.config.layout.dockerfiles)
    return Board(found, judged.versions, _digests(judged), dockerfiles)


def not_checked(message: str, range: types.Range) -> types.Diagnostic:
    """The diagnostic for a problem."""
    return types.Diagnostic(
        range,
        f"not checked: {shown(message)}",
        types.DiagnosticSeverity.Error,
        NOT_CHECKED,
        source=SOURCE,
    )


def _diagnostic(
    finding: Finding, rule: Rule, range: types.Range, related: _Related
) -> types.Diagnostic:
    # The site has no page for a plug-in's rule.
    where = None if rule.plugin else types.CodeDescription(f"{INFORMATION}rules/{rule.id}/")
    text = shown(finding.message) + (f"\nhelp: {shown(finding.help)}" if finding.help else "")
    tags = []
    if finding.rule in _UNNECESSARY:
        tags.append(types.DiagnosticTag.Unnecessary)
    if finding.rule in _DEPRECATED:
        tags.append(types.DiagnosticTag.Deprecated)
    return types.Diagnostic(
        range,
        text,
        _SEVERITIES[finding.severity],
        finding.rule,
        where,
        SOURCE,
        tags or None,
        list(related.to(finding)) or None,
    )


class _Related:
    """The other files that a finding involves: a fixture, a Dockerfile, what a fix changes.

    A finding's subject is the name of a unit or the stem of a fixture.
    """

    def __init__(self, judged: CheckedFleet) -> None:
        self._top = judged.snapshot.top
        self._entries = judged.snapshot.entries
        layout = judged.config.layout
        globs = Globs(layout.fixtures)
        self._recordings = {stem_of(path): path for path in self._entries if path in globs}
        fleet = Fleet(judged.snapshot, layout)
        self._folders = {folder.rpartition("/")[2]: folder for folder in fleet.placed}

    def to(self, finding: Finding) -> Iterator[types.DiagnosticRelatedInformation]:
        recording = self._recordings.get(finding.subject)
        dockerfile = f"{self._folders.get(finding.subject)}/Dockerfile"
        if recording is not None and recording != finding.path:
            yield self._at(recording, f"the recording {finding.subject}")
        elif dockerfile in self._entries and dockerfile != finding.path:
            yield self._at(dockerfile, f"the Dockerfile of {finding.subject}")
        if finding.fix is not None:
            for path in sorted({edit.path for edit in finding.fix.edits} - {"", finding.path}):
                yield self._at(path, "the fix changes this file too")

    def _at(self, path: str, message: str) -> types.DiagnosticRelatedInformation:
        location = types.Location(uri_of(f"{self._top}/{path}"), _NOWHERE)
        return types.DiagnosticRelatedInformation(location, shown(message))


def _digests(judged: CheckedFleet) -> dict[str, str]:
    paths = {
        edit.path
        for finding in judged.report.findings
        if finding.fix is not None
        for edit in finding.fix.edits
        if edit.path not in ("", finding.path)
    }
    return {path: judged.snapshot.blob_id(path) for path in paths}


def _span(problem: FileProblem) -> Span:
    return START if problem.line == 1 else Span(problem.line, 1, problem.line, 1)


def _text(snapshot: Snapshot, path: str) -> str:
    """A file's text as an editor has it: without the byte order mark."""
    try:
        content = snapshot.read(path, _LARGEST)
    except Unreadable:
        return ""
    return content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
