"""`evalpolicy replay`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.frontends.cli import options, replay_run
from evalpolicy.frontends.cli.console import write
from evalpolicy.frontends.cli.replay_plan import plan_command
from evalpolicy.replay.journal import OnExhausted
from evalpolicy.reporters.safe import listed
from evalpolicy.reporters.text import count

if TYPE_CHECKING:
    from evalpolicy.artifacts.trajectory import Trajectory


@click.group("replay")
def command() -> None:
    """Replay and record fixtures."""


command.add_command(replay_run.run)
command.add_command(replay_run.clean)
command.add_command(plan_command)


@command.command("serve")
@click.argument("fixture", type=click.Path(path_type=Path))
@options.HOST
@options.PORT
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write one line of JSON per call to FILE.",
)
@click.option(
    "--on-exhausted",
    type=click.Choice(get_args(OnExhausted)),
    default="error",
    show_default=True,
    help="After the last turn, send an error that clients don't retry, the reply "
    "REPLAY_EXHAUSTED, or the last turn again.",
)
@click.option(
    "--allow-empty", is_flag=True, help="Accept a fixture without turns, for a control run."
)
@click.option("--dry-run", is_flag=True, help="Show what would be served, without serving it.")
def serve(
    fixture: Path,
    host: str,
    port: int,
    journal: Path | None,
    on_exhausted: OnExhausted,
    allow_empty: bool,
    dry_run: bool,
) -> int:
    """Serve the recorded replies of FIXTURE as the model did.

    FIXTURE is a file, a fixture's name without its suffix, or the unambiguous start of a name.

    Speaks the APIs chat completions, responses, messages and Gemini. Stop it with Ctrl-C or
    SIGTERM.
    """
    trajectory = _trajectory(fixture, allow_empty)
    _need_server()
    from evalpolicy.replay.journal import Journal
    from evalpolicy.replay.playback import Playback

    if dry_run:
        names = ", ".join(Playback(trajectory).models) or "no model"
        turns = f"{count(len(trajectory.turns), 'turn')} of {names}"
        write(listed([f"{fixture.name}: {turns}, on {host} port {port}"]))
        return 0
    from evalpolicy.replay.app import ReplayApp
    from evalpolicy.replay.server import Running, address, listen
    from evalpolicy.replay.server import serve as run

    running = Running()
    with listen(host, port) as on:
        try:
            book = Journal(journal)
            app = ReplayApp(
                Playback(trajectory, on_exhausted),
                book,
                on_failure=lambda error: running.fail(f"cannot write the journal: {error}"),
            )
        except OSError as error:
            raise NotCheckedError(f"cannot write {journal}: {error.strerror or error}") from error
        try:
            run(app, on, running, lambda: write(f"{address(on)}\n"))
        finally:
            book.close()
    return 0


@command.command("record")
@click.option(
    "--upstream", required=True, metavar="URL", help="The model's base URL, such as http://host/v1."
)
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FIXTURE",
    help="The new fixture, named *.traces.jsonl.",
)
@options.HOST
@options.PORT
@click.option("--provenance", is_flag=True, help="Also record the provenance entry.")
@click.option("--dry-run", is_flag=True, help="Show what would be recorded, without recording it.")
def record(
    upstream: str, output: Path, host: str, port: int, provenance: bool, dry_run: bool
) -> int:
    """Forward calls to a model and record them as a fixture, without credentials.

    The upstream has to be compatible with OpenAI's API or with the API that the agent uses. Stop
    the recording with Ctrl-C or SIGTERM.
    """
    _check_recording(upstream, output, provenance)
    _need_server("httpx")
    if dry_run:
        to = _without_password(upstream)
        write(listed([f"{host} port {port} would forward to {to} and record into {output}"]))
        return 0
    from evalpolicy.replay.recorder import RecorderApp
    from evalpolicy.replay.recording import RecordingFile
    from evalpolicy.replay.server import Running, address, listen
    from evalpolicy.replay.server import serve as run

    running = Running()
    with listen(host, port) as on:
        try:
            recording = RecordingFile(output)
        except OSError as error:
            raise NotCheckedError(f"cannot write {output}: {error.strerror}") from error
        app = RecorderApp(
            upstream,
            recording,
            on_failure=lambda error: running.fail(f"cannot write {output}: {error}"),
        )
        try:
            run(app, on, running, lambda: write(f"{address(on)}\n"))
        finally:
            recording.close()
    counts = f"{count(recording.turns, 'turn')}, {count(recording.failed, 'failed call')}"
    write(listed([f"{output}: {counts}"]))
    if not recording.turns:
        raise NotCheckedError(
            f"no usable turn was recorded in {output}: check that the agent calls this recorder"
        )
    return _record_provenance(output) if provenance else 0


def _check_recording(upstream: str, output: Path, provenance: bool) -> None:
    from evalpolicy.frontends.cli.program import COMMANDS

    if not upstream.startswith(("http://", "https://")):
        raise UsageError(
            "--upstream must be the base URL of an API, such as http://localhost:8000/v1"
        )
    if not output.name.endswith(".traces.jsonl"):
        raise UsageError(f"--output {output}: the name must end in .traces.jsonl")
    if output.exists():
        raise UsageError(f"--output {output} already exists: delete it, or choose another name")
    if provenance and "provenance" not in COMMANDS:
        raise UsageError("--provenance: this evalpolicy has no command `provenance`")


def _without_password(upstream: str) -> str:
    scheme, _, rest = upstream.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


def _record_provenance(output: Path) -> int:
    """Runs `evalpolicy provenance record`, so that there is one way to make an entry."""
    from evalpolicy.frontends.cli.boundary import main

    return main(["provenance", "record", str(output)])


def _trajectory(fixture: Path, allow_empty: bool) -> Trajectory:
    """The parsed fixture. Raises `NotCheckedError` if it has no turn to serve."""
    from evalpolicy.artifacts.trajectory import parse

    trajectory = parse(_content(fixture))
    if trajectory.turns or allow_empty:
        return trajectory
    summary = trajectory.summary
    why = summary.problems[0].message if summary.problems else count(summary.failed, "failed call")
    raise NotCheckedError(
        f"{fixture} has no usable turn ({why}): record it again, or pass --allow-empty for a "
        "control run"
    )


def _content(fixture: Path) -> bytes:
    """The bytes of a file, or of the fleet's fixture of this name.

    Raises `NotCheckedError` if there is neither.
    """
    try:
        return fixture.read_bytes()
    except FileNotFoundError as error:
        if fixture.name != str(fixture):
            raise NotCheckedError(f"cannot read {fixture}: {error.strerror}") from error
    except OSError as error:
        raise NotCheckedError(f"cannot read {fixture}: {error.strerror}") from error
    from evalpolicy.config import reading as configuration
    from evalpolicy.facts.fixture_rows import named
    from evalpolicy.fleet.fleet import Fleet
    from evalpolicy.snapshot import Unreadable, open_snapshot

    try:
        with open_snapshot(Path.cwd()) as snapshot:
            fixtures = Fleet(snapshot, configuration.load(snapshot).layout).fixtures
            return snapshot.read(named(fixtures, str(fixture), str(fixture)).path)
    except Unreadable as reason:
        raise NotCheckedError(f"cannot read {fixture}: {reason}") from reason
    except UsageError as error:
        raise NotCheckedError(f"cannot read {fixture}: no such file, and {error}") from error


def _need_server(*more: str) -> None:
    """Raises `UsageError` if the extra is not installed: most users never replay."""
    missing = [name for name in ("starlette", "uvicorn", *more) if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"replay needs {' and '.join(missing)}: run `pip install 'evalpolicy[replay]'`"
        )
