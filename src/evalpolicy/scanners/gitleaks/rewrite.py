"""The edits of a migration: headers renamed, tables joined, flags kept to their pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, WrittenAllowlist, entry_of
from evalpolicy.artifacts.syntax.toml_spans import Array, KeyValue, Table, TomlScalar, Value
from evalpolicy.scanners.gitleaks.keys import canonical
from evalpolicy.scanners.gitleaks.obstacles import filled, is_and, texts
from evalpolicy.scanners.gitleaks.patterns import flags_left_on
from evalpolicy.scanners.gitleaks.versions import Version, table

if TYPE_CHECKING:
    from tomlkit.items import Array as TomlArray

_HEADER = re.compile(r"\[(\[?)([ \t]*(?:rules[ \t]*\.[ \t]*)?)(['\"]?)allowlists?\3([ \t]*)\](\]?)",
                     re.IGNORECASE)  # fmt: skip
# tomlkit looks through a list for each item that it adds.
_MOST_ITEMS = 1000
_LISTS = ("commits", "paths", "regexes", "stopwords")


class TextEdit(Struct, frozen=True):
    """Text between two offsets and what takes its place."""

    start: int
    end: int
    text: str
    message: str


class CannotRewriteError(Exception):
    """A form that the rewriter leaves to a person."""

    def __init__(self, node: Value | KeyValue, reason: str) -> None:
        super().__init__(reason)
        self.node, self.reason = node, reason


def apply(text: str, edits: Sequence[TextEdit]) -> str:
    """The text after all edits, which do not overlap and are sorted."""
    parts: list[str] = []
    position = 0
    for edit in edits:
        parts += (text[position : edit.start], edit.text)
        position = edit.end
    return "".join((*parts, text[position:]))


def upgrade(config: GitleaksConfig, group: Sequence[WrittenAllowlist]) -> Iterator[TextEdit]:
    """`[allowlist]` becomes one `[[allowlists]]` of many."""
    for written in group:
        if written.form.endswith("[[allowlists]]") or written.form == "[[rules.allowlists]]":
            continue
        yield _renamed(config, written, "allowlists", of_tables=True)


def downgrade(
    config: GitleaksConfig, group: Sequence[WrittenAllowlist], to: Version
) -> Iterator[TextEdit]:
    """All allowlists of one scope become its one `[allowlist]`."""
    first, *others = group
    if first.form.lower() not in ("[allowlist]", "[rules.allowlist]"):
        yield _renamed(config, first, "allowlist", of_tables=False)
    if others:
        yield from _joined(config, first, others)
    prefix = "global." if first.rule is None else "rule."
    for written in group:
        condition = entry_of(written.table, "condition")
        if condition is not None and not table().reads(f"{prefix}condition", to):
            said = "AND of one criterion" if is_and(condition) else "OR is what it does anyway"
            yield _line_out(config, condition, f"condition is taken out: {said}")


def wrap_flags(config: GitleaksConfig) -> Iterator[TextEdit]:
    """A pattern with a flag is put in a group of its own where others stand beside it."""
    for written in config.allowlists():
        for name in ("paths", "regexes"):
            entry = entry_of(written.table, name)
            found = texts(entry.value) if entry is not None else []
            if len(found) < 2:
                continue
            for text in found:
                if flags_left_on(str(text.value)):
                    yield from _grouped(config, text)


def _renamed(
    config: GitleaksConfig, written: WrittenAllowlist, name: str, of_tables: bool
) -> TextEdit:
    source = config.document.text
    header = source[written.table.start : written.table.end]
    found = _HEADER.fullmatch(header)
    if found is None:
        reason = f"write it as a table with a header: {written.form} is inline or dotted here"
        raise CannotRewriteError(written.table, reason)
    _, path, quote, blank, _ = found.groups()
    opening, closing = ("[[", "]]") if of_tables else ("[", "]")
    text = f"{opening}{path}{quote}{name}{quote}{blank}{closing}"
    return TextEdit(written.table.start, written.table.end, text, f"{header} becomes {text}")


def _joined(
    config: GitleaksConfig, first: WrittenAllowlist, others: Sequence[WrittenAllowlist]
) -> Iterator[TextEdit]:
    held = _named(config, first)
    additions: dict[str, list[KeyValue]] = {}
    last = first.table
    for written in others:
        if not _adjacent(config, last, written.table):
            reason = "several allowlists become one table: put them next to each other first"
            raise CannotRewriteError(written.table, reason)
        last = written.table
        header = config.document.text[written.table.start : written.table.end]
        if _HEADER.fullmatch(header) is None:
            raise CannotRewriteError(written.table, "write it as a table with a header first")
        yield TextEdit(
            written.table.start, written.table.end, "#", f"{header} joins the one before"
        )
        for name, entry in _named(config, written).items():
            if name == "condition":
                continue
            if name not in held:
                held[name] = entry
            elif name in _LISTS:
                additions.setdefault(name, []).append(entry)
                yield _line_out(config, entry, f"{name} joins the list above")
            elif name == "description":
                yield _commented(config, entry)
            elif _plain(entry) == _plain(held[name]):
                yield _line_out(config, entry, f"{name} is said above")
            else:
                raise CannotRewriteError(entry, f"two allowlists with a different {name}")
        _same_target(first, written)
    for name, entries in additions.items():
        yield _extended(config, held[name], entries)


def _same_target(first: WrittenAllowlist, other: WrittenAllowlist) -> None:
    for one, two in ((first, other), (other, first)):
        target = entry_of(one.table, "regexTarget")
        regexes = entry_of(two.table, "regexes")
        if target is None or not filled(target) or _plain(target) == "secret":
            continue
        if regexes is not None and filled(regexes) and entry_of(two.table, "regexTarget") is None:
            raise CannotRewriteError(regexes, "two allowlists with a different regexTarget")


def _named(config: GitleaksConfig, written: WrittenAllowlist) -> dict[str, KeyValue]:
    prefix = "global." if written.rule is None else "rule."
    found = {canonical(prefix, e.key) or e.key: e for e in written.table.entries.values()}
    return dict(found)


def _plain(entry: KeyValue) -> object:
    return entry.value.value if isinstance(entry.value, TomlScalar) else None


def _extended(config: GitleaksConfig, target: KeyValue, entries: Sequence[KeyValue]) -> TextEdit:
    """The lists of `entries` behind that of `target`, with each item and comment as written."""
    source = config.document.text
    joined, into = _list(config, target)
    lists = [entry.value for entry in (target, *entries) if isinstance(entry.value, Array)]
    if sum(len(array.items) for array in lists) > _MOST_ITEMS:
        raise CannotRewriteError(target, f"join lists of more than {_MOST_ITEMS} items yourself")
    head = source[into.start + 1 : into.items[0].start] if into.items else ""
    indent = head.rpartition("\n")[2] if "\n" in head else "  "
    for entry in entries:
        items, array = _list(config, entry)
        ends = [array.start + 1, *(item.end for item in array.items)]
        starts = [*(item.start for item in array.items), array.end - 1]
        for item, end, start in zip([None, *items], ends, starts, strict=True):
            # A comment behind an item is the item's; others have a line of their own.
            first, *others = source[end:start].split("\n")
            if "#" in first:
                given = [] if item is None else [item]
                joined.add_line(*given, indent=indent, comment=_words(first))
            elif item is not None:
                joined.append(item)
            for line in others:
                if "#" in line:
                    joined.add_line(indent=indent, comment=_words(line))
    message = "the lists of the allowlists below are joined"
    text = joined.as_string()
    if "\r" in source and not re.search(r"(?<!\r)\n", source):
        text = re.sub(r"(?<!\r)\n", "\r\n", text)
    return TextEdit(into.start, into.end, text, message)


def _list(config: GitleaksConfig, entry: KeyValue) -> tuple[TomlArray, Array]:
    import tomlkit

    array = entry.value
    if not isinstance(array, Array):
        raise CannotRewriteError(entry, "write it as a list first")
    try:
        read = tomlkit.value(config.document.text[array.start : array.end])
    except tomlkit.exceptions.TOMLKitError as error:
        raise CannotRewriteError(entry, f"tomlkit cannot read this list: {error}") from error
    return cast("TomlArray", read), array


def _words(line: str) -> str:
    return line.partition("#")[2].strip()


def _line_out(config: GitleaksConfig, entry: KeyValue, message: str) -> TextEdit:
    """The key and its value go; a comment behind them stays."""
    source = config.document.text
    end = entry.value.end
    follows = source[end : source.find("\n", end) if "\n" in source[end:] else len(source)]
    if not follows.strip():
        end += len(follows)
        if source.startswith("\n", end) and source.rfind("\n", 0, entry.start) >= 0:
            start = source.rfind("\n", 0, entry.start) + 1
            return TextEdit(start, end + 1, "", message)
    return TextEdit(entry.start, end, "", message)


def _commented(config: GitleaksConfig, entry: KeyValue) -> TextEdit:
    if "\n" in config.document.text[entry.start : entry.value.end]:
        raise CannotRewriteError(entry, "a second description over several lines")
    return TextEdit(entry.start, entry.start, "# ", "a second description becomes a comment")


def _adjacent(config: GitleaksConfig, before: Table, after: Table) -> bool:
    between = config.document.text[before.end : after.start]
    return not re.search(r"^[ \t]*\[", _without_lists(before, between, config), re.MULTILINE)


def _without_lists(table_: Table, between: str, config: GitleaksConfig) -> str:
    """The text between two headers without the values in it, so that only headers keep brackets."""
    parts: list[str] = []
    position = table_.end
    for entry in sorted(table_.entries.values(), key=lambda e: e.value.start):
        if entry.value.start >= position:
            parts.append(config.document.text[position : entry.value.start])
            position = entry.value.end
    end = table_.end + len(between)
    return "".join((*parts, config.document.text[position:end]))


def _grouped(config: GitleaksConfig, text: TomlScalar) -> Iterator[TextEdit]:
    source = config.document.text[text.start : text.end]
    quote = next(q for q in ("'''", '"""', "'", '"') if source.startswith(q))
    message = "the flag is kept to its pattern: from 8.28.0 on patterns are joined"
    opening = text.start + len(quote)
    yield TextEdit(opening, opening, "(?:", message)
    yield TextEdit(text.end - len(quote), text.end - len(quote), ")", message)
