"""An engine's image store, and whether two engines share one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from evalpolicy.errors import NotCheckedError
from evalpolicy.replay.calls import Call, CannotCallError
from evalpolicy.replay.plan.model import (
    LABEL_INPUTS,
    LABEL_RECIPE,
    Command,
    EngineName,
    PlannedImage,
)
from evalpolicy.scanners.shortening import shortened

Presence = Literal["current", "absent", "stale"]

_ABSENT = ("no such image", "no such object", "image not known", "unable to find")
_STORE: Mapping[EngineName, str] = {
    "docker": '{"root":{{json .DockerRootDir}},"host":{{json .Name}}}',
    "podman": '{"root":{{json .Store.GraphRoot}},"host":{{json .Host.Hostname}}}',
}


class Stored(Struct, frozen=True):
    """An image in an engine's store: its id and its labels."""

    id: str
    labels: Mapping[str, str]


class Status(Struct, frozen=True):
    """Whether a planned image exists and is up to date; `reason` says why not."""

    presence: Presence
    reason: str = ""
    id: str = ""


class CannotAskError(NotCheckedError):
    """The engine does not respond, or its output cannot be read."""


class ImageStore:
    """The images of one engine."""

    def __init__(self, engine: EngineName, call: Call) -> None:
        self.engine = engine
        self._call = call

    def find(self, name: str) -> Stored | None:
        """The image of this name, or None. Raises `CannotAskError`."""
        form = '{"id":{{json .ID}},"labels":{{json .Config.Labels}}}'
        outcome = self._asked("image", "inspect", "--format", form, name)
        if outcome is None:
            return None
        found = _parsed(self.engine, outcome)
        identity = str(found.get("id") or "")
        if not identity:
            raise CannotAskError(f"{self.engine}: cannot read its description of the image {name}")
        identity = identity if identity.startswith("sha256:") else f"sha256:{identity}"
        return Stored(identity, found.get("labels") or {})

    def status(self, image: PlannedImage) -> Status:
        """The status of a planned image. Raises `CannotAskError`."""
        stored = self.find(image.name)
        if stored is None:
            return Status("absent", f"{self.engine} has no image of this name")
        reason = _why_stale(image, stored)
        return Status("stale" if reason else "current", reason, stored.id)

    def _asked(self, *arguments: str) -> str | None:
        command = Command((self.engine, *arguments))
        try:
            outcome = self._call(command)
        except CannotCallError as error:
            raise CannotAskError(str(error)) from error
        if outcome.ok:
            return outcome.stdout
        if any(word in outcome.stderr.lower() for word in _ABSENT):
            return None
        raise CannotAskError(f"{command}: {outcome.last_line}")


def where(engine: EngineName, call: Call) -> tuple[str, str] | None:
    """The host and the folder of an engine's image store; None if the engine does not say.

    A docker client connected to podman's service reports podman's folder.
    """
    try:
        outcome = call(Command((engine, "info", "--format", _STORE[engine])))
    except CannotCallError:
        return None
    if not outcome.ok:
        return None
    try:
        found = _parsed(engine, outcome.stdout)
    except CannotAskError:
        return None
    root, host = str(found.get("root") or ""), str(found.get("host") or "")
    return (host, os.path.realpath(root)) if root else None


def _why_stale(image: PlannedImage, stored: Stored) -> str:
    """Why an image is stale; empty if it was built from the plan's inputs."""
    inputs = stored.labels.get(LABEL_INPUTS)
    if inputs is None:
        return f"it has no label {LABEL_INPUTS}: what it was built from is not known"
    if inputs != image.inputs:
        return f"its inputs were {inputs[:12]}, and are {image.inputs[:12]} now"
    if stored.labels.get(LABEL_RECIPE) != image.recipe:
        return "a base image, a build argument or a bake file has changed since"
    return ""


def _parsed(engine: EngineName, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise CannotAskError(
            f"{engine}: its output is not JSON: {shortened(text, 80)!r}"
        ) from error
    if not isinstance(found, dict):
        raise CannotAskError(f"{engine}: its output is not an object: {shortened(text, 80)!r}")
    return found
