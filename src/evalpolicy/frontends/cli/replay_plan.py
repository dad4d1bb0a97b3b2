"""`evalpolicy replay plan`, and the options that it shares with `replay run`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec import Struct

from evalpolicy.errors import EXIT_CLEAN, EXIT_NOT_CHECKED, NotCheckedError
from evalpolicy.frontends.cli.console import write

if TYPE_CHECKING:
    from evalpolicy.config.replay import Replaying
    from evalpolicy.facts.facts import Facts
    from evalpolicy.replay.plan.model import EngineName, Plan
    from evalpolicy.snapshot import Snapshot
    from evalpolicy.snapshot.submission.change import Comparison

_Function = TypeVar("_Function", bound=Callable[..., Any])
_FORMATS = ("text", "json", "matrix", "kubernetes")

_CHOOSING = (
    click.argument("fixtures", nargs=-1, metavar="[FIXTURE]..."),
    click.option(
        "--benchmark",
        "benchmarks",
        multiple=True,
        metavar="NAME",
        help="Only this benchmark; repeatable.",
    ),
    click.option(
        "--agent", "agents", multiple=True, metavar="NAME", help="Only this agent; repeatable."
    ),
    click.option(
        "--base",
        metavar="REV",
        help="Only what changed since REV: the fixture, or an input of its image.",
    ),
    click.option(
        "--shard",
        metavar="I/N",
        help="Part I of N. Fixtures that share an image are in the same part.",
    ),
    click.option(
        "--broken",
        type=click.Choice(["skip", "include", "only"]),
        default="skip",
        show_default=True,
        help="What to do with fixtures that the broken manifest lists.",
    ),
    click.option(
        "--engine",
        type=click.Choice(["docker", "podman"]),
        help="Container engine. Default: the first one that is installed.",
    ),
    click.option(
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Folder for logs and results. Default: evalpolicy-replay.",
    ),
    click.option(
        "--control", is_flag=True, help="Serve no turns: the grader has to give a reward of 0."
    ),
)


def choosing(function: _Function) -> _Function:
    """Adds the options that choose what to replay; `asked` collects their values."""
    for option in reversed(_CHOOSING):
        function = option(function)
    return function


class ReplayOptions(Struct, frozen=True):
    """The values of the options of `choosing`."""

    fixtures: tuple[str, ...]
    benchmarks: tuple[str, ...]
    agents: tuple[str, ...]
    base: str | None
    shard: str | None
    broken: Any
    engine: EngineName | None
    output: Path | None
    control: bool


def asked(values: Mapping[str, Any]) -> ReplayOptions:
    """Picks these values from all parameters of a command."""
    return ReplayOptions(**{name: values[name] for name in ReplayOptions.__struct_fields__})


class Planned(Struct, frozen=True):
    """A plan, and the facts and settings it was made from."""

    plan: Plan
    facts: Facts
    settings: Replaying


@contextmanager
def planned(
    asked: ReplayOptions,
    engine: EngineName,
    *,
    run: str = "plan",
    labels: Mapping[str, str] | None = None,
    server_image: Callable[[Replaying], str] | None = None,
) -> Iterator[Planned]:
    """The plan for these options. Raises `UsageError` and `NotCheckedError`."""
    from evalpolicy.config import reading as configuration
    from evalpolicy.facts.facts import Facts
    from evalpolicy.frontends.cli.paths import typed
    from evalpolicy.replay.plan.changed import Changed
    from evalpolicy.replay.plan.planning import SERVER_IMAGE, PlanRequest, plan
    from evalpolicy.replay.plan.selection import Selection, parse_shard
    from evalpolicy.snapshot import open_snapshot
    from evalpolicy.snapshot.cache import open_cache

    selection = Selection(
        asked.fixtures,
        asked.benchmarks,
        asked.agents,
        None if asked.shard is None else parse_shard(asked.shard),
        asked.broken,
    )
    cache = open_cache(".")
    with open_snapshot(Path.cwd()) as snapshot:
        facts = Facts(snapshot, configuration.load(snapshot), cache)
        if not facts.fleet.fixtures:
            raise NotCheckedError(
                f"no fixture in {snapshot.place}: set [layout] fixtures in evalpolicy.toml"
            )
        with _compared(snapshot, asked.base) as comparison:
            changed = None if comparison is None else Changed(facts, comparison, engine, cache)
            found = plan(
                facts,
                PlanRequest(
                    selection,
                    engine,
                    run,
                    str(asked.output.absolute()) if asked.output else "",
                    labels or {},
                    asked.control,
                    server_image(facts.config.replay) if server_image else SERVER_IMAGE,
                    lambda word: typed(snapshot, word),
                    changed,
                ),
            )
            yield Planned(found, facts, facts.config.replay)
    cache.save()


@contextmanager
def _compared(snapshot: Snapshot, base: str | None) -> Iterator[Comparison | None]:
    if base is None:
        yield None
        return
    from evalpolicy.snapshot.submission.asked import SubmissionOptions as Change

    with Change(base=base).change(Path.cwd(), snapshot) as change:
        yield change.comparison


@click.command("plan")
@choosing
@click.option(
    "--format",
    "kind",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="matrix: one line of JSON for GitHub Actions. kubernetes: Indexed Jobs.",
)
@click.option(
    "--shards",
    type=click.IntRange(1),
    metavar="N",
    help="With matrix: N jobs for `replay run --shard`. Default: one per fixture.",
)
def plan_command(kind: str, shards: int | None, **values: Any) -> int:
    """Show what a replay would build and run, and the commands; run nothing.

    FIXTURE is a path, a folder, a name without its suffix, or the unambiguous start of a name.
    Default: all fixtures. Fixtures that cannot be replayed are listed with the reason, and make
    the exit code 3 unless the broken manifest lists them.
    """
    from evalpolicy.errors import UsageError

    if shards is not None and kind != "matrix":
        raise UsageError("--shards is for --format matrix")
    what = asked(values)
    with planned(what, what.engine or installed(), server_image=_server_image) as found:
        write(_rendered(found, kind, shards))
        plan = found.plan
    failed = [f"{image.name}: {image.problem}" for image in plan.images if image.problem]
    unknown = [f"{one.path}: {one.reason}" for one in plan.skipped if not one.broken]
    from evalpolicy.reporters.safe import shown

    for line in [*unknown, *failed]:
        click.echo(f"not checked: {shown(line)}", err=True)
    return EXIT_NOT_CHECKED if failed or unknown else EXIT_CLEAN


def installed() -> EngineName:
    """The engine whose client is installed; docker if neither is."""
    return "podman" if not shutil.which("docker") and shutil.which("podman") else "docker"


def _server_image(settings: Replaying) -> str:
    """The name that `replay run` uses; without the server's packages, only its repository."""
    from evalpolicy.replay.containers.server_image import base_image, name
    from evalpolicy.replay.plan.planning import SERVER_IMAGE

    try:
        return name(base_image(settings.server.base))
    except NotCheckedError:
        return SERVER_IMAGE


def _rendered(found: Planned, kind: str, shards: int | None) -> str:
    if kind == "json":
        from evalpolicy.replay.plan.json import dumps

        return dumps(found.plan)
    if kind == "matrix":
        from evalpolicy.replay.plan.matrix import matrix

        return matrix(found.plan, shards)
    if kind == "kubernetes":
        from evalpolicy.replay.plan.kubernetes import dumps as manifests

        return manifests(found.plan, found.settings)
    from evalpolicy.replay.plan.text import text

    return text(found.plan)
