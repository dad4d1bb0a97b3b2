"""Rules of other packages: the entry points of the group `evalpolicy.rules`.

An entry point is a family: its name is the family's, its value the module that holds the rules.
Only those that the fleet's configuration names are looked for. What judges a fleet is then a
matter of its own files and not of what else is installed, a plug-in that is missing is noticed,
and a run without plug-ins pays nothing: to read the entry points of 54 packages takes 40 ms.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.errors import PASSED, described
from evalpolicy.policy.fix import Fix
from evalpolicy.policy.rule import SEVERITIES, Failure, Hit, Plugin, Rule
from evalpolicy.rules import FAMILIES, all_rules
from evalpolicy.rules.rule_set import Family, RuleSet

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

GROUP = "evalpolicy.rules"
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
"""What names a family, and a rule."""

_OF_UNITS = frozenset({"unit", "unit_context", "contracts"})
_OF_DOCKERFILES = frozenset({"dockerfile", "place", "layout"})


class PluginError(Exception):
    """One plug-in cannot be used. The message is the reason."""


@cache
def load(names: tuple[str, ...]) -> RuleSet:
    """The built-in rules and those of the plug-ins with these names, in their order.

    What cannot be loaded is left out, and `RuleSet.missing` states why. Raises nothing.
    """
    families: list[Family] = []
    missing: list[str] = []
    for name in names:
        try:
            family = _family(name)
            accept(family, families)
        except PluginError as reason:
            missing.append(f"plug-in {name}: {reason}")
        else:
            families.append(family)
    return RuleSet(tuple(families), tuple(missing))


def run(
    rule: Rule, given: Callable[[], Mapping[str, object]], path: str | None
) -> Iterator[Hit | Failure]:
    """What a rule of a plug-in finds (see `rule_runs.run`), held to what a hit has to be."""
    try:
        for hit in rule.function(**given()):
            _accept_hit(hit, path)
            yield hit
    except PASSED:
        raise
    # Also SystemExit, which would end the run as if it were clean.
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever foreign code raises
        why = str(error) if isinstance(error, PluginError) else described(error)
        yield Failure(rule, path, why)


def _accept_hit(hit: object, path: str | None) -> None:
    """Raises `PluginError` for what reporters and the cache could not do with."""
    if not isinstance(hit, Hit):
        raise PluginError(f"it yielded a {type(hit).__name__}: a rule yields Hit(path, message, …)")
    for name in ("path", "message", "help", "subject", "about", "cause"):
        if not isinstance(getattr(hit, name), str):
            raise PluginError(f"the {name} of a hit is a {type(getattr(hit, name)).__name__}")
    if not hit.message:
        raise PluginError("a hit has no message")
    parts = hit.path.split("/")
    if "" in parts or ".." in parts or "." in parts:
        raise PluginError(f"{hit.path!r} is not a path from the fleet's root")
    if path is not None and hit.path != path:
        raise PluginError(
            f"a hit in {hit.path}, but the rule was called for {path}: one that reports in other "
            "files has to ask for the fleet"
        )
    if hit.severity is not None and hit.severity not in SEVERITIES:
        raise PluginError(f"{hit.severity!r} is not a severity: {', '.join(SEVERITIES)}")
    span = hit.span
    if not isinstance(span, Span) or not all(type(n) is int and n > 0 for n in span):
        raise PluginError(f"{span!r} is not a span: lines and columns count from 1")
    if (span.end_line, span.end_column) < (span.line, span.column):
        raise PluginError(f"{span!r} ends before it begins")
    if hit.fix is not None and not isinstance(hit.fix, Fix):
        raise PluginError(f"the fix of a hit is a {type(hit.fix).__name__}")


def _family(name: str) -> Family:
    point = _entry_point(name)
    module = _imported(point)
    plugin = _plugin(name, point, module)
    found = (getattr(value, "rule", None) for value in vars(module).values())
    # One rule may have two names in its module.
    rules = sorted({id(r): r for r in found if isinstance(r, Rule)}.values(), key=lambda r: r.id)
    if not rules:
        raise PluginError(f"{module.__name__} contains no rule: decorate a function with @rule(…)")
    of = tuple(replace(rule, plugin=plugin) for rule in rules)
    return Family(of[0].family, name, of)


def _entry_point(name: str) -> EntryPoint:
    from importlib.metadata import entry_points

    points = entry_points(group=GROUP)
    found = [point for point in points if point.name == name]
    if not found:
        others = ", ".join(sorted(point.name for point in points)) or "none"
        raise PluginError(
            f"no installed package provides it (installed: {others}): pip install the one that "
            "does into the environment of evalpolicy"
        )
    if len(found) > 1:
        packages = ", ".join(sorted(_named(point.dist) for point in found))
        raise PluginError(f"more than one package provides it: {packages}")
    return found[0]


def _imported(point: EntryPoint) -> ModuleType:
    try:
        module = point.load()
    # Also SystemExit, which would end the run as if it were clean.
    except (Exception, SystemExit) as error:
        raise PluginError(f"cannot be imported: {described(error)}") from error
    if not isinstance(module, ModuleType):
        raise PluginError(
            f"{point.value} is not a module: the entry point has to name the rules' module"
        )
    return module


def accept(family: Family, others: Sequence[Family]) -> None:
    """Raises `PluginError` for a family that the engine cannot run, or users could not name."""
    for rule in family.rules:
        if rule.family != family.letters:
            raise PluginError(
                f"{family.letters} and {rule.family} are two families: an entry point provides one"
            )
        _accept_rule(rule)
    ids = Counter(rule.id for rule in family.rules)
    if twice := sorted(id for id, count in ids.items() if count > 1):
        raise PluginError(f"two of its rules have the id {twice[0]}")
    if family.letters in FAMILIES:
        raise PluginError(f"{family.letters} is a family of evalpolicy: choose three other letters")
    words = [family.name, *(rule.name for rule in family.rules)]
    taken = {name for name, _ in FAMILIES.values()} | {rule.name for rule in all_rules()}
    for other in others:
        if other.letters == family.letters:
            raise PluginError(f"{family.letters} is a family of plug-in {other.name}")
        taken |= {other.name, *(rule.name for rule in other.rules)}
    if len(set(words)) < len(words):
        raise PluginError("two of its rules have the same name, or a rule has the family's name")
    if both := sorted(taken.intersection(words)):
        raise PluginError(f"{both[0]!r} is the name of another rule or family")


def _accept_rule(rule: Rule) -> None:
    """Raises `PluginError` for a rule that the engine cannot run, or users could not name."""
    if not NAME.fullmatch(rule.name):
        raise PluginError(
            f"{rule.id}: {rule.name!r} is not a name: lower-case letters, digits, hyphens"
        )
    if rule.severity not in SEVERITIES:
        raise PluginError(
            f"{rule.id}: {rule.severity!r} is not a severity: {', '.join(SEVERITIES)}"
        )
    if not rule.documentation:
        raise PluginError(f"{rule.id} has no docstring, which is its page")
    needs = set(rule.needs)
    unknown = sorted(needs - _facts())
    if unknown:
        raise PluginError(
            f"{rule.id}: {unknown[0]!r} is not a fact (see evalpolicy.facts.facts.Facts)"
        )
    for kind, beside in (("unit", _OF_UNITS), ("dockerfile", _OF_DOCKERFILES)):
        other = sorted(needs - beside)
        if (needs & {kind, "place" if kind == "dockerfile" else kind}) and other:
            # What it found is kept until the unit or the Dockerfile changes.
            raise PluginError(
                f"{rule.id}: a rule that asks for {kind} cannot ask for {other[0]}: "
                f"allowed are {', '.join(sorted(beside - {kind}))}"
            )


def _facts() -> frozenset[str]:
    """What a rule may ask for. Exceptions are judged by the tool's own rules alone."""
    from evalpolicy.facts.facts import names

    return names() | _OF_UNITS | _OF_DOCKERFILES


def _plugin(name: str, point: EntryPoint, module: ModuleType) -> Plugin:
    package = point.dist.name if point.dist else ""
    version = point.dist.version if point.dist else ""
    return Plugin(name, package, version, _stamp(version, module))


def _stamp(version: str, module: ModuleType) -> str:
    """Names this very code: its version, and size and time of each file of its package."""
    from evalpolicy.snapshot.cache import key

    top = module.__name__.partition(".")[0]
    found = [(path, stat.st_size, stat.st_mtime_ns) for path, stat in _files(top, module)]
    return key(version, sorted(found))


def _files(top: str, module: ModuleType) -> Iterator[tuple[str, os.stat_result]]:
    import sys

    folders = list(getattr(sys.modules.get(top), "__path__", ()))
    if not folders and module.__file__ and os.path.isfile(module.__file__):
        yield module.__file__, os.stat(module.__file__)
    for folder in folders:
        for base, inner, names in os.walk(folder):
            inner[:] = [name for name in inner if name != "__pycache__"]
            for name in names:
                path = os.path.join(base, name)
                try:
                    yield path, os.stat(path)
                except OSError:
                    continue


def _named(distribution: Distribution | None) -> str:
    return "?" if distribution is None else f"{distribution.name} {distribution.version}"
