"""Mutants: the source of a module with one small fault in it."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
# Nothing in them decides anything while the program runs.
_FOR_TYPES = ("TYPE_CHECKING", "TypeVar", "Literal", "cast", "__all__", "TypeAlias")
_FOR_PEOPLE = ("__repr__",)


class Mutant(NamedTuple):
    """One fault: `start` to `end` (offsets in bytes) of the file becomes `text`.

    It changes the lines `first` to `last`; `imported` if they run when the module is imported.
    """

    path: str
    start: int
    end: int
    text: str
    operator: str
    first: int
    last: int
    imported: bool

    def applied(self, content: bytes) -> bytes:
        return content[: self.start] + self.text.encode() + content[self.end :]


def mutants(root: Path, path: str) -> Iterator[Mutant]:
    """Every mutant of one module, in the order of its source."""
    content = (root / path).read_bytes()
    offsets = [0]
    for line in content.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    for node, statement, imported in _places(ast.parse(content)):
        for changed, operator, text in _changes(node):
            ends = changed.end_lineno or changed.lineno
            start = offsets[changed.lineno - 1] + changed.col_offset
            end = offsets[ends - 1] + (changed.end_col_offset or 0)
            last = statement.lineno if isinstance(changed, ast.stmt) else ends
            yield Mutant(path, start, end, text, operator, statement.lineno, last, imported)


def _places(tree: ast.Module) -> Iterator[tuple[ast.stmt | ast.expr, ast.stmt, bool]]:
    """Every node that may be changed, its statement, and whether it runs on import."""
    waiting: list[tuple[ast.AST, ast.stmt | None, bool]] = [(tree, None, True)]
    while waiting:
        node, statement, imported = waiting.pop()
        if _left_out(node):
            continue
        if isinstance(node, ast.stmt):
            statement = node
        if isinstance(node, (ast.stmt, ast.expr)) and statement is not None:
            yield node, statement, imported
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns"):
                continue
            inner = imported and not (isinstance(node, ast.FunctionDef) and name == "body")
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    waiting.append((child, statement, inner))


def _left_out(node: ast.AST) -> bool:
    """Types, docstrings, asserts (they are there for mypy), and words to people."""
    if isinstance(node, (ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.FunctionDef) and node.name in _FOR_PEOPLE:
        return True
    head: ast.AST | None = None
    if isinstance(node, ast.If):
        head = node.test
    elif isinstance(node, ast.Call):
        head = node.func
    elif isinstance(node, ast.Subscript):
        head = node.value
    elif isinstance(node, ast.AnnAssign):
        head = node.annotation
    elif isinstance(node, ast.Assign):
        head = node.targets[0]
    return isinstance(head, ast.Name) and head.id in _FOR_TYPES


def _changes(node: ast.stmt | ast.expr) -> Iterator[tuple[ast.stmt | ast.expr, str, str]]:
    """The node to be changed (the condition of one that branches), the operator, the new source."""
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        yield node.test, "condition", f"(not ({ast.unparse(node.test)}))"
    yield from ((node, operator, text) for operator, text in _faults(node))


def _faults(node: ast.stmt | ast.expr) -> Iterator[tuple[str, str]]:
    """The name of the operator, and the source that takes the node's place."""
    match node:
        case ast.Compare():
            for number, operator in enumerate(node.ops):
                changed = copy.deepcopy(node)
                changed.ops[number] = _COMPARISONS[type(operator)]()
                yield "comparison", f"({ast.unparse(changed)})"
        case ast.BoolOp():
            other = copy.deepcopy(node)
            other.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "and/or", f"({ast.unparse(other)})"
        case ast.UnaryOp(op=ast.Not()):
            yield "not", f"({ast.unparse(node.operand)})"
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            sum = copy.deepcopy(node)
            sum.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            yield "+/-", f"({ast.unparse(sum)})"
        case ast.Constant(value=bool()):
            yield "constant", repr(not node.value)
        case ast.Constant(value=int() as number):
            yield "constant", repr(number + 1)
            yield "constant", f"({number - 1})"
        case ast.Constant(value=str() | bytes() as text) if text and len(text.split()) < 2:
            yield "constant", repr(text[:0])
        case ast.Slice():
            if node.lower is not None:
                yield "slice", f":{ast.unparse(node.upper) if node.upper else ''}"
            if node.upper is not None:
                yield "slice", f"{ast.unparse(node.lower) if node.lower else ''}:"
        case ast.Call():
            for number, keyword in enumerate(node.keywords):
                if keyword.arg is not None:
                    fewer = copy.deepcopy(node)
                    del fewer.keywords[number]
                    yield "keyword", ast.unparse(fewer)
        case ast.Return():
            if node.value is None:
                yield "return", "pass"
            elif not (isinstance(node.value, ast.Constant) and node.value.value is None):
                yield "return", "return None"
        case ast.Break():
            yield "loop", "continue"
        case ast.Continue():
            yield "loop", "break"
        case ast.If(orelse=[]):
            yield "if", "pass"
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield "statement", "pass"


def chosen(root: Path, paths: list[str], number: int, seed: int) -> list[Mutant]:
    """`number` mutants of the modules at (or in the folders) `paths`.

    Drawn are pairs of a statement and an operator, so that a table of a hundred words counts as
    one, and of each pair one mutant. Each pair is ranked by a digest of the seed, the module's
    name, its line and the operator: a change elsewhere, or a module that moves, changes no other.
    """
    files = [
        file
        for path in paths
        for file in ([root / path] if path.endswith(".py") else sorted((root / path).rglob("*.py")))
    ]
    ranked: list[tuple[bytes, list[Mutant]]] = []
    for file in files:
        pairs: dict[tuple[int, str], list[Mutant]] = {}
        for mutant in mutants(root, file.relative_to(root).as_posix()):
            pairs.setdefault((mutant.first, mutant.operator), []).append(mutant)
        lines = file.read_text("utf-8").split("\n")
        alike: Counter[tuple[str, str]] = Counter()
        for (first, operator), of_pair in sorted(pairs.items()):
            words = (lines[first - 1].strip(), operator)
            alike[words] += 1
            digest = _digest(seed, file.name, *words, alike[words])
            ranked.append((digest, of_pair))
    ranked.sort(key=lambda one: one[0])
    return [
        min(of_pair, key=lambda mutant: _digest(seed, mutant.text, mutant.start - of_pair[0].start))
        for _, of_pair in ranked[:number]
    ]


def _digest(*words: object) -> bytes:
    return sha256("\0".join(map(str, words)).encode()).digest()
