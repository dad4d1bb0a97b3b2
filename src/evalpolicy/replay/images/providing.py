"""Provides the images for replays: finds them, compares them with the plan, builds them.

What is there and current is used as it is, whatever became of its bases. All else is built, its
bases first, and looked at again afterwards: an image counts only if the engine that will run it
has it, with the labels of this plan.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from evalpolicy.artifacts.engine_calls import engine_calls
from evalpolicy.replay.calls import Call, CannotCallError, call
from evalpolicy.replay.images.baking import Baker, BuildError, said
from evalpolicy.replay.images.store import ImageStore, Status, where
from evalpolicy.replay.plan.model import Build, EngineName, Plan, PlannedImage

_OTHER: Mapping[EngineName, EngineName] = {"docker": "podman", "podman": "docker"}


class Provided(Struct, frozen=True):
    """`ids` are the images that are there, by name; `failed` says of the others why not.

    `built` are those that were built, in their order.
    """

    ids: Mapping[str, str]
    failed: Mapping[str, str]
    built: tuple[str, ...]


class _Known(Struct):
    ids: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    built: list[str] = field(default_factory=list)


def provide(
    plan: Plan,
    names: Iterable[str] | None = None,
    *,
    build: bool = True,
    tell: Callable[[str], None] = lambda line: None,
    logs: Path | None = None,
    stop: threading.Event | None = None,
) -> Provided:
    """Makes sure that images are there: those of all replays, or the ones in `names`.

    `tell` is given a line for each build that begins or fails, `logs` is a folder for what
    builders print. With `build` false, an image that is absent or stale is a failure. Raises
    `CannotAskError` where the engine does not answer, `CallStoppedError` once `stop` is set.
    """
    wanted = dict.fromkeys(names if names is not None else (r.image for r in plan.replays))
    provider = _Provider(plan, build, tell, logs, stop)
    for name in wanted:
        provider.need(plan.image(name))
    known = provider.known
    return Provided(known.ids, known.failed, tuple(known.built))


class _Provider:
    def __init__(
        self,
        plan: Plan,
        build: bool,
        tell: Callable[[str], None],
        logs: Path | None,
        stop: threading.Event | None,
    ) -> None:
        self._plan = plan
        self._build = build
        self._tell = tell
        self._logs = logs
        self._stop = stop
        self._ask: Call = partial(call, cwd=plan.root, stop=stop)
        self._store = ImageStore(plan.engine, self._ask)
        self.known = _Known()

    def need(self, image: PlannedImage) -> str | None:
        """Makes sure that one image exists; returns the reason if that fails, else None."""
        if image.name in self.known.ids:
            return None
        if image.name not in self.known.failed:
            reason = self._provided(image)
            if reason is None:
                return None
            self.known.failed[image.name] = reason
        return self.known.failed[image.name]

    def _provided(self, image: PlannedImage) -> str | None:
        if image.problem is not None or image.build is None:
            return f"{image.name} cannot be built: {image.problem}"
        status = self._store.status(image)
        if status.presence != "current":
            if not self._build:
                return _not_built(image, status)
            for base in image.bases:
                reason = self.need(self._plan.image(base))
                if reason is not None:
                    return reason
            try:
                status = self._built(image, image.build, status)
            except (BuildError, CannotCallError) as error:
                self._tell(f"{image.name}: not built")
                return f"building {image.name}: {error}"
        self.known.ids[image.name] = status.id
        return None

    def _built(self, image: PlannedImage, build: Build, before: Status) -> Status:
        why = before.presence if before.presence == "absent" else f"stale: {before.reason}"
        self._tell(f"{image.name}: {why}: building it")
        run = partial(call, cwd=self._plan.root, stop=self._stop, log=self._log(image))
        if build.kind == "bake":
            baker = Baker(self._plan.engine, self._ask, run, self._tell)
            baker.build(image, build, self._local(image))
        else:
            if build.kind == "script":
                self._check_script(build)
            for step in build.steps:
                outcome = run(step)
                if not outcome.ok:
                    raise BuildError(said(outcome))
        self.known.built.append(image.name)
        after = self._store.status(image)
        if after.presence != "current":
            raise BuildError(_lost(self._plan.engine, after))
        return after

    def _local(self, image: PlannedImage) -> list[str]:
        """Its bases, which were just found in the engine's store."""
        return [base for base in image.bases if base in self.known.ids]

    def _check_script(self, build: Build) -> None:
        """A script that builds into another store would build an image that cannot be used."""
        path = Path(self._plan.root, build.context, build.dockerfile)
        try:
            called = {found.engine for found in engine_calls(path.read_bytes())}
        except OSError as error:
            raise BuildError(f"cannot read {path}: {error.strerror}") from error
        engine, other = self._plan.engine, _OTHER[self._plan.engine]
        if other not in called or engine in called:
            return
        here, there = where(engine, self._ask), where(other, self._ask)
        if here is None or here != there:
            raise BuildError(
                f"{build.context}/{build.dockerfile} builds with {other}, and {engine} has another "
                f"image store: replay with --engine {other}, or let {other} work on the store of "
                f"{engine} (podman's service, or the package podman-docker)"
            )

    def _log(self, image: PlannedImage) -> Path | None:
        if self._logs is None:
            return None
        return self._logs / f"{re.sub(r'[^a-z0-9._-]+', '-', image.name)}.log"


def _not_built(image: PlannedImage, status: Status) -> str:
    why = status.reason if status.presence == "stale" else ""
    more = f": {why}" if why else ""
    return (
        f"{image.name} is {status.presence}{more}: leave out --no-build, or see "
        "`evalpolicy replay plan` for the commands"
    )


def _lost(engine: EngineName, after: Status) -> str:
    if after.presence == "absent":
        return (
            f"the build went well, and {engine} does not have the image: the builder keeps what "
            "it builds elsewhere; choose one that shares the store (`docker buildx use default`)"
        )
    return f"the build succeeded, but the image is not the planned one: {after.reason}"
