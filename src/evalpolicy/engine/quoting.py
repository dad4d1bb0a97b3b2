"""What a report quotes of a repository's files: without the credentials in it, then cut.

A finding points at a line of a source, and its message may name what stands there. A report goes
into the log of a job and onto a page that more people read than the repository.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec.structs import replace

from evalpolicy.policy.rule import Finding
from evalpolicy.scanners.unsuspicious import scanned
from evalpolicy.snapshot import Snapshot, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evalpolicy.scanners.credentials import Scanner

# Source lines are shown from files up to this size (bytes), and cut behind this many characters.
_FILE = 1 << 20
_LINE = 400


def excerpts(
    snapshot: Snapshot, findings: Sequence[Finding], fixtures: Collection[str]
) -> Excerpts:
    """The lines that findings point at; none of a fixture, and none in which a secret was found."""
    secret = {(f.path, f.span.line) for f in findings if f.rule.startswith("SEC")}
    pointed_at = {(f.path, f.span.line) for f in findings if f.path not in fixtures}
    return Excerpts(snapshot, pointed_at - secret)


class Excerpts(Mapping[tuple[str, int], str]):
    """Lines by path and number, read while the snapshot is open: most reports show few of them."""

    def __init__(self, snapshot: Snapshot, places: Collection[tuple[str, int]]) -> None:
        self._snapshot = snapshot
        self._places = frozenset(places)
        self._files: dict[str, list[str]] = {}

    def __getitem__(self, place: tuple[str, int]) -> str:
        path, line = place
        lines = self._lines(path) if place in self._places else []
        if line > len(lines):
            raise KeyError(place)
        return _quoted(lines[line - 1].rstrip("\r"), _scanner())[:_LINE]

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return (place for place in sorted(self._places) if place[1] <= len(self._lines(place[0])))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _lines(self, path: str) -> list[str]:
        if path not in self._files:
            try:
                content = self._snapshot.read(path, _FILE)
            except Unreadable:
                content = b""
            text = file_without_credentials(content).decode("utf-8", "replace")
            self._files[path] = text.removeprefix("\ufeff").split("\n") if content else []
        return self._files[path]


def without_credentials(findings: Sequence[Finding]) -> Sequence[Finding]:
    """The findings, as their messages may be shown."""
    texts = [text for finding in findings for text in (finding.path, *_texts(finding))]
    if not texts:
        return findings
    scanner = _scanner()
    if not scanner.scan("\n".join(texts).encode("utf-8", "surrogatepass")):
        scanned(texts)
        return findings
    return [_redacted(finding, scanner) for finding in findings]


def _redacted(finding: Finding, scanner: Scanner) -> Finding:
    message, help, subject, about, cause = (_quoted(text, scanner) for text in _texts(finding))
    return replace(finding, message=message, help=help, subject=subject, about=about, cause=cause)


def _texts(finding: Finding) -> tuple[str, str, str, str, str]:
    return finding.message, finding.help, finding.subject, finding.about, finding.cause


def _scanner() -> Scanner:
    from evalpolicy.scanners.credentials import plain_scanner  # a clean run quotes nothing

    return plain_scanner()


def _quoted(text: str, scanner: Scanner) -> str:
    from evalpolicy.scanners.credentials import redact_text

    return redact_text(text, scanner)


def file_without_credentials(content: bytes) -> bytes:
    """The file with as many lines as before: a key may stand on many, and is whole only here."""
    pieces: list[bytes] = []
    last = 0
    for hit in _scanner().scan(content):
        lines = content.count(b"\n", hit.start, hit.end)
        pieces += (content[last : hit.start], hit.replacement, b"\n" * lines)
        last = hit.end
    return b"".join((*pieces, content[last:]))
