"""The calls that create a replay's containers and volumes, as docker and podman take them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from evalpolicy.replay.plan.model import Command, Container, EngineName, Mount

HOSTS = "/etc/hosts"

_PAGE = 4096
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
# Docker's default capabilities that a runner never needs; podman doesn't grant them.
_NOT_NEEDED = ("NET_RAW", "MKNOD", "AUDIT_WRITE")
# The limit of the server's log (calls are in the journal).
_SERVER_LOG = "1m"


def volume(engine: EngineName, name: str, size: int, labels: Mapping[str, str]) -> Command:
    """Makes a volume in memory, of at most `size` bytes.

    It keeps its content as long as a container that mounts it runs. The size is in blocks,
    because podman 4.3 takes `size=` for a quota of the disk.
    """
    return Command(
        (
            engine, "volume", "create", "--driver", "local",
            "--opt", "type=tmpfs", "--opt", "device=tmpfs",
            "--opt", f"o=nr_blocks={max(size // _PAGE, 1)},mode=1777,nosuid,nodev",
            *_labels(labels), name,
        )
    )  # fmt: skip


def created(engine: EngineName, container: Container) -> Container:
    """The container with the calls that make its volumes and then itself."""
    before = tuple(
        volume(engine, mount.source, mount.size or 0, container.labels)
        for mount in container.mounts
        if mount.kind == "volume" and mount.size is not None
    )
    return replace(container, before=before, create=_create(engine, container))


def _create(engine: EngineName, container: Container) -> Command:
    """Pulls no image, publishes no port, and passes in no variable of the host."""
    return Command(
        (
            engine, "create", "--pull", "never", "--name", container.name,
            "--network", container.network,
            *_hosts(container), *_labels(container.labels),
            *_environment(engine, container.environment),
            *(word for mount in container.mounts for word in _mount(mount)),
            *_limits(engine, container),
            *_rights(container),
            *_log(engine, container),
            container.image, *container.command,
        )
    )  # fmt: skip


def hosts_mount(engine: EngineName, folder: str) -> tuple[Mount, ...]:
    """Tells the runner the host names of its server.

    It shares the server's file with docker. podman (4.3) gives it one that is made of the host's,
    so it gets one from the replay's folder; `hosts` is what that holds.
    """
    return (Mount("bind", HOSTS, f"{folder}/hosts", True),) if engine == "podman" else ()


def hosts(names: Mapping[str, str]) -> str:
    """A hosts file with these names and their addresses."""
    known = {"localhost": "127.0.0.1", **names}
    return "".join(f"{address}\t{name}\n" for name, address in known.items())


def _hosts(container: Container) -> Iterator[str]:
    if any(mount.target == HOSTS for mount in container.mounts):
        yield "--no-hosts"
        return
    for name, address in container.hosts.items():
        yield from ("--add-host", f"{name}:{address}")


def _labels(labels: Mapping[str, str]) -> Iterator[str]:
    for key, value in labels.items():
        yield from ("--label", f"{key}={value}")


def _environment(engine: EngineName, environment: Mapping[str, str]) -> Iterator[str]:
    if engine == "podman":
        yield from ("--http-proxy=false", "--env-host=false")
    elif _client_adds_proxies():
        # The docker client adds proxy variables from its configuration unless they are set.
        for name in _PROXIES:
            yield from ("--env", f"{name}=", "--env", f"{name.lower()}=")
    for name, value in environment.items():
        yield from ("--env", f"{name}={value}")


def _mount(mount: Mount) -> Iterator[str]:
    match mount.kind:
        case "tmpfs":
            size = f",size={mount.size}" if mount.size is not None else ""
            yield from ("--tmpfs", f"{mount.target}:rw,noexec,nosuid,nodev{size}")
        case "bind" | "volume" as kind:
            fields = [f"type={kind}", f"source={mount.source}", f"target={mount.target}"]
            if mount.read_only:
                fields.append("ro")
            yield from ("--mount", ",".join(map(_csv, fields)))


def _csv(field: str) -> str:
    """A field of `--mount`: comma-separated values, quoted if necessary."""
    if not set(field) & set(',"\n\r'):
        return field
    return '"' + field.replace('"', '""') + '"'


def _limits(engine: EngineName, container: Container) -> Iterator[str]:
    limits = container.limits
    yield from ("--cpus", f"{limits.cpus:g}")
    yield from ("--memory", str(limits.memory), "--memory-swap", str(limits.memory))
    yield from ("--pids-limit", str(limits.processes))
    yield from ("--ulimit", f"nofile={limits.open_files}:{limits.open_files}")
    yield from ("--ulimit", f"fsize={limits.file_size}:{limits.file_size}")
    yield from ("--ulimit", "core=0:0")
    if engine == "podman":
        # podman raises this one to its own default, which is not allowed everywhere. It counts
        # all processes of a user's id on the machine, so it has to leave room for other runs.
        yield from ("--ulimit", "nproc=4096:4096")


def _rights(container: Container) -> Iterator[str]:
    yield from ("--security-opt", "no-new-privileges")
    if container.user is not None:
        yield from ("--user", container.user)
    if container.read_only:
        # The server: it only reads a file of the caller's, and writes its journal beside.
        yield from ("--read-only", "--cap-drop", "ALL", "--security-opt", "label=disable")
        return
    for capability in _NOT_NEEDED:
        yield from ("--cap-drop", capability)


def _log(engine: EngineName, container: Container) -> Iterator[str]:
    if container.attached:
        yield from ("--log-driver", "none")
        return
    driver = "json-file" if engine == "docker" else "k8s-file"
    yield from ("--log-driver", driver, "--log-opt", f"max-size={_SERVER_LOG}")


@cache
def _client_adds_proxies() -> bool:
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        settings = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return False
    return bool(isinstance(settings, dict) and settings.get("proxies"))
