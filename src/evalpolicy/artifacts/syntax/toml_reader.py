"""Reads TOML 1.0 (toml.io) into values with positions, in one pass over the text."""

from __future__ import annotations

import re

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.artifacts.syntax.toml_spans import (
    Array,
    Deviation,
    DeviationKind,
    KeyValue,
    Table,
    TomlDocument,
    TomlScalar,
    Value,
)
from evalpolicy.artifacts.syntax.toml_tokens import (
    BARE_CARRIAGE,
    BARE_KEY,
    BLANK,
    CONTROL,
    DATE,
    ESCAPE,
    ESCAPED,
    FILL,
    FLOAT,
    FOLD,
    INTEGER,
    LAX_NUMBER,
    LINE_END,
    PLAIN_BASIC,
    PLAIN_LITERAL,
    SURROGATE,
    WORD,
    integer_of,
)

MAX_DEPTH = 200
"""Nesting that is still followed; beyond it the file counts as unreadable."""

MAX_VALUES = 250_000
"""Keys, tables and items that are still read; with more the file counts as unreadable."""


def parse_toml(content: bytes) -> TomlDocument:
    """Reads TOML; bad content becomes a `Problem` with its position, never an exception."""
    text = content.decode("utf-8", "surrogateescape")
    reader = _TomlReader(text)
    problem = None
    try:
        reader.read()
    except _TomlError as error:
        document = TomlDocument(text, reader.root)
        problem = Problem(error.message, document.span(error.start, max(error.end, error.start)))
    return TomlDocument(text, reader.root, tuple(reader.deviations), problem, reader.limited)


class _TomlError(Exception):
    def __init__(self, message: str, start: int, end: int | None = None) -> None:
        super().__init__(message)
        self.message, self.start, self.end = message, start, start + 1 if end is None else end


