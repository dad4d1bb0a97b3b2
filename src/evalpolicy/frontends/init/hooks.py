"""Adds the hook to `.pre-commit-config.yaml` as text, so that the rest keeps its formatting."""

from __future__ import annotations

import json
import shlex
from typing import Any

from evalpolicy import __version__
from evalpolicy.artifacts import pre_commit_config
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.artifacts.syntax.yaml_spans import YamlList, YamlMap, YamlNode, parse_yaml
from evalpolicy.frontends.init import LIMIT, NoProposal, Proposal

HOOKS_FILE = ".pre-commit-config.yaml"
REPOSITORY = "https://github.com/evalpolicy/evalpolicy"
_NEXT = "pre-commit install"


def propose(before: bytes | None, prefix: str) -> Proposal | NoProposal:
    """The hook for a fleet below `prefix` (empty, or ending in `/`)."""
    lines = snippet(prefix)
    why = "checks what each commit would contain"
    if before is None:
        after = "\n".join(["repos:", *(f"  {line}" for line in lines), ""])
        return Proposal(HOOKS_FILE, None, after.encode(), why, _NEXT)
    document = parse_yaml(before)
    if document.problem is not None or len(before) > LIMIT:
        return NoProposal(HOOKS_FILE, "cannot be read as YAML; add this by hand:", lines)
    if _has_hook(before):
        return NoProposal(HOOKS_FILE, "already has an evalpolicy hook")
    changed = insert(before.decode(), lines)
    if changed is None:
        return NoProposal(HOOKS_FILE, "has no list of repos to add to; add this by hand:", lines)
    return Proposal(HOOKS_FILE, before, changed.encode(), why, _NEXT)


def snippet(prefix: str = "") -> list[str]:
    """The lines of one repository with its hook, as an item of `repos`."""
    lines = [
        f"- repo: {REPOSITORY}",
        f"  rev: v{__version__}",
        "  hooks:",
        "    - id: evalpolicy",
    ]
    if prefix:
        entry = f"evalpolicy -C {shlex.quote(prefix.rstrip('/'))} check --staged"
        lines.append(f"      entry: {json.dumps(entry)}")
    return lines


def insert(text: str, lines: list[str]) -> str | None:
    """`text` with the item added to the end of `repos`; None if that cannot be done safely."""
    root = _read(text)
    repos = root.get("repos") if isinstance(root, YamlMap) else None
    if not isinstance(repos, YamlList) or not repos.items:
        return None
    column = repos.span.column - 1
    end = "\r\n" if "\r\n" in text else "\n"
    split = text.splitlines(keepends=True)
    if split[repos.span.line - 1][column] == "[":
        return None
    at = _behind(split, repos.items[-1].span, column)
    if split[at - 1][-1:] not in "\r\n":
        split[at - 1] += end
    added = [f"{' ' * column}{line}{end}" for line in lines]
    changed = "".join([*split[:at], *added, *split[at:]])
    return changed if _adds_one(text, changed, lines) else None


def _behind(split: list[str], last: Span, column: int) -> int:
    """The number of the line after an item, including its values and comments."""
    # A block ends where the next token starts, after blank lines and comments.
    at = min(last.end_line if last.end_column > 1 else last.end_line - 1, len(split))
    while at > last.line and _is_loose(split[at - 1], column):
        at -= 1
    return at


def _is_loose(line: str, column: int) -> bool:
    """A blank line, or a comment indented no deeper than the item's dash."""
    stripped = line.strip()
    return not stripped or (stripped[0] == "#" and len(line) - len(line.lstrip()) <= column)


def _adds_one(before: str, after: str, lines: list[str]) -> bool:
    """Whether the new text differs from the old one only by one more repository."""
    old, new = _read(before), _read(after)
    if not isinstance(old, YamlMap) or not isinstance(new, YamlMap):
        return False
    added = _value(_read("\n".join(lines)))
    expected = [(key, [*value, *added] if key == "repos" else value) for key, value in _value(old)]
    return bool(_value(new) == expected)


def _value(node: YamlNode | None) -> Any:
    """A node's value, without its position."""
    if isinstance(node, YamlMap):
        return [(entry.key, _value(entry.value)) for entry in node.entries]
    if isinstance(node, YamlList):
        return [_value(item) for item in node.items]
    return node and (node.text, node.tag)


def _read(text: str) -> YamlNode | None:
    return parse_yaml(text.encode()).root


def _has_hook(content: bytes) -> bool:
    return any(
        word is not None and word.text.startswith("evalpolicy")
        for repository in pre_commit_config.parse(content).repositories
        for hook in repository.hooks
        for word in (hook.id, hook.entry)
    )
