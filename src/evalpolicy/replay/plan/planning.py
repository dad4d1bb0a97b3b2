"""Makes a plan for a request."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from evalpolicy import __version__
from evalpolicy.config.replay import Replaying, filled
from evalpolicy.errors import NotCheckedError
from evalpolicy.facts.facts import Facts
from evalpolicy.replay.containers.creating import created, hosts_mount
from evalpolicy.replay.containers.server_image import NOBODY
from evalpolicy.replay.plan.images import ImagePlanner
from evalpolicy.replay.plan.model import (
    LABEL_REPLAY,
    LABEL_RUN,
    Container,
    ContainerLimits,
    EngineName,
    Mount,
    Paths,
    Plan,
    Replay,
    Skipped,
)
from evalpolicy.replay.plan.naming import container_name
from evalpolicy.replay.plan.selection import Chosen, Selection, each_or_skipped, select, shard_of

OUTPUT = "evalpolicy-replay"
"""The default output folder of a run, below the fleet's root."""
SERVER_IMAGE = f"localhost/evalpolicy-replay:{__version__}"

MIB = 1 << 20
_FIXTURE = "/replay/fixture"
_JOURNAL = "/replay/journal"
_JOURNAL_FILE = "journal.jsonl"
_SERVER_PROCESSES = 64
_SERVER_FILES = 1024

_LOOPBACK = "127.0.0.1"
# Used if the model is not recorded.
_NO_MODEL = "replay"


class PlanRequest(Struct, frozen=True):
    """What to plan. `run` names the run, `output` is an absolute folder for what it makes.

    `labels` are set on every container beside the plan's own; `control` replays empty fixtures.
    """

    selection: Selection = field(default_factory=Selection)
    engine: EngineName = "docker"
    run: str = "plan"
    output: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    control: bool = False
    server_image: str = SERVER_IMAGE
    typed: Callable[[str], str] = str
    changed: Callable[[Chosen, ImagePlanner], bool] | None = None


def plan(facts: Facts, request: PlanRequest) -> Plan:
    """The plan. Raises `UsageError` for an unknown name, `NotCheckedError` without a fixture
    in a folder: an index or a commit has no files that a container could be given.
    """
    if facts.snapshot.kind not in ("worktree", "folder"):
        raise NotCheckedError("a replay needs files on disk: run it in a worktree")
    settings = facts.config.replay
    images = ImagePlanner(facts.fleet, settings, request.engine)
    changed = request.changed
    chosen, skipped = select(
        facts,
        request.selection,
        request.typed,
        None if changed is None else lambda one: changed(one, images),
    )
    failed: list[Skipped] = []
    if request.selection.shard is not None:  # otherwise groups are not needed
        grouped, failed = each_or_skipped(chosen, lambda one: _group(images, one))
        groups = {one.fixture.path: group for one, group in grouped}
        chosen = [one for one, _ in grouped]
        chosen = shard_of(chosen, request.selection.shard, lambda one: groups[one.fixture.path])
    planner = _ReplayPlanner(settings, request, images, Path(facts.snapshot.top).absolute())
    numbers = {one.fixture.path: number for number, one in enumerate(chosen, 1)}
    made, more = each_or_skipped(chosen, lambda one: planner.replay(numbers[one.fixture.path], one))
    replays = tuple(replay for _, replay in made)
    needed = _closure(images, [replay.image for replay in replays])
    return Plan(
        request.run,
        request.engine,
        str(planner.root),
        tuple(image for image in images.images if image.name in needed),
        replays,
        tuple(sorted([*skipped, *failed, *more], key=lambda one: one.path)),
        request.server_image,
    )


def _group(images: ImagePlanner, one: Chosen) -> str:
    """Fixtures of one group need the same benchmark image: a shard builds it for all of them."""
    return images.benchmark(one.benchmark, one.task if one.per_task else None).name


def _closure(images: ImagePlanner, names: list[str]) -> set[str]:
    known = {image.name: image for image in images.images}
    found: set[str] = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            names.extend(known[name].bases)
    return found