class _TomlReader:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = Table(0, 0, origin="root")
        self.deviations: list[Deviation] = []
        self.values = 0
        self.limited = False

    def read(self) -> None:
        position = 0
        if self.text.startswith("\ufeff"):
            self.deviate("bom", "the file starts with a byte order mark", 0, 1)
            position = 1
        self.note_characters()
        current = self.root
        end = len(self.text)
        while True:
            match = FILL.match(self.text, position)
            position = match.end() if match else position
            if position >= end:
                return
            if self.text[position] == "[":
                current, position = self.header(position)
            else:
                position = self.pair(current, position, 0)
            match = LINE_END.match(self.text, position)
            if match is None:
                raise _TomlError("something else follows on this line", position)
            position = match.end()

    def note_characters(self) -> None:
        told: tuple[tuple[re.Pattern[str], DeviationKind, str], ...] = (
            (SURROGATE, "not-utf-8", "a byte that is not UTF-8"),
            (CONTROL, "control-character", "a control character"),
            (BARE_CARRIAGE, "bare-carriage", "a carriage return without a line feed"),
        )
        for pattern, kind, message in told:
            if (match := pattern.search(self.text)) is not None:
                self.deviate(kind, message, match.start(), match.end())

    def deviate(self, kind: DeviationKind, message: str, start: int, end: int) -> None:
        self.deviations.append(Deviation(kind, message, start, end))

    def header(self, start: int) -> tuple[Table, int]:
        of_tables = self.text.startswith("[[", start)
        self.count(start)
        keys, position = self.key_path(start + (2 if of_tables else 1))
        closing = "]]" if of_tables else "]"
        if not self.text.startswith(closing, position):
            raise _TomlError(f"the header is not closed with {closing}", start, position)
        position += len(closing)
        table = self.root
        for key in keys[:-1]:
            table = self.descend(table, key, start, position)
        return self.open(table, keys[-1], start, position, of_tables), position

    def descend(self, table: Table, key: _Key, start: int, end: int) -> Table:
        entry = table.entries.get(key.name)
        if entry is None:
            made = Table(start, end)
            table.entries[key.name] = KeyValue(key.name, key.start, key.end, made)
            return made
        value = entry.value
        if isinstance(value, Array) and value.of_tables and value.items:
            value = value.items[-1]
        if not isinstance(value, Table) or value.origin == "inline":
            raise _TomlError(f"{key.name} is already a value, not a table", key.start, key.end)
        return value

    def open(self, table: Table, key: _Key, start: int, end: int, of_tables: bool) -> Table:
        entry = table.entries.get(key.name)
        opened = Table(start, end, origin="header")
        if of_tables:
            if entry is None:
                array = Array([opened], start, end, of_tables=True)
                table.entries[key.name] = KeyValue(key.name, key.start, key.end, array)
                return opened
            known = entry.value
            if not isinstance(known, Array) or not (known.of_tables or _all_tables(known)):
                raise _TomlError(f"{key.name} is already defined, but not as a list", start, end)
            if not known.of_tables:
                self.deviate("list-extended", f"{key.name} is already a list", start, end)
            known.items.append(opened)
            return opened
        if entry is None:
            table.entries[key.name] = KeyValue(key.name, key.start, key.end, opened)
            return opened
        known = entry.value
        if isinstance(known, Table) and known.origin == "implicit":
            known.origin, known.start, known.end = "header", start, end
            entry.start, entry.end = key.start, key.end
            return known
        if isinstance(known, Table) and known.origin in ("header", "dotted"):
            message = f"the table [{key.name}] is defined a second time"
            kind: DeviationKind = "dotted-table" if known.origin == "dotted" else "duplicate-table"
            self.deviate(kind, message, start, end)
            return known
        raise _TomlError(f"{key.name} is already defined", start, end)

    def pair(self, table: Table, start: int, depth: int) -> int:
        keys, position = self.key_path(start)
        self.count(start)
        if not self.text.startswith("=", position):
            raise _TomlError("a key without = and a value", start, position)
        position = _skip(BLANK, self.text, position + 1)
        value, end = self.value(position, depth)
        for key in keys[:-1]:
            inner = table.entries.get(key.name)
            if inner is None:
                made = Table(start, end, origin="dotted")
                table.entries[key.name] = KeyValue(key.name, key.start, key.end, made)
                table = made
            elif isinstance(inner.value, Table) and inner.value.origin in ("dotted", "implicit"):
                table = inner.value
            elif isinstance(inner.value, Table) and inner.value.origin == "header":
                message = f"{key.name} is already a table with a header"
                self.deviate("dotted-table", message, key.start, key.end)
                table = inner.value
            else:
                raise _TomlError(f"{key.name} is already defined", key.start, key.end)
        last = keys[-1]
        if last.name in table.entries:
            message = f"{last.name} is defined a second time"
            self.deviate("duplicate-key", message, last.start, last.end)
        table.entries[last.name] = KeyValue(last.name, last.start, last.end, value)
        return end

    def key_path(self, position: int) -> tuple[list[_Key], int]:
        keys: list[_Key] = []
        while True:
            position = _skip(BLANK, self.text, position)
            key = self.key(position)
            keys.append(key)
            position = _skip(BLANK, self.text, key.end)
            if not self.text.startswith(".", position):
                return keys, position
            if len(keys) >= MAX_DEPTH:
                raise _TomlError("the key is nested too deep", position)
            position += 1

    def key(self, position: int) -> _Key:
        if (match := BARE_KEY.match(self.text, position)) is not None:
            return _Key(match.group(), position, match.end())
        first = self.text[position : position + 1]
        if first in ('"', "'") and not self.text.startswith(first * 3, position):
            name, end = self.single_line(position, first)
            return _Key(name, position, end)
        raise _TomlError("a key is expected here", position)

    def value(self, start: int, depth: int) -> tuple[Value, int]:
        text = self.text
        first = text[start : start + 1]
        if first == '"':
            if (match := PLAIN_BASIC.match(text, start)) is not None:
                return TomlScalar("string", match.group(1), start, match.end()), match.end()
            return self.string(start, first)
        if first == "'":
            if (match := PLAIN_LITERAL.match(text, start)) is not None:
                return TomlScalar("string", match.group(1), start, match.end()), match.end()
            return self.string(start, first)
        if depth >= MAX_DEPTH:
            self.limited = True
            raise _TomlError(f"nested deeper than {MAX_DEPTH} levels", start)
        if first == "[":
            return self.array(start, depth + 1)
        if first == "{":
            return self.inline_table(start, depth + 1)
        return self.bare(start)

    def bare(self, start: int) -> tuple[Value, int]:
        if (match := DATE.match(self.text, start)) is not None:
            if len(match.group()) == len("2026-01-01") and match.end() < len(self.text):
                message = "a date without a time"
                self.deviate("local-date", message, start, match.end())
            return TomlScalar("datetime", match.group(), start, match.end()), match.end()
        word = WORD.match(self.text, start)
        if word is None:
            raise _TomlError("a value is expected here", start)
        written, end = word.group(), word.end()
        if written in ("true", "false"):
            return TomlScalar("boolean", written == "true", start, end), end
        if INTEGER.fullmatch(written):
            return TomlScalar("integer", integer_of(written), start, end), end
        if FLOAT.fullmatch(written):
            return TomlScalar("float", float(written.replace("_", "")), start, end), end
        lax = LAX_NUMBER.fullmatch(written)
        named = written if len(written) <= 40 else "this"
        if lax is None:
            raise _TomlError(f"{named} is not a TOML value", start, end)
        self.deviate("number-form", f"{named} is not a TOML number", start, end)
        if lax.group(1):
            return TomlScalar("float", float(written.replace("_", "")), start, end), end
        return TomlScalar("integer", integer_of(written), start, end), end

    def array(self, start: int, depth: int) -> tuple[Array, int]:
        items: list[Value] = []
        text, fill = self.text, FILL
        position = _skip(fill, text, start + 1)
        while not text.startswith("]", position):
            item, position = self.value(position, depth)
            items.append(item)
            self.count(start)
            position = _skip(fill, text, position)
            if text.startswith(",", position):
                position = _skip(fill, text, position + 1)
            elif not text.startswith("]", position):
                message = (
                    "the list is not closed" if position >= len(text) else "a comma is missing"
                )
                raise _TomlError(message, position if position < len(text) else start)
        return Array(items, start, position + 1), position + 1

    def inline_table(self, start: int, depth: int) -> tuple[Table, int]:
        table = Table(start, start + 1)
        position = self.inline_fill(start + 1)
        if not self.text.startswith("}", position):
            while True:
                position = self.inline_fill(self.pair(table, position, depth))
                if self.text.startswith("}", position):
                    break
                if not self.text.startswith(",", position):
                    raise _TomlError("the inline table is not closed", start, position)
                position = self.inline_fill(position + 1)
        table.end = position + 1
        table.origin = "inline"
        return table, table.end

    def count(self, start: int) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            self.limited = True
            raise _TomlError(f"not judged: more than {MAX_VALUES} keys and values", start)

    def inline_fill(self, position: int) -> int:
        end = _skip(FILL, self.text, position)
        if "\n" in self.text[position:end]:
            message = "an inline table over more than one line"
            self.deviate("inline-table-newline", message, position, end)
        return end

    def string(self, start: int, quote: str) -> tuple[TomlScalar, int]:
        if not self.text.startswith(quote * 3, start):
            value, end = self.single_line(start, quote)
            return TomlScalar("string", value, start, end), end
        body = start + 3
        closing = self.closing(body, quote)
        end = closing + 3
        while end < closing + 5 and self.text.startswith(quote, end):
            end += 1
        raw = self.text[body : end - 3]
        skipped = 2 if raw.startswith("\r\n") else 1 if raw.startswith("\n") else 0
        raw = raw[skipped:]
        if quote == '"':
            raw = self.unescape(raw, body + skipped, multiline=True)
        return TomlScalar("string", raw, start, end), end

    def closing(self, position: int, quote: str) -> int:
        while True:
            found = self.text.find(quote * 3, position)
            if found < 0:
                raise _TomlError("the string is not closed", position - 3, position)
            if quote == "'":
                return found
            slash = found
            while slash > position and self.text[slash - 1] == "\\":
                slash -= 1
            if (found - slash) % 2 == 0:
                return found
            position = found + 1

    def single_line(self, start: int, quote: str) -> tuple[str, int]:
        position = start + 1
        while True:
            found = self.text.find(quote, position)
            if found < 0:
                raise _TomlError("the string is not closed", start)
            if quote == "'" and (line_end := self.text.find("\n", start, found)) >= 0:
                message = "the string is not closed on its line"
                self.deviate("string-over-lines", message, start, line_end)
            elif (line_end := self.text.find("\n", start, found)) >= 0:
                raise _TomlError("the string is not closed on its line", start, line_end)
            if quote == "'":
                return self.text[start + 1 : found], found + 1
            before = self.text[start + 1 : found]
            if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
                return self.unescape(before, start + 1, multiline=False), found + 1
            position = found + 1

    def unescape(self, raw: str, offset: int, multiline: bool) -> str:
        if (match := CONTROL.search(raw)) is not None:
            at = offset + match.start()
            self.deviate("control-in-string", "a control character in a string", at, at + 1)
        if "\\" not in raw:
            return raw
        parts: list[str] = []
        position = 0
        while (slash := raw.find("\\", position)) >= 0:
            parts.append(raw[position:slash])
            if (match := ESCAPE.match(raw, slash)) is not None:
                short, four, eight = match.groups()
                code = int(four or eight, 16) if four or eight else 0
                at = offset + slash
                if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                    message = "an escape that is not a Unicode character"
                    self.deviate("surrogate-escape", message, at, at + len(match.group()))
                    code = 0xFFFD
                elif short == "e":
                    self.deviate("short-escape", "an escape of TOML 1.1", at, at + 2)
                parts.append(ESCAPED[short] if short else chr(code))
            elif multiline and (match := FOLD.match(raw, slash)) is not None:
                pass
            else:
                raise _TomlError("an escape that TOML does not define", offset + slash,
                                 offset + slash + 2)  # fmt: skip
            position = match.end()
        parts.append(raw[position:])
        return "".join(parts)


def _all_tables(array: Array) -> bool:
    return all(isinstance(item, Table) for item in array.items)


class _Key(Struct, frozen=True):
    name: str
    start: int
    end: int


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
