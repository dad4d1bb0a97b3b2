"""At which level each rule is configured."""

from __future__ import annotations

from evalpolicy.config.reading import Config, Level
from evalpolicy.errors import UsageError
from evalpolicy.policy.selection import KnownRules, UndecidedError, matching


def levels_of(config: Config, known: KnownRules) -> dict[str, Level]:
    """The configured level of each rule, by id. A rule outranks its family, whatever the order.

    Raises `UsageError` for a selector that stands for nothing.
    """
    found: dict[str, Level] = {}
    named: dict[str, Level] = {}
    for selector, level in config.levels.items():
        try:
            meant = matching(selector, known)
        except UndecidedError:
            continue
        except UsageError as error:
            where = f"{config.source}:{config.levels_lines.get(selector, 1)}"
            raise UsageError(f"{where}: [rules]: {error}") from error
        (named if len(meant) == 1 else found).update({rule.id: level for rule in meant})
    return {**found, **named}
