"""Builds eval images with `docker buildx bake`, or podman if its builder cannot see the base."""

from __future__ import annotations

from collections.abc import Callable, Collection

from evalpolicy.replay.calls import Call, CannotCallError, Outcome
from evalpolicy.replay.images.failures import unresolved_base
from evalpolicy.replay.images.resolved import CannotConvertError, from_print
from evalpolicy.replay.images.store import where
from evalpolicy.replay.plan.builds import same_build
from evalpolicy.replay.plan.model import Build, Command, EngineName, PlannedImage

# podman's docker emulation also has buildx, but without bake.
_BUILDX = Command(("docker", "buildx", "bake", "--help"))


class BuildError(Exception):
    """An image could not be built; the message says why, and what to do."""


class Baker:
    """Builds eval images for one engine. `ask` is for questions, `run` for builds."""

    def __init__(
        self, engine: EngineName, ask: Call, run: Call, tell: Callable[[str], None]
    ) -> None:
        self._engine = engine
        self._ask = ask
        self._run = run
        self._tell = tell

    def build(self, image: PlannedImage, build: Build, local: Collection[str]) -> None:
        """Builds it. `local` are bases that are in the engine's store. Raises `BuildError`.

        docker bakes. podman bakes too where docker works on podman's store, else what bake would
        make could not be run, and podman builds what bake resolves. Without buildx, which alone
        reads bake files, the engine builds what the configuration says of the target, if that
        says as much as the bake files do.
        """
        if not self._has_buildx():
            if build.fallback is None or build.unknown:
                raise BuildError(
                    "docker buildx is not installed, which reads the bake files, and they set more "
                    f"than [replay.eval] does ({', '.join(build.unknown)}): install docker-buildx"
                )
            self._tell(
                f"{image.name}: docker buildx is not installed, which reads bake files: "
                f"{self._engine} builds it as [replay.eval] says"
            )
            self._run_or_fail(same_build(self._engine, build.fallback))
            return
        shared = self._engine == "docker" or self._share()
        if not shared:
            self._tell(f"{image.name}: docker has not podman's image store: podman builds it")
            self._by_podman(image, build)
            return
        outcome = self._run(build.steps[0])
        if outcome.ok:
            return
        base = unresolved_base(outcome.stderr, local)
        if base is None:
            raise BuildError(said(outcome))
        if self._engine == "docker" and not self._share():
            raise BuildError(
                f"the builder of `docker buildx` cannot see {base}, which is in docker's image "
                "store, and podman has another one: run `docker buildx use default`, whose builder "
                "is docker itself"
            )
        self._tell(f"{image.name}: bake's builder cannot see {base}: podman builds it")
        self._by_podman(image, build)

    def _share(self) -> bool:
        here = where("podman", self._ask)
        return here is not None and here == where("docker", self._ask)

    def _by_podman(self, image: PlannedImage, build: Build) -> None:
        assert build.resolved is not None, "what is baked can be printed"
        printed = self._ask(build.resolved)
        if not printed.ok:
            raise BuildError(said(printed))
        try:
            command = from_print(printed.stdout, build.resolved.argv[-1], image.name, build.network)
        except CannotConvertError as error:
            raise BuildError(str(error)) from error
        if build.fallback is not None and _meaning(command) != _meaning(build.fallback):
            self._tell(f"{image.name}: as bake resolves it: {command}")
        self._run_or_fail(command)

    def _run_or_fail(self, command: Command) -> None:
        outcome = self._run(command)
        if not outcome.ok:
            raise BuildError(said(outcome))

    def _has_buildx(self) -> bool:
        try:
            asked = self._ask(_BUILDX)
        except CannotCallError:
            return False
        return asked.ok and "buildx bake" in asked.stdout


def _meaning(command: Command) -> list[str]:
    return sorted(command.argv)


def said(outcome: Outcome) -> str:
    """Why a build failed, in the builder's own words, and where its log is."""
    more = f"see {outcome.log}" if outcome.log else f"the call was: {outcome.command}"
    return f"{outcome.last_line}; {more}"
