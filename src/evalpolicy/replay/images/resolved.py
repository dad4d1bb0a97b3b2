"""Converts the output of `docker buildx bake --print` to a build by podman."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evalpolicy.replay.plan.builds import podman_build
from evalpolicy.replay.plan.model import Command

# Keys that don't change the image, only its destination.
_NO_MATTER = frozenset(
    {"annotations", "attest", "cache-from", "cache-to", "call", "description", "entitlements"}
    | {"no-cache-filter", "output"}
)
_READ = frozenset(
    {"args", "context", "contexts", "dockerfile", "dockerfile-inline", "extra-hosts", "labels"}
    | {"network", "no-cache", "platforms", "pull", "secret", "shm-size", "tags", "target"}
)


class CannotConvertError(Exception):
    """Podman cannot build the resolved bake target; the message says why."""


def from_print(text: str, target: str, name: str, network: str | None = None) -> Command:
    """The build by podman of a target, under the one name that the plan gives it.

    `network` is for a bake that does not know the setting (buildx 0.14).

    Raises `CannotConvertError`: never is anything left out that would change the image.
    """
    found = _target(text, target)
    unknown = sorted(key for key in found if key not in _READ | _NO_MATTER)
    if unknown:
        raise CannotConvertError(f"podman does not support bake's {', '.join(unknown)}")
    tags = found.get("tags") or []
    if tags != [name]:
        raise CannotConvertError(f"bake would tag {target} {tags}, not {name}")
    context = str(found.get("context", "."))
    if "://" in context or context.startswith("target:"):
        raise CannotConvertError(f"its context {context} is not a folder")
    return podman_build(
        name,
        context,
        str(found.get("dockerfile", "Dockerfile")),
        _texts(found, "args"),
        _texts(found, "labels"),
        found.get("network") or network,
        _more(found),
        found.get("dockerfile-inline"),
    )


def _target(text: str, target: str) -> dict[str, Any]:
    try:
        found = json.loads(text)["target"][target]
    except (ValueError, KeyError, TypeError) as error:
        raise CannotConvertError(f"bake --print does not list the target {target}") from error
    if not isinstance(found, dict):
        raise CannotConvertError(f"bake --print does not list the target {target}")
    return found


def _texts(found: Mapping[str, Any], key: str) -> dict[str, str]:
    """A table of strings; null values are not set."""
    table = found.get(key) or {}
    return {str(name): str(value) for name, value in table.items() if value is not None}


def _more(found: Mapping[str, Any]) -> list[str]:
    options = [f"--target={found['target']}"] if found.get("target") else []
    platforms = found.get("platforms") or []
    if len(platforms) > 1:
        raise CannotConvertError(f"it has {len(platforms)} platforms, but a replay needs one")
    options += [f"--platform={platform}" for platform in platforms]
    for name, source in (found.get("contexts") or {}).items():
        if str(source).startswith("target:"):
            raise CannotConvertError(f"its context {name} is another target of the bake files")
        options.append(f"--build-context={name}={source}")
    options += [f"--secret={_secret(secret)}" for secret in found.get("secret") or []]
    options += [f"--add-host={host}:{at}" for host, at in (found.get("extra-hosts") or {}).items()]
    if found.get("shm-size"):
        options.append(f"--shm-size={found['shm-size']}")
    if found.get("no-cache"):
        options.append("--no-cache")
    return options


def _secret(secret: object) -> str:
    """As buildx prints it: text, or since 0.20 an object."""
    if isinstance(secret, Mapping):
        return ",".join(f"{key}={value}" for key, value in secret.items() if key != "type")
    return str(secret)
