"""One pass over a fixture's bytes: digest, summary and credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from typing import NamedTuple

from msgspec.structs import replace

from evalpolicy.artifacts.trajectory import (
    LfsPointer,
    RecordingFault,
    Summary,
    parse_stream,
    read_lfs_pointer,
    verdicts,
)
from evalpolicy.artifacts.trajectory.lines import split_lines
from evalpolicy.scanners.credentials import CredentialHit, Scanner, locate, redact_text
from evalpolicy.scanners.credentials.fitting import Kind
from evalpolicy.scanners.credentials.streams import WindowedScan

EVIDENCE = 120
"""How many characters of the text that shows an agent are kept."""

MOST_LEAKS = 1000
"""At most so many per file are listed; any more are only counted."""

# A file up to this size (bytes) is scanned in one piece.
_WHOLE = 64 << 20
_POINTER = 1024
_MESSAGE = 500


class Leak(NamedTuple):
    """A credential or an internal host: what and where it is, masked so that it may be shown.

    `column` and `length` count code points; `json_path` leads through strings that hold JSON.
    """

    shape: str
    what: str
    kind: Kind
    masked: str
    line: int
    column: int
    length: int
    json_path: str


class Content(NamedTuple):
    """The content of a recording, independent of its name.

    `leaks` are the first `MOST_LEAKS`, `leaked` counts all. `pointer` is what a Git LFS pointer
    stands for. No text of a summary holds a credential.
    """

    summary: Summary
    leaks: tuple[Leak, ...] = ()
    leaked: int = 0
    pointer: LfsPointer | None = None


class Recording:
    """The content of one fixture under its name."""

    def __init__(self, path: str, content: Content) -> None:
        self.path = path
        self.summary = content.summary
        self.leaks = content.leaks
        self.leaked = content.leaked
        self.pointer = content.pointer

    @property
    def size(self) -> int:
        """In bytes; of a Git LFS pointer, of what it stands for."""
        return self.summary.size if self.pointer is None else self.pointer.size

    @cached_property
    def verdicts(self) -> tuple[RecordingFault, ...]:
        return verdicts(self.summary, self.path)


def read_content(content: bytes, hosts: tuple[str, ...]) -> Content:
    """The content of these bytes; bytes of any kind have at least a summary."""
    if len(content) > _WHOLE:
        pieces = range(0, len(content), 1 << 20)
        return read_pieces(lambda: (content[at : at + (1 << 20)] for at in pieces), hosts)
    scanner = _scanner(hosts)
    hits = scanner.scan(content)
    places = locate(content, hits[:MOST_LEAKS])
    leaks = tuple(
        _leak(hit, place.span.column, place.span.end_column - place.span.column, place.json_path)
        for hit, place in zip(hits, places, strict=False)
    )
    pointer = read_lfs_pointer(content) if len(content) <= _POINTER else None
    summary = _masked(parse_stream((content,)), scanner if hits else None)
    return Content(summary, leaks, len(hits), pointer)


def read_pieces(pieces: Callable[[], Iterable[bytes]], hosts: tuple[str, ...]) -> Content:
    """The same for a file of any size, in memory that does not grow with it.

    `pieces` gives its content from the start; it is asked a second time where something leaked,
    for the lines that show it.
    """
    scanner = _scanner(hosts)
    scan = WindowedScan(scanner)
    hits: list[CredentialHit] = []
    leaked = 0

    def scanned() -> Iterator[bytes]:
        nonlocal leaked
        for piece in pieces():
            for hit in scan.feed(piece):
                leaked += 1
                hits.extend([hit] if leaked <= MOST_LEAKS else [])
            yield piece

    summary = _masked(parse_stream(scanned()), scanner)
    for hit in scan.finish():
        leaked += 1
        hits.extend([hit] if leaked <= MOST_LEAKS else [])
    return Content(summary, tuple(_placed(hits, pieces)), leaked)


def _placed(hits: list[CredentialHit], pieces: Callable[[], Iterable[bytes]]) -> Iterator[Leak]:
    """The hits with column and path: their lines are read again, one at a time."""
    if not hits:
        return
    waiting = iter([*hits, None])
    hit = next(waiting)
    start = 0
    for line in split_lines(pieces()):
        here = []
        while hit is not None and hit.start <= start + line.size:
            here.append(hit)
            hit = next(waiting)
        if here and line.content is not None:
            inside = [replace(h, start=h.start - start, end=h.end - start, line=1) for h in here]
            for found, place in zip(here, locate(line.content, inside), strict=True):
                length = place.span.end_column - place.span.column
                yield _leak(found, place.span.column, length, place.json_path)
        else:
            yield from (_leak(found, 1, 1, "") for found in here)
        start += line.size + 1
        if hit is None:
            return


def _leak(hit: CredentialHit, column: int, length: int, path: str) -> Leak:
    return Leak(hit.shape, hit.what, hit.kind, hit.masked, hit.line, column, length, path)


@cache
def _scanner(hosts: tuple[str, ...]) -> Scanner:
    return Scanner(hosts)


def _masked(summary: Summary, scanner: Scanner | None) -> Summary:
    """The summary with every credential removed from the texts that it quotes, which are cut.

    Without a scanner there are no credentials to remove.
    """

    def clean(text: str, most: int | None = None) -> str:
        return text[:most] if scanner is None else redact_text(text, scanner, most=most)

    def counted(names: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
        return tuple((clean(name), count) for name, count in names)

    first = summary.first_failed
    last = summary.last
    return replace(
        summary,
        models=counted(summary.models),
        requested_models=counted(summary.requested_models),
        user_agents=counted(summary.user_agents),
        error_types=counted(summary.error_types),
        clients=tuple(
            replace(one, evidence=clean(one.evidence, most=EVIDENCE)) for one in summary.clients
        ),
        first_failed=first
        and replace(
            first,
            error_type=clean(first.error_type),
            message=clean(first.message, most=_MESSAGE),
            model=first.model and clean(first.model),
        ),
        last=last and replace(last, finish_reason=last.finish_reason and clean(last.finish_reason)),
    )
