"""A plan as JSON, with the model's field names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict

from evalpolicy.policy.portable import portable
from evalpolicy.replay.plan.model import Command, Container, Plan, PlannedImage, Replay
from evalpolicy.reporters.json import written

VERSION = "1"


def dumps(plan: Plan) -> str:
    """The document as text, with bytes that are not UTF-8 escaped."""
    return written(document(plan)) + "\n"


def document(plan: Plan) -> dict[str, Any]:
    """Each call appears twice: as a list of words, and as a shell line."""
    return {
        "version": VERSION,
        "run": plan.run,
        "engine": plan.engine,
        "root": portable(plan.root),
        "server_image": plan.server_image,
        "images": [_image(image) for image in plan.images],
        "replays": [_replay(replay) for replay in plan.replays],
        "skipped": [
            {"path": portable(one.path), "reason": one.reason, "broken": one.broken}
            for one in plan.skipped
        ],
    }


def _image(image: PlannedImage) -> dict[str, Any]:
    build = image.build
    return {
        "name": image.name,
        "role": image.role,
        "labels": dict(image.labels),
        "bases": list(image.bases),
        "problem": image.problem,
        "build": build
        and {
            "kind": build.kind,
            "context": portable(build.context),
            "dockerfile": portable(build.dockerfile),
            "steps": [_command(step) for step in build.steps],
            "resolved": build.resolved and _command(build.resolved),
            "fallback": build.fallback and _command(build.fallback),
        },
    }


def _replay(replay: Replay) -> dict[str, Any]:
    return {
        "name": portable(replay.name),
        "path": portable(replay.path),
        "sha256": replay.sha256,
        "benchmark": replay.benchmark,
        "task": replay.task,
        "agent": replay.agent,
        "model": replay.model,
        "turns": replay.turns,
        "reward": replay.reward,
        "image": replay.image,
        "control": replay.control,
        "paths": {key: portable(path) for key, path in asdict(replay.paths).items()},
        "containers": {
            "server": _container(replay.server),
            "runner": _container(replay.runner),
        },
    }


def _container(container: Container) -> dict[str, Any]:
    return {
        "name": container.name,
        "image": container.image,
        "network": container.network,
        "hosts": dict(container.hosts),
        "user": container.user,
        "read_only": container.read_only,
        "limits": asdict(container.limits),
        "mounts": [asdict(mount) for mount in container.mounts],
        "environment": dict(container.environment),
        "labels": dict(container.labels),
        "command": list(container.command),
        "create": [_command(call) for call in (*container.before, container.create)],
    }


def _command(command: Command) -> dict[str, Any]:
    environment: Mapping[str, str] = command.environment
    return {
        "argv": list(command.argv),
        "environment": dict(environment),
        "without": list(command.without),
        "stdin": command.stdin,
        "shell": str(command),
    }
