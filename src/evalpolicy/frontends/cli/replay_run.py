"""`evalpolicy replay run` and `evalpolicy replay clean`."""

from __future__ import annotations

import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from evalpolicy.errors import EXIT_CLEAN, EXIT_NOT_CHECKED, NotCheckedError, UsageError
from evalpolicy.frontends.cli import options
from evalpolicy.frontends.cli.console import colour, columns, write
from evalpolicy.frontends.cli.replay_plan import Planned, asked, choosing, installed, planned
from evalpolicy.policy.report import FailOn
from evalpolicy.replay.reports import FORMATS

if TYPE_CHECKING:
    from evalpolicy.facts.replays.replayed import Replayed
    from evalpolicy.replay.containers.cleaning import Left
    from evalpolicy.replay.containers.engines import Engine
    from evalpolicy.replay.plan.model import EngineName, Plan
    from evalpolicy.replay.reports import ReplayReport

_ENGINES = ("docker", "podman")
_WORST = ("failed", "diverged", "exhausted", "unfinished", "not run", "reproduced")
_MOST_LOGS = 3


@click.command("run")
@choosing
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    metavar="N",
    help="Replay up to N fixtures at a time.",
)
@click.option("--no-build", is_flag=True, help="Use only images that exist and are up to date.")
@click.option("--dry-run", is_flag=True, help="Print every command without running it.")
@options.formats(FORMATS)
@options.fail_on("error")
@options.COLOR
@click.option("-q", "--quiet", is_flag=True, help="Print no progress and no reproduced fixtures.")
def run(
    jobs: int,
    no_build: bool,
    dry_run: bool,
    formats: Sequence[str],
    fail_on: FailOn,
    color: str,
    quiet: bool,
    **values: Any,
) -> int:
    """Replay fixtures in containers and compare the results with the recordings.

    FIXTURE is a path, a folder, a name without its suffix, or the unambiguous start of a name.
    Default: all fixtures. A replay runs the benchmark's image with its agent and grader next to a
    server that answers from the recording, without network access.

    The verdict is reproduced, diverged, exhausted, unfinished, failed or not run; the rules RPL001
    to RPL007 report it as findings. The exit code is 3 if a fixture was not run, unless the broken
    manifest lists it.
    """
    from evalpolicy.replay.containers.engines import find
    from evalpolicy.replay.containers.owner import owner
    from evalpolicy.replay.containers.server_image import base_image, name
    from evalpolicy.replay.plan.model import LABEL_OWNER

    outputs = options.outputs(formats, FORMATS) or [("text", None)]
    what = asked(values)
    engine = None if dry_run else find(what.engine)
    with planned(
        what,
        engine.name if engine else what.engine or installed(),
        run=_run_id(),
        labels={LABEL_OWNER: owner()},
        server_image=lambda settings: name(base_image(settings.server.base)),
    ) as found:
        # That nothing has changed since --base is a valid result.
        if not found.plan.replays and not found.plan.skipped and not what.base:
            raise NotCheckedError(
                "no fixture matches: run `evalpolicy fixtures list` to see them all"
            )
        if engine is None:
            write(_dry_run(found.plan))
            return EXIT_CLEAN
        _check_output(found)
        report = _run(found, engine, _Ways(jobs, not no_build, color, quiet))
        texts = [(_rendered(kind, report, color, quiet, file), file) for kind, file in outputs]
    for text, file in texts:
        write(text, file)
    return report.report.exit_code(fail_on)


class _Ways(Struct, frozen=True):
    """How to run the replays."""

    jobs: int
    build: bool
    color: str
    quiet: bool


def _run(found: Planned, engine: Engine, ways: _Ways) -> ReplayReport:
    from evalpolicy.engine.check import check
    from evalpolicy.replay.reports import ReplayReport
    from evalpolicy.replay.running import results

    begun = time.monotonic()
    plan, facts = found.plan, found.facts
    replayed = results(_replayed(found, engine, ways) if plan.replays else [], plan)
    # Problems elsewhere in the fleet are for `check` to report.
    about = [*(one.path for one in replayed), facts.config.layout.provenance]
    report = check(
        facts.snapshot,
        facts.config,
        chosen=("RPL",),
        paths=[path for path in about if path in facts.snapshot.entries],
        replays=replayed,
    )
    return ReplayReport(
        report, replayed, plan.run, f"{engine.name} {engine.version}", time.monotonic() - begun,
        _look(replayed),
    )  # fmt: skip


