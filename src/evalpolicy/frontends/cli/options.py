"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, get_args

import click

from evalpolicy.errors import UsageError
from evalpolicy.policy.report import FailOn

_Function = TypeVar("_Function", bound=Callable[..., Any])

STAGED = click.option("--staged", is_flag=True, help="Read the index instead of the worktree.")
REV = click.option("--rev", metavar="REV", help="Read a commit without checking it out.")
NO_CACHE = click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
JOBS = click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Use up to N processes. Default: one per core.",
)
LISTING = click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Output format.",
)
SELECT = click.option(
    "--select",
    multiple=True,
    metavar="LIST",
    help="Only these rule ids, names or families. Default: all.",
)
IGNORE = click.option(
    "--ignore", multiple=True, metavar="LIST", help="Skip these rule ids, names or families."
)
BASELINE = click.option(
    "--baseline",
    "baseline_file",
    metavar="FILE",
    help="Baseline to use. Default: .evalpolicy-baseline.json.",
)
NO_SUPPRESSIONS = click.option(
    "--no-suppressions", is_flag=True, help="Ignore suppression comments."
)
REPLAYS = click.option(
    "--replays",
    "replays_file",
    metavar="FILE",
    help="Include the results of `replay run --format json`.",
)
COLOR = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Use colours in the text format.",
)
HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
PORT = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=4000,
    show_default=True,
    help="Port to listen on; 0 picks a free one and prints it.",
)


def fail_on(default: FailOn) -> Callable[[_Function], _Function]:
    """`--fail-on`, with its default."""
    return click.option(
        "--fail-on",
        type=click.Choice(get_args(FailOn)),
        default=default,
        show_default=True,
        help="Lowest severity that makes the exit code 1.",
    )


def formats(known: Iterable[str]) -> Callable[[_Function], _Function]:
    """`--format NAME=FILE`, repeatable; `outputs` reads its values."""
    return click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="NAME[=FILE]",
        help=f"{', '.join(known)}; repeatable, each to its own file. Default: text.",
    )


def outputs(texts: Sequence[str], known: Sequence[str]) -> list[tuple[str, str | None]]:
    """Each format with its file; None is standard output, which several formats may share."""
    found = [_output(text, known) for text in texts]
    files = [file for _, file in found if file is not None]
    if twice := next((file for file in files if files.count(file) > 1), None):
        raise UsageError(f"--format …={twice}: two reports cannot share a file; name another one")
    return found


def _output(text: str, known: Sequence[str]) -> tuple[str, str | None]:
    name, _, file = text.partition("=")
    if name not in known:
        from evalpolicy.matching.nearest import nearest

        close = nearest(name, known)
        hint = f"did you mean {close}?" if close else f"use one of {', '.join(known)}"
        raise UsageError(f"--format {name}: unknown format; {hint}")
    return name, file or None
