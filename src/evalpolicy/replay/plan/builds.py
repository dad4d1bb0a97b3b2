"""The calls that build an image."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from evalpolicy.config.replay import EvalBuild
from evalpolicy.replay.plan.model import Build, Command, EngineName


def engine_build(
    engine: EngineName,
    name: str,
    context: str,
    dockerfile: str,
    args: Mapping[str, str],
    labels: Mapping[str, str],
    network: str | None = None,
    secrets: Sequence[str] = (),
) -> Build:
    """`docker build`, or `podman build`, of one folder. `dockerfile` is a path within it."""
    argv = [
        *_build(engine),
        *("--file", f"{context}/{dockerfile}", "--tag", name),
        *_options(args, labels, network),
        *(f"--secret=id={secret},env={secret}" for secret in secrets),
        _operand(context),
    ]
    return Build("engine", (Command(tuple(argv)),), context, dockerfile)


def script_build(
    engine: EngineName, name: str, script: str, task: str, labels: Mapping[str, str]
) -> Build:
    """A benchmark's build.sh, which is given the image's name and the task.

    `CONTAINER_ENGINE` tells it whose store the image has to be in; one that builds with another
    engine is found out when the image is not there. It knows nothing of labels: they come on top
    of what it made, by a build of that alone.
    """
    stamp = [*_build(engine), "--tag", name, *_options({}, labels, None)]
    stamp += ["-"] if engine == "docker" else ["--file", "-", "--pull=never", "."]
    steps = (
        Command(("bash", _operand(script), name, task), {"CONTAINER_ENGINE": engine}),
        Command(tuple(stamp), stdin=f"FROM {name}\n"),
    )
    folder, _, file = script.rpartition("/")
    return Build("script", steps, folder, file)


def bake_build(
    how: EvalBuild,
    name: str,
    args: Mapping[str, str],
    variables: Mapping[str, str],
    labels: Mapping[str, str],
    network: str | None = None,
    without: Sequence[str] = (),
) -> Build:
    """`docker buildx bake` of the target, and what podman would build instead.

    `without` are the bake files' other variables: what the caller has by these names would change
    the image, and nothing would tell.
    """
    target = how.target
    argv = ["docker", "buildx", "bake", "--progress", "plain"]
    for file in how.bake:
        argv += ["--file", file]
    for key, value in args.items():
        argv += ["--set", f"{target}.args.{key}={value}"]
    for key, value in labels.items():
        argv += ["--set", f"{target}.labels.{key}={value}"]
    argv += ["--set", f"{target}.tags={name}"]
    more = None
    if network:
        # Older versions lack `--set TARGET.network`, so use one more bake file.
        argv += ["--file", "-"]
        more = json.dumps({"target": {target: {"network": network}}}) + "\n"
    resolved = Command((*argv, "--print", target), variables, more, tuple(without))
    build = Command((*argv, "--load", target), variables, more, tuple(without))
    fallback = podman_build(name, how.context, how.dockerfile, args, labels, network)
    return Build("bake", (build,), how.context, how.dockerfile, resolved, fallback, network=network)


def podman_build(
    name: str,
    context: str,
    dockerfile: str,
    args: Mapping[str, str],
    labels: Mapping[str, str],
    network: str | None = None,
    more: Sequence[str] = (),
    inline: str | None = None,
) -> Command:
    """A build by podman, which reads the local image store. `inline` is a Dockerfile's text."""
    absolute = dockerfile.startswith("/")
    path = dockerfile if absolute else f"{context.rstrip('/')}/{dockerfile}"
    argv = [
        *_build("podman"),
        *("--file", path if inline is None else "-", "--tag", name),
        *_options(args, labels, network),
        *more,
        _operand(context),
    ]
    return Command(tuple(argv), stdin=inline)


def same_build(engine: EngineName, podman: Command) -> Command:
    """A build by podman, as `engine` does it."""
    return replace(podman, argv=(*_build(engine), *podman.argv[len(_build("podman")) :]))


def _operand(path: str) -> str:
    """A path as a word that no program mistakes for an option."""
    return f"./{path}" if path.startswith("-") else path


def _build(engine: EngineName) -> list[str]:
    """Podman's own image format has neither SHELL nor HEALTHCHECK, so it uses Docker's."""
    return [engine, "build", *(["--format", "docker"] if engine == "podman" else [])]


def _options(args: Mapping[str, str], labels: Mapping[str, str], network: str | None) -> list[str]:
    options = []
    for key, value in args.items():
        options += ["--build-arg", f"{key}={value}"]
    for key, value in labels.items():
        options += ["--label", f"{key}={value}"]
    return [*options, "--network", network] if network else options
