"""What a report quotes of a repository's files: without the credentials in it, then cut.

A finding points at a line of a source, and its message may name what stands there. A report goes
into the log of a job and onto a page that more people read than the repository.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from evalpolicy.policy.rule import Finding
from evalpolicy.snapshot import Snapshot, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evalpolicy.scanners.credentials import Scanner

# Source lines are shown from files up to this size (bytes), and cut behind this many characters.
_FILE = 1 << 20
_LINE = 400


def excerpts(
    snapshot: Snapshot, findings: Sequence[Finding], fixtures: Collection[str]
) -> dict[tuple[str, int], str]:
    """The lines that findings point at; none of a fixture, and none in which a secret was found."""
    secret = {(f.path, f.span.line) for f in findings if f.rule.startswith("SEC")}
    wanted: dict[str, set[int]] = {}
    for finding in findings:
        if finding.path in fixtures or (finding.path, finding.span.line) in secret:
            continue
        wanted.setdefault(finding.path, set()).add(finding.span.line)
    if not wanted:
        return {}
    scanner = _scanner()
    found = {}
    for path, lines in wanted.items():
        try:
            content = snapshot.read(path, _FILE)
        except Unreadable:
            continue
        text = file_without_credentials(content).decode("utf-8", "replace")
        split = text.removeprefix("\ufeff").split("\n")
        for line in lines:
            if line <= len(split):
                found[path, line] = _quoted(split[line - 1].rstrip("\r"), scanner)[:_LINE]
    return found


def without_credentials(findings: Sequence[Finding]) -> Sequence[Finding]:
    """The findings, as their messages may be shown."""
    texts = [text for finding in findings for text in _texts(finding)]
    if not texts:
        return findings
    scanner = _scanner()
    if not scanner.scan("\n".join(texts).encode("utf-8", "surrogatepass")):
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
