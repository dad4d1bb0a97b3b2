"""The baseline: findings that existed when the policy was adopted, one row each.

A row is a rule, a path, a subject and what the finding is about: no line, no time. In the file
each row has a line of its own and an empty line behind it, which stays when `prune` takes the
row out: to git, two rows are then never next to each other, and branches that each prune merge
without conflict (a deleted line beside a deleted line would be one).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from evalpolicy import __version__
from evalpolicy.errors import UsageError
from evalpolicy.policy.rule import Finding
from evalpolicy.snapshot import Snapshot, Unreadable

BASELINE_FILE = ".evalpolicy-baseline.json"
VERSION = 1
# A quarter of a million rows; more is not a baseline (bytes).
LIMIT = 64 << 20
_HEAD = ("version", "rules", "findings")


class BaselineRow(NamedTuple):
    """Identifies a finding across commits; sorted in this order."""

    rule: str
    path: str
    subject: str = ""
    about: str = ""

    @classmethod
    def of(cls, finding: Finding) -> BaselineRow:
        return cls(finding.rule, finding.path, finding.subject, finding.about)


class Baseline(NamedTuple):
    """Rows with how often each may occur. `rules` is the version of the rule set they are of."""

    rows: Mapping[BaselineRow, int]
    path: str = BASELINE_FILE
    rules: str = __version__
    lines: Mapping[BaselineRow, int] = MappingProxyType({})


def of(findings: Iterable[Finding], path: str = BASELINE_FILE) -> Baseline:
    """A baseline of these findings."""
    return Baseline(Counter(map(BaselineRow.of, findings)), path)


def load(snapshot: Snapshot, path: str = BASELINE_FILE) -> Baseline | None:
    """The baseline in the snapshot; None if it has none.

    Raises `UsageError`, with its line, for one that cannot be read: without it, findings that
    were never new would fail a build, and with a part of it, so would some of them.
    """
    if path not in snapshot.entries:
        if path in snapshot.folders:
            raise UsageError(f"{path}: a folder, not a baseline")
        return None
    try:
        return parse(snapshot.read(path, LIMIT), path)
    except Unreadable as reason:
        raise UsageError(f"{path}: {reason}") from reason


def parse(content: bytes, path: str) -> Baseline:
    """The baseline in these bytes. Raises `UsageError`, whatever they are, and nothing else."""
    try:
        text = content.decode("utf-8")
        document = json.loads(text)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line}: not UTF-8") from error
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{path}:{error.lineno}: not JSON; `evalpolicy baseline write` creates it again"
        ) from error
    except (RecursionError, ValueError) as error:
        raise UsageError(f"{path}: not a baseline: {error}") from error
    if not isinstance(document, dict) or sorted(document) != sorted(_HEAD):
        raise UsageError(f"{path}: not a baseline: it must contain exactly {', '.join(_HEAD)}")
    if document["version"] != VERSION or isinstance(document["version"], bool):
        raise UsageError(
            f"{path}: version {document['version']!r}, but this tool reads version {VERSION}: "
            "`evalpolicy baseline write` creates it again"
        )
    if not isinstance(document["rules"], str) or not isinstance(document["findings"], list):
        raise UsageError(f"{path}: not a baseline: rules must be a string, findings a list")
    rows: dict[BaselineRow, int] = {}
    for number, item in enumerate(document["findings"], 1):
        if item is None and number == len(document["findings"]):
            break
        row, count = _row(item, f"{path}: row {number}")
        # Two branches that each wrote a row may leave it twice: it does not count double.
        rows[row] = max(rows.get(row, 0), count)
    return Baseline(rows, path, document["rules"], _lines(text))


def render(baseline: Baseline) -> bytes:
    """The whole file, sorted."""
    head = f'{{\n"version": {VERSION},\n"rules": {_json(baseline.rules)},\n"findings": ['
    lines = [f"{_written(row, count)},\n" for row, count in sorted(baseline.rows.items())]
    return _bytes("\n".join([head, *lines, "null", "]", "}", ""]))


def pruned(content: bytes, baseline: Baseline, occurs: Mapping[BaselineRow, int]) -> bytes:
    """The file without what no longer occurs: only the lines of such rows change.

    `occurs` states how often each row is still there. A file that was laid out by something else
    is rewritten.
    """
    left = {row: min(count, occurs[row]) for row, count in baseline.rows.items() if occurs.get(row)}
    if left == dict(baseline.rows):
        return content
    kept: list[str] = []
    seen: set[BaselineRow] = set()
    for line in content.decode("utf-8").split("\n"):
        row = _row_on(line)
        if row is None:
            kept.append(line)
        elif row in left and row not in seen:
            seen.add(row)
            same = left[row] == baseline.rows[row]
            kept.append(line if same else f"{_written(row, left[row])},")
    made = _bytes("\n".join(kept))
    return made if _holds(made, left) else render(Baseline(left, baseline.path))


def _holds(content: bytes, rows: Mapping[BaselineRow, int]) -> bool:
    try:
        return parse(content, "").rows == rows
    except UsageError:
        return False


def _row(item: Any, where: str) -> tuple[BaselineRow, int]:
    if not isinstance(item, dict) or not {"rule", "path"} <= item.keys():
        raise UsageError(f"{where}: not a finding: it must contain rule and path")
    count = item.get("count", 1)
    texts = {key: value for key, value in item.items() if key != "count"}
    unknown = sorted(texts.keys() - set(BaselineRow._fields))
    if unknown:
        raise UsageError(f"{where}: unknown key {unknown[0]!r}")
    if not all(isinstance(value, str) for value in texts.values()):
        raise UsageError(f"{where}: rule, path, subject and about must be strings")
    if type(count) is not int or count < 1:
        raise UsageError(f"{where}: count must be a whole number of at least 1")
    return BaselineRow(**texts), count


def _lines(text: str) -> dict[BaselineRow, int]:
    """The line of each row, if each has its own line."""
    found: dict[BaselineRow, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        row = _row_on(line)
        if row is not None:
            found.setdefault(row, number)
    return found


def _row_on(line: str) -> BaselineRow | None:
    stripped = line.strip()
    if not stripped.startswith('{"rule"'):
        return None
    try:
        return _row(json.loads(stripped.removesuffix(",")), "")[0]
    except (ValueError, UsageError, RecursionError):
        return None


def _written(row: BaselineRow, count: int) -> str:
    document: dict[str, Any] = {"rule": row.rule, "path": row.path, "subject": row.subject}
    if row.about:
        document["about"] = row.about
    if count > 1:
        document["count"] = count
    return _json(document)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bytes(text: str) -> bytes:
    """As UTF-8; a byte of a path that was none is written as JSON's escape of its surrogate."""
    return text.encode("utf-8", "backslashreplace")