class _ReplayPlanner:
    def __init__(
        self, settings: Replaying, request: PlanRequest, images: ImagePlanner, root: Path
    ) -> None:
        self._settings = settings
        self._request = request
        self._images = images
        self.root = root
        self._output = Path(request.output or root / OUTPUT)
        self._folders: set[str] = set()

    def replay(self, number: int, one: Chosen) -> Replay:
        """The `number`-th replay (from 1) of the run."""
        settings, request = self._settings, self._request
        stem = one.fixture.stem
        image = self._images.eval(one.benchmark, one.task if one.per_task else None, one.agent)
        values = {
            "registry": settings.registry,
            "tag": settings.tag,
            "benchmark": one.benchmark.name,
            "task": one.task,
            "agent": one.agent.name,
            "model": one.model or _NO_MODEL,
            "timeout": str(settings.timeout),
            "host": settings.server.host,
            "port": str(settings.server.port),
        }
        paths = _paths(settings, self._folder(one), values)
        fixture = str(self.root / one.fixture.path)
        # A copy, or an empty file for a control: the server is nobody, and reads what all may.
        served = f"{paths.folder}/fixture{_suffix(fixture)}"
        labels = {LABEL_RUN: request.run, LABEL_REPLAY: stem, **request.labels}
        names = {
            part: container_name(request.run, number, stem, part)
            for part in ("server", "runner", "output")
        }
        size = settings.limits.output * MIB
        output = Mount("volume", settings.output, names["output"], size=size)
        server = self._server(names["server"], served, paths, labels, output)
        runner = self._runner(names, image.name, values, labels, output, paths)
        return Replay(
            stem, one.fixture.path, fixture, one.sha256, one.benchmark.name, one.task,
            one.agent.name, values["model"], one.turns, one.reward, image.name, paths, server,
            runner, request.control,
        )  # fmt: skip

    def _folder(self, one: Chosen) -> str:
        """Named by the stem; by the file where another fixture has the same stem."""
        stem, file = one.fixture.stem, one.fixture.path.rpartition("/")[2]
        name = file if stem in self._folders else stem
        self._folders.add(name)
        return str(self._output / name)

    def _server(
        self, name: str, fixture: str, paths: Paths, labels: Mapping[str, str], output: Mount
    ) -> Container:
        """Keeps the output volume, which is in memory, alive until it has been copied out."""
        settings, request = self._settings.server, self._request
        target = _FIXTURE + _suffix(fixture)
        command = (
            *("python3", "-m", "evalpolicy", "replay", "serve", target),
            *("--host", _LOOPBACK, "--port", str(settings.port)),
            *("--journal", f"{_JOURNAL}/{_JOURNAL_FILE}"),
            *(("--allow-empty",) if request.control else ()),
        )
        server = Container(
            name,
            request.server_image,
            "none",
            ContainerLimits(
                1.0, settings.memory * MIB, _SERVER_PROCESSES, _SERVER_FILES, output.size or 0,
                _seconds(self._settings),
            ),
            command=command,
            environment={"PYTHONDONTWRITEBYTECODE": "1"},
            labels=labels,
            mounts=(
                Mount("bind", target, fixture, read_only=True),
                Mount("bind", _JOURNAL, os.path.dirname(paths.journal)),
                Mount("tmpfs", "/tmp", size=16 * MIB),
                replace(output, read_only=True),
            ),
            hosts={settings.host: _LOOPBACK},
            user=NOBODY,
            read_only=True,
        )  # fmt: skip
        return created(request.engine, server)

    def _runner(
        self,
        names: Mapping[str, str],
        image: str,
        values: Mapping[str, str],
        labels: Mapping[str, str],
        output: Mount,
        paths: Paths,
    ) -> Container:
        """It joins the server's network; the server has made its volume already."""
        settings = self._settings
        runner = Container(
            names["runner"],
            image,
            f"container:{names['server']}",
            _runner_limits(settings),
            environment={k: filled(text, values) for k, text in settings.environment.items()},
            labels=labels,
            mounts=(
                output,
                Mount("tmpfs", "/tmp", size=settings.limits.tmp * MIB),
                Mount("tmpfs", "/logs", size=settings.limits.logs * MIB),
                *hosts_mount(self._request.engine, paths.folder),
            ),
            attached=True,
        )
        return replace(created(self._request.engine, runner), before=())


def _runner_limits(settings: Replaying) -> ContainerLimits:
    limits = settings.limits
    return ContainerLimits(
        float(limits.cpus), limits.memory * MIB, limits.processes, limits.open_files,
        limits.file_size * MIB, _seconds(settings), limits.disk * MIB,
    )  # fmt: skip


def _seconds(settings: Replaying) -> int:
    return settings.timeout + settings.grace


def _paths(settings: Replaying, folder: str, values: Mapping[str, str]) -> Paths:
    output = f"{folder}/output"
    return Paths(
        folder,
        f"{folder}/journal/{_JOURNAL_FILE}",
        output,
        f"{output}/{filled(settings.result, values)}",
        f"{output}/{filled(settings.agent_result, values)}",
        f"{folder}/logs",
    )


def _suffix(path: str) -> str:
    """`.traces.jsonl` is one suffix; without any, the content says what it is."""
    name = path.rpartition("/")[2]
    return next((s for s in (".traces.jsonl", ".trajectory.jsonl") if name.endswith(s)), ".jsonl")
