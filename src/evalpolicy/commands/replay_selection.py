"""Which fixtures `replay plan` and `replay run` are about: the same words for both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from evalpolicy.replay.plan.selection import Broken, Selection

_F = TypeVar("_F", bound=Callable[..., Any])


def selection_options(function: _F) -> _F:
    """Adds them; the command gets `words`, `benchmarks`, `agents`, `shard` and `broken`."""
    for add in reversed(
        (
            click.argument("words", nargs=-1, metavar="[FIXTURE]..."),
            click.option("--benchmark", "benchmarks", multiple=True, help="Only of this one."),
            click.option("--agent", "agents", multiple=True, help="Only of this one."),
            click.option("--shard", metavar="I/N", help="Of N parts the I-th; images stay whole."),
            click.option(
                "--broken",
                type=click.Choice(("skip", "include", "only")),
                default="skip",
                show_default=True,
                help="What becomes of fixtures that are known to be broken.",
            ),
        )
    ):
        function = add(function)
    return function


def selection(
    words: Sequence[str],
    benchmarks: Sequence[str],
    agents: Sequence[str],
    shard: str | None,
    broken: Broken,
) -> Selection:
    """What was asked for. Raises `UsageError` for a shard that is none."""
    from evalpolicy.replay.plan.selection import Selection, parse_shard

    part = None if shard is None else parse_shard(shard)
    return Selection(tuple(words), tuple(benchmarks), tuple(agents), part, broken)
