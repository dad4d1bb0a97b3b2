"""URLs whose content changes: on Hugging Face, GitHub and GitLab, at a branch or at no revision.

After https://huggingface.co/docs/huggingface_hub/guides/hf_file_system (`hf://…@revision`),
https://duckdb.org/docs/stable/core_extensions/httpfs/hugging_face (`@~parquet`), and the hosts'
own addresses for raw files and archives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from evalpolicy.artifacts.moving_data.model import Fetch, Lookup, Program, expanded
from evalpolicy.artifacts.revisions import moves

_PART = r"[^\s/@'\"`?#]+"
_TWO = rf"{_PART}/{_PART}"
# A revision up to the next slash, with the two slashes of a full ref.
_REVISION = (
    r"(?P<revision>refs/(?:convert|heads|pr|tags)/[^\s/'\"`)?#,]+"
    r"|(?:\$\{\w+\}|\{[^{}]*\}|[^\s/'\"`)?#&,])+)"
)
_UPLOAD, _PUSH, _RELEASE = "with every upload", "with every push", "with every release"
_HUB = r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)"
_ASKED = re.compile(r"(?:^|&)revision=([^&]*)")
_OPEN_QUERY = re.compile(r"(?:^|&)[{$]")
_OPEN_END = re.compile(r"(?:\}|\$\w+)$")
_ARCHIVE_END = re.compile(r"\.(?:zip|tgz|tar(?:\.\w+)?)$")


class _Kind(Struct, frozen=True):
    """One form of URL: what matches is shown; without a revision it moves as it is."""

    pattern: re.Pattern[str]
    when: str
    pinned: str


def _kind(pattern: str, when: str, pinned: str) -> _Kind:
    return _Kind(re.compile(rf"(?<!git\+){pattern}"), when, pinned)


_KINDS = (
    _kind(
        rf"hf://(?:(?:datasets|spaces)/)?{_TWO}(?:@{_REVISION})?",
        _UPLOAD,
        "hf://datasets/…@{revision}/…",
    ),
    _kind(
        rf"{_HUB}/(?:(?:datasets|spaces)/)?{_TWO}/(?:resolve|raw)/{_REVISION}",
        _UPLOAD,
        "https://huggingface.co/…/resolve/{revision}/…",
    ),
    _kind(
        rf"{_HUB}/api/datasets/{_TWO}/parquet\b",
        _UPLOAD,
        "https://huggingface.co/datasets/…/resolve/{revision}/…",
    ),
    _kind(
        r"https?://datasets-server\.huggingface\.co/[\w-]+\?(?P<query>[^\s'\"`]*)",
        _UPLOAD,
        "https://huggingface.co/datasets/…/resolve/{revision}/…",
    ),
    _kind(
        rf"https?://raw\.github(?:usercontent)?\.com/{_TWO}/{_REVISION}",
        _PUSH,
        "https://raw.githubusercontent.com/…/{revision}/…",
    ),
    _kind(
        rf"https?://(?:www\.)?github\.com/{_TWO}/releases/latest/download\b",
        _RELEASE,
        "https://github.com/…/releases/download/<version>/…",
    ),
    _kind(
        rf"https?://(?:(?:www\.)?github\.com/{_TWO}/(?:raw|archive|tarball|zipball)"
        rf"|codeload\.github\.com/{_TWO}/(?:legacy\.)?(?:zip|tar\.gz)"
        rf"|api\.github\.com/repos/{_TWO}/(?:tarball|zipball))/{_REVISION}",
        _PUSH,
        "https://github.com/…/archive/{revision}.tar.gz",
    ),
    _kind(
        rf"https?://[^\s'\"`]{{1,300}}?/-/(?:raw|archive)/{_REVISION}",
        _PUSH,
        "https://…/-/raw/{revision}/…",
    ),
    _kind(
        rf"https?://[^\s'\"`]{{1,500}}?[?&]revision={_REVISION}",
        _UPLOAD,
        "https://…?revision={revision}",
    ),
    _kind(r"refs(?:/|%2F)convert(?:/|%2F)parquet\b", _UPLOAD, "the files at {revision}"),
)
_HINTS = ("://", "refs")


class MovingUrl(Struct, frozen=True):
    """A URL whose content changes: its range in the text, and what else a fetch says of it."""

    start: int
    shown: str
    when: str
    source: str
    pinned: str


def moving_urls(text: str, values: Lookup) -> Iterator[MovingUrl]:
    """The URLs of a text whose content changes, by their place."""
    if not any(hint in text for hint in _HINTS):
        return
    found = [
        (match.start(), number, match)
        for number, kind in enumerate(_KINDS)
        for match in kind.pattern.finditer(text)
    ]
    behind = 0
    for start, number, match in sorted(found, key=lambda each: each[:2]):
        if start >= behind:
            behind = match.end()
            if _moves(match, values):
                shown, kind = _shown(match), _KINDS[number]
                source = shown.partition("://")[2] or shown
                yield MovingUrl(start, shown, kind.when, source, kind.pinned)


def _moves(match: re.Match[str], values: Lookup) -> bool:
    groups = match.groupdict()
    written, query = groups.get("revision"), groups.get("query")
    if query is not None:
        asked = _ASKED.search(query)
        # A variable that holds a whole parameter may hold the revision.
        written = asked[1] if asked else "{}" if _OPEN_QUERY.search(query) else ""
    elif written is None:
        return "hf://" not in match[0] or _OPEN_END.search(match[0]) is None
    return moves(_ARCHIVE_END.sub("", expanded(written, values)))


def _shown(match: re.Match[str]) -> str:
    """The URL without the parameters behind the data set's name."""
    if "query" not in match.groupdict():
        return match[0]
    head, dataset, rest = match[0].partition("dataset=")
    return head + dataset + rest.partition("&")[0]


def in_text(program: Program) -> Iterator[Fetch]:
    """What a text names that is neither a script nor Python: a query, a list of URLs."""
    at = 0
    for line in program.text.split("\n"):
        if not line.lstrip().startswith(("#", "--", "//")):
            for url in moving_urls(line, program.values):
                start = at + url.start
                yield fetch_of(program, url, start, start + len(url.shown))
        at += len(line) + 1


def fetch_of(program: Program, url: MovingUrl, start: int, end: int) -> Fetch:
    return Fetch(
        program.path, program.span(start, end), url.shown, url.when, url.source, url.pinned
    )
