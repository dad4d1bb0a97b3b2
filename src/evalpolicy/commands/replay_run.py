"""`evalpolicy replay run` and `evalpolicy replay clean`."""

from __future__ import annotations

import os
import shlex
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from evalpolicy.commands.console import colour, columns, write
from evalpolicy.commands.replay_selection import selection, selection_options
from evalpolicy.errors import EXIT_CLEAN, EXIT_NOT_CHECKED, NotCheckedError, UsageError
from evalpolicy.report import FailOn

if TYPE_CHECKING:
    from evalpolicy.config import Config
    from evalpolicy.replay.containers.cleaning import Left
    from evalpolicy.replay.containers.engines import Engine
    from evalpolicy.replay.plan.model import EngineName, Plan, Replay
    from evalpolicy.replay.plan.selection import Broken
    from evalpolicy.replay.replayed import Replayed
    from evalpolicy.replay.reports import ReplayReport
    from evalpolicy.snapshot import Snapshot

_ENGINES = ("docker", "podman")
_WORST = ("failed", "diverged", "exhausted", "unfinished", "not run", "reproduced")
_MOST_LOGS = 3


@click.command("run")
@selection_options
@click.option("--engine", "engine_name", type=click.Choice(_ENGINES), help="Default: who answers.")
@click.option(
    "--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Replays at a time."
)
@click.option("--control", is_flag=True, help="Replay nothing: the grader has to give 0.")
@click.option("--no-build", is_flag=True, help="Take only images that are there and current.")
@click.option("--dry-run", is_flag=True, help="Print every command, and run none.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where logs and results go; default: evalpolicy-replay.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME[=FILE]",
    help="One of text, json, junit, markdown, sarif, github; repeatable, each to its own file.",
)
@click.option(
    "--fail-on",
    type=click.Choice(get_args(FailOn)),
    default="error",
    show_default=True,
    help="The severity from which on findings make the exit code 1.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours in the text format.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress, and only what was not reproduced.")
def run(
    words: Sequence[str],
    benchmarks: Sequence[str],
    agents: Sequence[str],
    shard: str | None,
    broken: Broken,
    engine_name: EngineName | None,
    jobs: int,
    control: bool,
    no_build: bool,
    dry_run: bool,
    output: Path | None,
    formats: Sequence[str],
    fail_on: FailOn,
    color: str,
    quiet: bool,
) -> int:
    """Replay recorded runs in containers, and judge what comes of it.

    FIXTURE is a name, the beginning of one, a file or a folder; without any, all are replayed.
    Each runs its benchmark's image with its agent and grader beside a server that answers from
    the recording, on a network without a way out.

    The verdict is one of reproduced, diverged, exhausted, unfinished, failed and not run; the
    rules RPL001 to RPL007 make findings of it.
    """
    from evalpolicy import config as configuration
    from evalpolicy.cache import open_cache
    from evalpolicy.commands.paths import from_root
    from evalpolicy.facts import Facts
    from evalpolicy.replay.containers.engines import Engine, find
    from evalpolicy.replay.containers.owner import owner
    from evalpolicy.replay.containers.server_image import base_image, name
    from evalpolicy.replay.plan.model import LABEL_OWNER
    from evalpolicy.replay.plan.planning import OUTPUT, Request, plan
    from evalpolicy.snapshot import open_snapshot

    outputs = [_format(text) for text in formats] or [("text", None)]
    chosen = selection(words, benchmarks, agents, shard, broken)
    engine = Engine(engine_name or "docker") if dry_run else find(engine_name)
    cache = open_cache(".")
    with open_snapshot(Path.cwd()) as snapshot:
        config = configuration.load(snapshot)
        base = base_image(config.replay.server.base)
        made = plan(
            Facts(snapshot, config, cache),
            Request(
                selection=chosen,
                engine=engine.name,
                run=_run_id(),
                output=str(output.absolute()) if output else str(Path(snapshot.top, OUTPUT)),
                labels={LABEL_OWNER: owner()},
                control=control,
                server_image=name(base),
                typed=lambda path: from_root(snapshot, path),
            ),
        )
        if not made.replays and not made.skipped:
            raise NotCheckedError("no fixture is chosen: see `evalpolicy fixtures list`")
        if dry_run:
            write("".join(f"{line}\n" for line in _commands(made, engine)))
            return EXIT_CLEAN
        report = _run(snapshot, config, made, engine, base, jobs, not no_build, color, quiet)
    cache.save()
    for kind, file in outputs:
        write(_rendered(kind, report, color, quiet, file), file)
    return report.report.exit_code(fail_on)


def _run(
    snapshot: Snapshot,
    config: Config,
    made: Plan,
    engine: Engine,
    base: str,
    jobs: int,
    build: bool,
    color: str,
    quiet: bool,
) -> ReplayReport:
    from evalpolicy.engine import check
    from evalpolicy.replay.containers import server_image
    from evalpolicy.replay.images.providing import provide
    from evalpolicy.replay.plan.planning import EMPTY_FIXTURE
    from evalpolicy.replay.progress import on_standard_error
    from evalpolicy.replay.reports import ReplayReport
    from evalpolicy.replay.running import folder, replay_all, results, stopping

    begun = time.monotonic()
    stop = threading.Event()
    shown = on_standard_error(lambda: columns(sys.stderr), colour=colour(color, sys.stderr))
    where = _output(made)
    with folder(where), stopping(stop, shown.say):
        (where / EMPTY_FIXTURE).write_bytes(b"")
        replays: list[Replayed] = []
        if made.replays:
            server_image.provide(engine, base, build=build, tell=shown.say)
            images = provide(made, build=build, tell=shown.say, logs=where / "builds", stop=stop)
            failed = {
                planned.path: images.failed[planned.image]
                for planned in made.replays
                if planned.image in images.failed
            }
            replays = replay_all(
                engine,
                made,
                jobs=jobs,
                not_run=failed,
                stop=stop,
                told=(lambda progress, done: None) if quiet else shown.told,
            )
    found = results(replays, made)
    report = check(snapshot, config, chosen=("RPL",), replays=found)
    return ReplayReport(
        report, found, made.run, f"{engine.name} {engine.version}", time.monotonic() - begun,
        _look(found),
    )  # fmt: skip


