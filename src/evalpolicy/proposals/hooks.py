"""The hook in `.pre-commit-config.yaml`, put in as text: what stands there keeps its form."""

from __future__ import annotations

import json
import shlex
from typing import Any

from evalpolicy import __version__
from evalpolicy.proposals import LIMIT, Proposal, Settled

HOOKS_FILE = ".pre-commit-config.yaml"
REPOSITORY = "https://github.com/evalpolicy/evalpolicy"
_NEXT = "pre-commit install"


def propose(before: bytes | None, prefix: str) -> Proposal | Settled:
    """The hook for a fleet below `prefix` (empty, or ending in `/`)."""
    lines = snippet(prefix)
    why = "checks at each commit what it would hold"
    if before is None:
        after = "\n".join(["repos:", *(f"  {line}" for line in lines), ""])
        return Proposal(HOOKS_FILE, None, after.encode(), why, _NEXT)
    try:
        text = before.decode("utf-8")
        document = _load(text) if len(before) <= LIMIT else None
    except ValueError:
        return Settled(HOOKS_FILE, "it cannot be read as YAML; put in by hand:", lines)
    if document is not None and _has_hook(document):
        return Settled(HOOKS_FILE, "it has a hook of evalpolicy")
    changed = insert(text, lines) if document is not None else None
    if changed is None:
        return Settled(HOOKS_FILE, "it has no list of repos to add to; put in by hand:", lines)
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
    """`text` with the item behind the last of `repos`; None where that is not safely done."""
    import yaml

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return None
    repos = next((value for key, value in root.value if key.value == "repos"), None)
    if not isinstance(repos, yaml.SequenceNode) or repos.flow_style or not repos.value:
        return None
    column = repos.start_mark.column
    end = "\r\n" if "\r\n" in text else "\n"
    split = text.splitlines(keepends=True)
    at = _behind(split, repos.value[-1], column)
    if split[at - 1][-1:] not in "\r\n":
        split[at - 1] += end
    added = [f"{' ' * column}{line}{end}" for line in lines]
    changed = "".join([*split[:at], *added, *split[at:]])
    return changed if _adds_one(text, changed, lines) else None


def _behind(split: list[str], last: Any, column: int) -> int:
    """The number of the line behind an item: its values, and the comments that belong to it."""
    mark = last.end_mark
    at: int = mark.line + (1 if mark.column else 0)
    # The end of a block is where the next token starts, behind blank lines and comments.
    at = min(at, len(split))
    while at > last.start_mark.line + 1 and _is_loose(split[at - 1], column):
        at -= 1
    return at


def _is_loose(line: str, column: int) -> bool:
    """A blank line, or a comment that stands no deeper than the item's dash."""
    stripped = line.strip()
    return not stripped or (stripped[0] == "#" and len(line) - len(line.lstrip()) <= column)


def _adds_one(before: str, after: str, lines: list[str]) -> bool:
    """Whether the new text is the old one with one more repository, and nothing else."""
    try:
        old, new = _load(before), _load(after)
        [item] = _load("\n".join(lines))
    except ValueError:
        return False
    return bool(new == {**old, "repos": [*old["repos"], item]})


def _load(text: str) -> Any:
    """YAML's values. Raises `ValueError` for what is none."""
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("not YAML") from error


def _has_hook(document: Any) -> bool:
    repos = document.get("repos") if isinstance(document, dict) else None
    for item in repos if isinstance(repos, list) else ():
        hooks = item.get("hooks") if isinstance(item, dict) else None
        for hook in hooks if isinstance(hooks, list) else ():
            words = [hook.get("id"), hook.get("entry")] if isinstance(hook, dict) else []
            if any(isinstance(word, str) and word.startswith("evalpolicy") for word in words):
                return True
    return False
