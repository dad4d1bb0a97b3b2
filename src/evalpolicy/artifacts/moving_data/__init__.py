"""What an image fetches that its host can change: branches, rewritten refs, no revision at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.artifacts.moving_data.added import added
from evalpolicy.artifacts.moving_data.commands import Downloads
from evalpolicy.artifacts.moving_data.model import Fetch as Fetch
from evalpolicy.artifacts.moving_data.model import Program
from evalpolicy.artifacts.moving_data.programs import Files, programs
from evalpolicy.artifacts.moving_data.settings import DockerfileVariables
from evalpolicy.artifacts.moving_data.urls import in_text
from evalpolicy.artifacts.run_scripts import RunScript


def moving(
    dockerfile: Dockerfile,
    scripts: Iterable[RunScript],
    files: Files,
    supplied: Callable[[str], bool],
) -> tuple[Fetch, ...]:
    """The fetches of what moves, each source once: where the file first fetches it.

    `scripts` are those of the Dockerfile, `files` those of its build context by their paths
    within it, each with what reads it; `supplied` says of a build argument that every build
    passes it, so that its default does not count.
    """
    found: dict[tuple[str, str], Fetch] = {}
    for fetch in sorted(
        _all(dockerfile, scripts, files, supplied), key=lambda each: (each.path, each.span)
    ):
        found.setdefault((fetch.path, fetch.source), fetch)
    return tuple(found.values())


def _all(
    dockerfile: Dockerfile,
    scripts: Iterable[RunScript],
    files: Files,
    supplied: Callable[[str], bool],
) -> Iterator[Fetch]:
    settings = DockerfileVariables(dockerfile, supplied)
    yield from added(dockerfile, settings)
    downloads: dict[int, Downloads] = {}
    for program in programs(dockerfile, scripts, files, settings):
        known = downloads.setdefault(program.group, Downloads())
        yield from _of(program, known)
    for known in downloads.values():
        yield from known.pending


def _of(program: Program, downloads: Downloads) -> Iterator[Fetch]:
    match program.language:
        case "shell":
            yield from downloads.of_shell(program)
        case "python":
            from evalpolicy.artifacts.moving_data.python import in_python

            yield from in_python(program, downloads)
        case "text":
            yield from in_text(program)
