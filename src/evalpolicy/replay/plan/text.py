"""A plan as text: the calls as shell lines, and everything else in comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evalpolicy.replay.containers.engines import Engine
from evalpolicy.replay.containers.lifecycle import calls
from evalpolicy.replay.plan.model import Command, Container, Plan, PlannedImage, Replay
from evalpolicy.reporters.safe import listed
from evalpolicy.reporters.text import count

_MIB = 1 << 20


def text(plan: Plan) -> str:
    """The whole plan. It needs no engine and runs nothing."""
    lines = [f"# {count(len(plan.replays), 'replay')} on {plan.engine}, from {plan.root}"]
    if plan.replays:
        lines += ["", f"# image {plan.server_image} (server)"]
        lines += ["#   built by `replay run` from the installed evalpolicy"]
    lines += image_lines(plan.images)
    for replay in plan.replays:
        lines += ["", *replay_lines(plan, replay)]
    if plan.skipped:
        lines += ["", f"# not run: {count(len(plan.skipped), 'fixture')}"]
        lines += [f"#   {one.path}: {one.reason}" for one in plan.skipped]
    return listed(lines)


def image_lines(images: Iterable[PlannedImage]) -> Iterator[str]:
    """How to build each image; a run only builds those that are missing or stale."""
    for image in images:
        yield ""
        yield f"# image {image.name} ({image.role})"
        if image.inputs:
            yield f"#   inputs {image.inputs}"
        if image.problem is not None or image.build is None:
            yield f"#   cannot be built: {image.problem}"
            continue
        yield from map(_line, image.build.steps)
        if image.build.resolved is not None and image.build.fallback is not None:
            yield "# only where its builder cannot see the local base, what this resolves:"
            yield _line(image.build.resolved)
            yield "# is built by podman:"
            yield _line(image.build.fallback)


def replay_lines(plan: Plan, replay: Replay) -> Iterator[str]:
    """The containers of one replay, and the calls that make, start and remove them."""
    server, runner = replay.server, replay.runner
    control = ", against an empty fixture" if replay.control else ""
    yield f"# replay {replay.path}{control}"
    yield f"#   benchmark {replay.benchmark}, task {replay.task}, agent {replay.agent}"
    reward = "" if replay.reward is None else f", reward {replay.reward:g}"
    yield f"#   {count(replay.turns, 'turn')} of {replay.model}{reward}"
    yield f"#   sha256 {replay.sha256}"
    names = ", ".join(f"{name} is {address}" for name, address in server.hosts.items())
    yield f"#   network: loopback only, for both; {names}"
    yield f"#   server: {_limits(server)}"
    yield f"#   runner: {_limits(runner)}"
    yield f"#   leaves {replay.paths.folder}"
    yield from map(_line, calls(Engine(plan.engine), replay))


def _limits(container: Container) -> str:
    limits = container.limits
    return (
        f"{limits.cpus:g} CPU, {limits.memory // _MIB} MiB, {limits.processes} processes, "
        f"{limits.seconds} s"
    )


def _line(command: Command) -> str:
    return str(command)
