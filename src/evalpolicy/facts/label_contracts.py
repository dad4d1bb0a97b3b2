"""The contracts of a fleet's labels, and how each unit violates them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from evalpolicy.config.reading import Config
from evalpolicy.errors import UsageError
from evalpolicy.fleet.units import Role, Unit
from evalpolicy.matching.json_schema import Violation, check_schema, violations
from evalpolicy.matching.re2 import matches
from evalpolicy.matching.shipped import schema
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.cache import Cache, key
from evalpolicy.snapshot.tracing import remembered

if TYPE_CHECKING:
    from evalpolicy.facts.in_force import InForce
    from evalpolicy.fleet.unit_context import UnitContext

# A gateway's image is not labelled in the reference fleet: it has no separate contract.
_ROLES_WITH_CONTRACT: tuple[Role, ...] = ("benchmark", "agent", "model", "core")
_SCHEMA_LIMIT = 4 << 20


class Breach(NamedTuple):
    """How one unit's labels violate their contract, by kind of violation."""

    missing: tuple[str, ...]
    empty: tuple[str, ...]
    invalid: tuple[tuple[str, Violation], ...]


def is_supplied(names: tuple[str, ...], unit_context: UnitContext) -> bool:
    """Whether there are unresolved variables, and the build supplies them all."""
    return bool(names) and unit_context.supplied_args.issuperset(names)


def contracts_in_force(
    config: Config, snapshot: Snapshot, policy: InForce, cache: Cache
) -> Contracts:
    """The contracts of the policy in force: where a base judges, they are read there."""
    return Contracts(config, policy.state if policy.origin == "base" else snapshot, cache)


class Contracts:
    """The label contract of each role: the fleet's own where configuration names one.

    Raises `UsageError` for a contract that is absent or is not a JSON Schema.
    """

    def __init__(self, config: Config, snapshot: Snapshot, cache: Cache) -> None:
        self._cache = cache
        self._config = config
        self._snapshot = snapshot

    @cached_property
    def schemas(self) -> Mapping[Role, bytes]:
        return {role: self._schema(role) for role in _ROLES_WITH_CONTRACT}

    @cached_property
    def known_keys(self) -> frozenset[str]:
        """Every key that any contract declares by name."""
        return frozenset(k for d in self._documents.values() for k in d.get("properties", {}))

    def knows(self, key: str) -> bool:
        """Whether any contract has a constraint on this key."""
        return key in self.known_keys or any(matches(p, key) for p in self._key_patterns)

    @cached_property
    def id(self) -> str:
        """Equal as long as no contract changed."""
        return key(sorted(self.schemas.items()))

    def breach(self, unit: Unit, unit_context: UnitContext) -> Breach:
        """The unit's violations; values that only the build supplies violate nothing."""
        return remembered(unit_context.known, self, partial(self._breach, unit, unit_context))

    def _breach(self, unit: Unit, unit_context: UnitContext) -> Breach:
        role: Role | None = unit.role
        if role not in self.schemas:
            kind = unit.value("eval.type")
            role = next((r for r in _ROLES_WITH_CONTRACT if r == kind), None)
        elif role == "core" and unit.placed and "eval.type" not in unit.labels:
            # Not every image of the core is a base; one without labels claims nothing.
            role = None
        if role is None:
            return Breach((), (), ())
        values = {key: label.value for key, label in unit.labels.items()}
        unknown = {k for k, lb in unit.labels.items() if is_supplied(lb.unresolved, unit_context)}
        found = self._violations(role, values, unknown)
        missing = tuple(v.key for v in found if v.keyword == "required" and v.key is not None)
        required = self.required(role, unit)
        empty = tuple(name for name in required if name not in unknown)
        invalid = tuple(
            (str(v.path[0]), v) for v in found if len(v.path) == 1 and str(v.path[0]) not in empty
        )
        return Breach(missing, empty, invalid)

    def required(self, role: Role, unit: Unit) -> tuple[str, ...]:
        """The keys that the contract would miss if the unit lost all labels but its present ones.

        A contract may require a key only in some cases (`if`, `then`, `else`): each present key
        is taken away in turn, and is required if the contract then misses it.
        """
        values = {key: label.value for key, label in unit.labels.items()}
        found = []
        for name in values:
            # What the contract never names it cannot require; the rest is judged key by key.
            if values[name].strip() or name not in self._named[role]:
                continue
            rest = {k: v for k, v in values.items() if k != name}
            without = self._violations(role, rest, set())
            if any(v.keyword == "required" and v.key == name for v in without):
                found.append(name)
        return tuple(found)

    def _violations(
        self, role: Role, values: Mapping[str, str], unjudged: Set[str]
    ) -> list[Violation]:
        """What the role's contract rejects: from the cache, so that the validator stays unloaded
        while labels do not change."""
        known = key("contract", self.id, role, sorted(values.items()), sorted(unjudged))
        row = self._cache.get(known, list[Violation])
        if row is not None:
            return row
        name = self._config.contracts.get(role)
        found = violations(self.schemas[role], values, name, unjudged)
        self._cache.put(known, [[v.path, v.keyword, v.message, v.key, v.expected] for v in found])
        return found

    @cached_property
    def _documents(self) -> Mapping[Role, Mapping[str, Any]]:
        found = {}
        for role, content in self.schemas.items():
            document = json.loads(content)
            found[role] = document if isinstance(document, dict) else {}
        return found

    @cached_property
    def _named(self) -> Mapping[Role, frozenset[str]]:
        """Every text in each contract: whatever it requires is among them."""
        return {role: frozenset(_texts(document)) for role, document in self._documents.items()}

    @cached_property
    def _key_patterns(self) -> tuple[str, ...]:
        return tuple(
            expression
            for document in self._documents.values()
            for expression in document.get("patternProperties", {})
        )

    def _schema(self, role: Role) -> bytes:
        path = self._config.contracts.get(role)
        if path is None:
            return schema(f"{role}-labels")
        try:
            content = self._snapshot.read(path, _SCHEMA_LIMIT)
        except Unreadable as reason:
            raise UsageError(f"contracts.{role}: {path}: {reason}") from reason
        check_schema(content, path)
        return content


def _texts(document: object) -> Iterator[str]:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
