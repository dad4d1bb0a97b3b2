"""What a Python program fetches: the URLs of its strings, and the calls that load a data set.

Of a program that this Python cannot parse only the URLs are read, line by line.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate
from warnings import catch_warnings, simplefilter

from evalpolicy.artifacts.moving_data.commands import Downloads, hub_fetch
from evalpolicy.artifacts.moving_data.model import Fetch, Program, expanded
from evalpolicy.artifacts.moving_data.urls import fetch_of, in_text, moving_urls
from evalpolicy.artifacts.revisions import moves
from evalpolicy.artifacts.syntax.shell.reader import parse as parse_shell
from evalpolicy.artifacts.syntax.source import Span

_HINTS = re.compile(r"://|refs|load_dataset|hf_dataset|snapshot_download|hf_hub|\bgit\b|download")
_LOADS = frozenset(
    ("load_dataset", "load_dataset_builder", "hf_dataset", "snapshot_download", "hf_hub_download",
     "hf_hub_url")
)  # fmt: skip
# The formats that `load_dataset` reads from files of one's own.
_FORMATS = frozenset(
    ("json", "csv", "parquet", "text", "arrow", "xml", "pandas", "sql", "webdataset", "imagefolder",
     "audiofolder", "videofolder", "pdffolder", "spark", "generator")
)  # fmt: skip
_NAMES_IT = ("repo_id", "path")
_SHELLS = frozenset(("system", "run", "call", "check_call", "check_output", "Popen", "getoutput"))
_PROGRAMS = (["git"], ["hf"], ["huggingface-cli"], ["cd"])
_UNKNOWN = "{}"
# Strings that are put together double quickly (characters).
_LONGEST = 1 << 20


def in_python(program: Program, downloads: Downloads) -> Iterator[Fetch]:
    if not _HINTS.search(program.text):
        return
    try:
        with catch_warnings():
            simplefilter("ignore")  # what Python thinks of its escapes
            tree = ast.parse(program.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield from in_text(program)
        return
    try:
        found = list(_ProgramReading(program, tree).fetches(tree, downloads))
    except RecursionError:  # a sum of thousands of parts
        found = list(in_text(program))
    yield from found


class _ProgramReading:
    """One program: what its names are known to hold, and where its nodes stand."""

    def __init__(self, program: Program, tree: ast.Module) -> None:
        self._program = program
        self._lines = program.text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._known = _assigned_once(tree)
        self._texts: dict[int, str | None] = {}
        self._bytes: dict[int, list[int] | None] = {}

    def fetches(self, tree: ast.Module, downloads: Downloads) -> Iterator[Fetch]:
        commands: list[tuple[tuple[int, int], list[str], ast.expr]] = []
        within: set[int] = set()
        for node in ast.walk(tree):
            if id(node) in within:
                within.update(map(id, ast.iter_child_nodes(node)))
                continue
            match node:
                case ast.Expr(value=ast.Constant() as documentation):
                    within.add(id(documentation))
                case ast.Constant(value=str()) | ast.JoinedStr() | ast.BinOp():
                    if (text := self._text(node)) is not None:
                        within.update(map(id, ast.iter_child_nodes(node)))
                        yield from self._urls(node, text)
                case ast.Call():
                    yield from self._load(node)
                    commands += self._commands(node)
                case ast.List() | ast.Tuple():
                    words = [self._text(each) or _UNKNOWN for each in node.elts]
                    commands.append(((node.lineno, node.col_offset), words, node))
        for _, words, node in sorted(commands, key=lambda each: each[0]):
            if words[:1] in _PROGRAMS:
                yield from downloads.of_words(self._program, words, self._span(node))

    def _urls(self, node: ast.expr, text: str) -> Iterator[Fetch]:
        start, end = self._range(node)
        at = start
        for url in moving_urls(text, self._program.values):
            # What is put together from parts stands nowhere as it is.
            at = self._program.text.find(url.shown, at, end) if at >= 0 else at
            where = (start, end) if at < 0 else (at, at + len(url.shown))
            yield fetch_of(self._program, url, *where)

    def _commands(self, node: ast.Call) -> Iterator[tuple[tuple[int, int], list[str], ast.expr]]:
        """`os.system("git clone …")`."""
        if _called(node) in _SHELLS and node.args:
            line = node.args[0]
            text = self._text(line) if isinstance(line, ast.Constant | ast.JoinedStr) else None
            for number, command in enumerate(parse_shell(text or "").commands):
                yield (node.lineno, node.col_offset + number), list(command.text), node

    def _load(self, node: ast.Call) -> Iterator[Fetch]:
        """`load_dataset("owner/name", revision="…")`."""
        name = _called(node)
        if name not in _LOADS:
            return
        given = {each.arg: each.value for each in node.keywords}
        if None in given:  # **options
            return
        first = next((given[key] for key in _NAMES_IT if key in given), None)
        first = node.args[0] if node.args else first
        dataset = None if first is None else self._text(first)
        if dataset is None or _UNKNOWN in dataset or dataset in _FORMATS:
            return
        if dataset.startswith((".", "/", "~", "hf://")) or dataset.endswith((".py", ".json")):
            return
        revision = self._revision(given.get("revision"))
        if moves(revision):
            pinned = f"{name}({dataset!r}, …, revision='{{revision}}')"
            yield hub_fetch(self._program, self._span(node), dataset, revision, pinned)

    def _revision(self, node: ast.expr | None) -> str:
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return ""
        text = self._text(node)
        return _UNKNOWN if text is None else expanded(text, self._program.values)

    def _text(self, node: ast.expr) -> str | None:
        """What a string comes to, `{}` for what is not known of it; None for no string."""
        if id(node) not in self._texts:
            self._texts[id(node)] = None  # a name that rests on itself
            text = self._read(node)
            self._texts[id(node)] = None if text is None or len(text) > _LONGEST else text
        return self._texts[id(node)]

    def _read(self, node: ast.expr) -> str | None:
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.JoinedStr(values=values):
                return "".join(self._text(value) or _UNKNOWN for value in values)
            case ast.FormattedValue(value=value):
                return self._text(value)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                sides = self._text(left), self._text(right)
                return None if sides == (None, None) else "".join(s or _UNKNOWN for s in sides)
            case ast.Name(id=name) if name in self._known:
                return self._text(self._known[name])
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=name)):
                return self._program.values(str(name))
            case ast.Call(func=ast.Attribute(attr="get" | "getenv"), args=[key, *default]):
                asked = self._program.values(self._text(key) or "")
                return asked or (self._text(default[0]) if default else None)
        return None

    def _range(self, node: ast.expr) -> tuple[int, int]:
        """The node's offsets; `ast` counts columns in bytes of UTF-8."""
        start = self._offset(node.lineno, node.col_offset)
        return start, self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def _offset(self, line: int, column: int) -> int:
        number = min(line, len(self._lines)) - 1  # Python ends lines at a carriage return, too
        if number not in self._bytes:
            text = self._lines[number]
            lengths = (len(letter.encode("utf-8", "surrogatepass")) for letter in text)
            self._bytes[number] = None if text.isascii() else [0, *accumulate(lengths)]
        ends = self._bytes[number]
        return self._starts[number] + (column if ends is None else bisect_left(ends, column))

    def _span(self, node: ast.expr) -> Span:
        return self._program.span(*self._range(node))


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _assigned_once(tree: ast.Module) -> Mapping[str, ast.expr]:
    """The names that one assignment sets and nothing else: no loop, no parameter."""
    times: Counter[str] = Counter()
    values: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                times[name] += 1
            case ast.arg(arg=name):
                times[name] += 2
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                values[name] = value
    return {name: value for name, value in values.items() if times[name] == 1}