def _run_id() -> str:
    """Names a run: when it began, and something that no other run of that second has."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.urandom(3).hex()}"


def _output(made: Plan) -> Path:
    """The folder of the whole run."""
    first = next(iter(made.replays), None)
    from evalpolicy.replay.plan.planning import OUTPUT

    return Path(first.paths.folder).parent if first else Path(made.root, OUTPUT)


def _commands(made: Plan, engine: Engine) -> list[str]:
    """Everything that a run would call, as lines for a shell, in order."""
    from evalpolicy.replay.containers.server_image import build_command

    lines = ["# the replay server's image, if it is not there; its context is laid out for that"]
    lines.append(str(build_command(engine, made.server_image, "CONTEXT")))
    for image in made.images:
        lines.append(f"# {image.name}, if it is absent or stale")
        if image.build is None:
            lines.append(f"# cannot be built: {image.problem}")
            continue
        lines.extend(map(str, image.build.steps))
        if image.build.fallback is not None:
            lines.append("# only if that fails because the builder cannot see its local base:")
            lines.append(str(image.build.fallback))
    for planned in made.replays:
        lines.append(f"# {planned.name}")
        lines.extend(_calls(planned, engine))
    lines.extend(f"# {skip.path}: not run: {skip.reason}" for skip in made.skipped)
    return [line if not line.startswith("#") else _comment(line) for line in lines]


def _calls(planned: Replay, engine: Engine) -> list[str]:
    from evalpolicy.replay.containers.lifecycle import calls

    return [str(command) for command in calls(engine, planned)]


def _comment(line: str) -> str:
    from evalpolicy.reporters.safe import shown

    return shown(line)


def _look(found: Sequence[Replayed]) -> str:
    """The command that shows what the worst replay said."""
    for verdict in _WORST:
        for one in found:
            if one.verdict == verdict and one.logs:
                logs = [os.path.relpath(file) for file in one.logs[:_MOST_LOGS]]
                return shlex.join(["less", *logs])
    return ""


def _format(text: str) -> tuple[str, str | None]:
    from evalpolicy.nearest import nearest
    from evalpolicy.replay.reports import FORMATS

    name, _, file = text.partition("=")
    if name not in FORMATS:
        close = nearest(name, FORMATS)
        hint = f"did you mean {close}?" if close else f"known are {', '.join(FORMATS)}"
        raise UsageError(f"--format {name}: there is no such format; {hint}")
    return name, file or None


def _rendered(kind: str, report: ReplayReport, color: str, quiet: bool, file: str | None) -> str:
    if kind == "text":
        from evalpolicy.replay.reports import text

        to_terminal = sys.stdout if file is None else None
        return text.render(
            report,
            columns=columns(to_terminal),
            colour=colour(color, to_terminal),
            quiet=quiet,
        )
    from evalpolicy.replay.reports import render

    return render(kind, report)


@click.command("clean")
@click.option(
    "--engine", "engine_name", type=click.Choice(_ENGINES), help="Default: all that answer."
)
@click.option("--run", "run_id", metavar="ID", help="Only what this run left.")
@click.option("--all", "everything", is_flag=True, help="Also what another machine may still use.")
@click.option("--dry-run", is_flag=True, help="Print the commands, and run none.")
def clean(
    engine_name: EngineName | None, run_id: str | None, everything: bool, dry_run: bool
) -> int:
    """Remove the containers and volumes that killed runs left behind.

    They are known by their labels. What belongs to a run that still lives is left alone, and so
    is what was made on another machine, unless --all says otherwise.
    """
    from evalpolicy.replay.containers.cleaning import left
    from evalpolicy.reporters.safe import shown

    removed = kept = 0
    failures: list[str] = []
    for engine in _engines(engine_name):
        for one in left(engine, run_id):
            if one.owner_lives or (one.owner_lives is None and not everything):
                kept += 1
                continue
            if dry_run:
                write(f"{one.remove}\n")
            elif problem := _removed(engine, one):
                failures.append(problem)
                continue
            else:
                write(shown(f"removed the {one.kind} {one.name}") + "\n")
            removed += 1
    if kept:
        write(f"{kept:,} left alone: they belong to runs that live, or to another machine\n")
    if not removed and not failures:
        write("nothing to remove\n")
    for problem in failures:
        click.echo(shown(problem), err=True)
    return EXIT_NOT_CHECKED if failures else EXIT_CLEAN


def _removed(engine: Engine, one: Left) -> str | None:
    """Removes it, and gives why it is still there."""
    from evalpolicy.replay.containers.engines import CallFailedError

    try:
        engine.run(one.remove)
    except CallFailedError as error:
        return f"cannot remove the {one.kind} {one.name}: {error}"
    return None


def _engines(engine_name: EngineName | None) -> list[Engine]:
    """The one that was named, or all that answer. Raises `EngineGoneError` if there is none."""
    from evalpolicy.replay.containers.engines import ENGINES, EngineGoneError, find

    if engine_name is not None:
        return [find(engine_name)]
    answering: list[Engine] = []
    reasons: list[str] = []
    for name in ENGINES:
        try:
            answering.append(find(name))
        except EngineGoneError as error:
            reasons.append(str(error))
    if not answering:
        raise EngineGoneError("; ".join(reasons))
    return answering