def _replayed(found: Planned, engine: Engine, ways: _Ways) -> list[Replayed]:
    from evalpolicy.replay.calls import CallStoppedError
    from evalpolicy.replay.containers import server_image
    from evalpolicy.replay.images.providing import provide
    from evalpolicy.replay.progress import ProgressLines
    from evalpolicy.replay.running import folder, replay_all, stopping

    plan, stop = found.plan, threading.Event()
    where = Path(plan.replays[0].paths.folder).parent
    shown = ProgressLines(
        sys.stderr, lambda: columns(sys.stderr), colour=colour(ways.color, sys.stderr)
    )
    tell: Callable[[str], None] = (lambda line: None) if ways.quiet else shown.say
    with folder(where), stopping(stop, shown.say):
        base = server_image.base_image(found.settings.server.base)
        server_image.provide(engine, base, build=ways.build, tell=tell)
        try:
            images = provide(plan, build=ways.build, tell=tell, logs=where / "builds", stop=stop)
        except CallStoppedError:
            raise NotCheckedError(
                "interrupted while building images; nothing was replayed"
            ) from None
        return replay_all(
            engine,
            plan,
            jobs=ways.jobs,
            not_run={
                replay.path: images.failed[replay.image]
                for replay in plan.replays
                if replay.image in images.failed
            },
            stop=stop,
            told=(lambda progress, done: None) if ways.quiet else shown.told,
        )


def _check_output(found: Planned) -> None:
    """Refuses an output folder that the repository itself contains, such as a symbolic link."""
    snapshot = found.facts.snapshot
    if snapshot.kind != "worktree" or not found.plan.replays:
        return
    where = Path(found.plan.replays[0].paths.folder).parent
    if not where.is_relative_to(found.plan.root):
        return
    inside = where.relative_to(found.plan.root).as_posix()
    if inside == "." or inside in snapshot.entries or inside in snapshot.folders:
        raise UsageError(f"{where} is part of the repository: choose another folder with --output")


def _run_id() -> str:
    """Names a run: its start time, and random digits to tell runs of the same second apart."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.urandom(3).hex()}"


def _dry_run(plan: Plan) -> str:
    """Every command that a run would call, in order, as shell lines."""
    from evalpolicy.replay.containers.engines import Engine
    from evalpolicy.replay.containers.server_image import build_command
    from evalpolicy.replay.plan.text import text

    server = build_command(Engine(plan.engine), plan.server_image, "CONTEXT")
    return f"# the server image, if it is missing, from a temporary folder\n{server}\n{text(plan)}"


def _look(replayed: Sequence[Replayed]) -> str:
    """The command that shows the logs of the worst replay, if it ran."""
    if not replayed:
        return ""
    worst = min(replayed, key=lambda one: _WORST.index(one.verdict))
    logs = [os.path.relpath(file) for file in worst.logs[:_MOST_LOGS]]
    return shlex.join(["less", *logs]) if logs else ""


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
    "--engine",
    "engine_name",
    type=click.Choice(_ENGINES),
    help="Container engine. Default: every one that responds.",
)
@click.option("--run", "run_id", metavar="ID", help="Remove only what this run left behind.")
@click.option(
    "--all", "everything", is_flag=True, help="Also remove what another machine may still use."
)
@click.option("--dry-run", is_flag=True, help="Print the commands without running them.")
def clean(
    engine_name: EngineName | None, run_id: str | None, everything: bool, dry_run: bool
) -> int:
    """Remove the containers and volumes that killed runs left behind.

    They are recognized by their labels. Anything that belongs to a running replay is kept, and so
    is anything that was made on another machine unless you pass --all.
    """
    from evalpolicy.replay.containers.cleaning import left
    from evalpolicy.reporters.safe import listed

    removed = kept = 0
    failures: list[str] = []
    for engine in _engines(engine_name):
        for one in left(engine, run_id):
            if one.owner_lives or (one.owner_lives is None and not everything):
                kept += 1
                continue
            if dry_run:
                write(listed([str(one.remove)]))
            elif problem := _removed(engine, one):
                failures.append(problem)
                continue
            else:
                write(listed([f"removed the {one.kind} {one.name}"]))
            removed += 1
    if kept:
        write(f"kept {kept:,} that belong to a running replay or to another machine\n")
    if not removed and not failures:
        write("nothing to remove\n")
    for problem in failures:
        click.echo(listed([problem]), err=True, nl=False)
    return EXIT_NOT_CHECKED if failures else EXIT_CLEAN


def _removed(engine: Engine, one: Left) -> str | None:
    """Removes it; returns the reason if that fails."""
    from evalpolicy.replay.containers.engines import CallFailedError

    try:
        engine.run(one.remove)
    except CallFailedError as error:
        return f"cannot remove the {one.kind} {one.name}: {error}"
    return None


def _engines(engine_name: EngineName | None) -> list[Engine]:
    """The named engine, or all that respond. Raises `EngineGoneError` if none does."""
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
