"""Writes down which rules there are, so that a run imports only the families that it calls.

`index.py` follows from the families' modules; `python -m docsite.hook_files` writes it with the
rest, and a test holds it to them.
"""

from __future__ import annotations

from importlib import import_module

from evalpolicy.policy.rule import Rule
from evalpolicy.rules import FAMILIES, PACKAGE

PATH = "src/evalpolicy/rules/index.py"

_HEAD = '''\
"""Which rules there are: written by `python -m docsite.hook_files`, not by hand.

A row is (id, name, severity, facts that it needs, whether it is on, module, function).
"""

from __future__ import annotations

from evalpolicy.policy.rule import Severity

Row = tuple[str, str, Severity, str, bool, str, str]

INDEX: dict[str, tuple[Row, ...]] = {
'''


def written(letters: str) -> tuple[Rule, ...]:
    """A family's rules as its module holds them, by id."""
    module = import_module(f"{PACKAGE}.{FAMILIES[letters][1]}")
    found = (getattr(value, "rule", None) for value in vars(module).values())
    return tuple(sorted((r for r in found if isinstance(r, Rule)), key=lambda r: r.id))


def text() -> str:
    """The whole of `index.py`."""
    lines = [_HEAD]
    for letters in FAMILIES:
        lines.append(f'    "{letters}": (\n')
        for rule in written(letters):
            module = rule.function.__module__.removeprefix(f"{PACKAGE}.")
            named = f'        ("{rule.id}", "{rule.name}", "{rule.severity}",'
            needs = f'"{" ".join(rule.needs)}", {rule.default},'
            gap = " " if len(f"{named} {needs}") <= 100 else "\n         "
            place = f'         "{module}", "{rule.function.__name__}"),'
            lines.append(f"{named}{gap}{needs}\n{place}\n")
        lines.append("    ),\n")
    lines.append("}  # fmt: skip\n")
    return "".join(lines)
