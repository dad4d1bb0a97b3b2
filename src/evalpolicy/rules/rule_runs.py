"""One call of a rule: what it finds, or why it was not checked. A rule that raises ends alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from evalpolicy.errors import PASSED, noted
from evalpolicy.policy.rule import Failure, Hit, Rule

WHOLE = "."
"""The path of a problem that concerns the whole fleet."""


def run(
    rule: Rule, given: Callable[[], Mapping[str, object]], path: str | None
) -> Iterator[Hit | Failure]:
    """What a rule finds. Where it fails it ends, and the failure is the last item.

    `given` works out the facts that it asks for; what this raises counts as the rule's failure.
    `path` is the file of the unit or the Dockerfile that the rule is called for, if it is.
    """
    if rule.plugin is not None:
        from evalpolicy.rules import plugins

        yield from plugins.run(rule, given, path)
        return
    try:
        yield from rule.function(**given())
    except PASSED:
        raise
    except Exception as error:  # noqa: BLE001 - a bug costs this rule, not the run
        yield Failure(rule, path, noted(error))


def hits(
    rule: Rule,
    given: Callable[[], Mapping[str, object]],
    path: str | None,
    failures: list[Failure],
) -> Iterator[Hit]:
    """What a rule finds; a failure is added to `failures`."""
    for item in run(rule, given, path):
        if isinstance(item, Hit):
            yield item
        else:
            failures.append(item)


def problems(failures: Iterable[Failure], source: str) -> Iterator[tuple[str, str]]:
    """Path and message of each failure, those of our rules for one reason in one file together.

    Several rules that ask for one fact fail with it: that is one problem. Failures of plug-ins
    that belong to no file are reported at `source`, the configuration that names the plug-in.
    """
    ours: dict[tuple[str, str], dict[str, None]] = {}
    for rule, path, reason in failures:
        if rule.plugin is None:
            ours.setdefault((WHOLE if path is None else path, reason), {})[rule.id] = None
            continue
        of = f"{rule.plugin.name} ({rule.plugin.source})"
        yield path or source, f"rule {rule.id} of plug-in {of} failed: {reason}"
    for (path, reason), ids in ours.items():
        yield path, f"{', '.join(sorted(ids))} could not be checked: {reason}"
