"""The site's navigation: what mkdocs.yml says, with the rules' pages by family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evalpolicy.rules import FAMILIES, family

RULES = "rules/index.md"
AWAITED = frozenset({"replay.md"})
"""Guides that have their place and are still being written; each is shown once it is there."""

_DOCS = Path(__file__).parents[1] / "docs"


def filled(nav: list[Any]) -> list[Any]:
    """The navigation with every rule's page behind the index of the rules."""
    return [_filled(item) for item in nav if not _awaited(item)]


def _awaited(item: Any) -> bool:
    page = next(iter(item.values())) if isinstance(item, dict) else item
    return isinstance(page, str) and page in AWAITED and not (_DOCS / page).is_file()


def _filled(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    [(title, value)] = item.items()
    if value == RULES:
        return {title: [RULES, *families()]}
    return {title: filled(value) if isinstance(value, list) else value}


def families() -> list[dict[str, list[dict[str, str]]]]:
    return [
        {f"{letters} {name}": [{f"{r.id} {r.name}": f"rules/{r.id}.md"} for r in family(letters)]}
        for letters, (name, _) in FAMILIES.items()
    ]
