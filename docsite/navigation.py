"""The site's navigation: the content of mkdocs.yml, with the rules' pages by family."""

from __future__ import annotations

from typing import Any

from evalpolicy.rules import FAMILIES, family

RULES = "rules/index.md"


def filled(nav: list[Any]) -> list[Any]:
    """The navigation with every rule's page behind the index of the rules."""
    return [_filled(item) for item in nav]


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
