"""docker and podman: which is there, and what is asked of it.

The client is a child process with the caller's environment (`DOCKER_HOST`, contexts,
`CONTAINERS_CONF`), in a session of its own: Ctrl-C reaches evalpolicy alone, which then removes
what it made before it ends.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from msgspec import Struct

from evalpolicy.errors import NotCheckedError
from evalpolicy.replay.plan.model import Command, EngineName

ENGINES: tuple[EngineName, ...] = get_args(EngineName)

_ANSWER = 20
"""Seconds an engine has to respond to the first call."""
_CALL = 120
"""Seconds for a call that creates, reads or removes something."""


class EngineGoneError(NotCheckedError):
    """The engine does not respond (any more)."""


class CallFailedError(Exception):
    """The engine responds, but refuses the call; the message is the engine's."""


class ContainerState(Struct, frozen=True):
    """A container as its engine sees it. `image` is `sha256:…`."""

    started: bool
    running: bool
    exit_code: int
    out_of_memory: bool
    image: str
    written: int | None = None


class Engine:
    """One engine by the name of its client."""

    def __init__(self, name: EngineName, version: str = "") -> None:
        self.name = name
        self.version = version

    def run(self, command: Command, timeout: float = _CALL, cwd: str | None = None) -> str:
        """Runs a call of this engine and returns its output.

        Raises `EngineGoneError` or `CallFailedError`.
        """
        try:
            done = self._run(command, timeout, cwd)
        except subprocess.TimeoutExpired as error:
            raise EngineGoneError(
                f"{self.name} did not answer within {timeout:.0f} s: {command}"
            ) from error
        if done.returncode == 0:
            return done.stdout.decode("utf-8", "replace")
        raise self.refusal(done.stderr.decode("utf-8", "replace"))

    def refusal(self, said: str) -> Exception:
        """Why a call failed: the engine is gone, or it refused."""
        reason = _last_line(said)
        try:
            if self._run(_asks_for_version(self.name), _ANSWER).returncode == 0:
                return CallFailedError(f"{self.name}: {reason}")
        except subprocess.TimeoutExpired:
            pass
        return EngineGoneError(
            f"{self.name} stopped responding ({reason}): start it again, then run "
            "`evalpolicy replay clean` to remove what it still has"
        )

    def start(self, name: str, cwd: str) -> None:
        """Starts a container that was created.

        podman's conmon leaves a file `oom` in the folder `cwd` if the container comes to need more
        memory than it may have.
        """
        self.run(self.start_command(name), cwd=cwd)

    def start_command(self, name: str) -> Command:
        """Starts a container, which then runs by itself."""
        return Command((self.name, "start", name))

    def attached(self, name: str) -> Command:
        """Starts a container and passes on what it prints, until it ends."""
        return Command((self.name, "start", "--attach", name))

    def kill(self, name: str) -> None:
        """Kills a container; does nothing if it has already ended."""
        try:
            self.run(Command((self.name, "kill", "--signal", "KILL", name)))
        except CallFailedError:
            return

    def state(self, name: str, *, size: bool = False) -> ContainerState | None:
        """A container's state, with what it wrote outside its mounts; None if it is gone."""
        try:
            return self.states(name, size=size)[0]
        except CallFailedError as error:
            if "no such container" in str(error).lower():
                return None
            raise

    def states(self, *names: str, size: bool = False) -> list[ContainerState]:
        """The states of containers, by one call; raises `CallFailedError` if one is gone."""
        form = '{"state":{{json .State}},"image":{{json .Image}}'
        form += ',"written":{{json .SizeRw}}}' if size else "}"
        more = ("--size",) if size else ()
        asked = (self.name, "container", "inspect", *more, "--format", form, *names)
        found = [_state(line) for line in self.run(Command(asked)).splitlines() if line.strip()]
        if len(found) != len(names) or None in found:
            raise CallFailedError(f"{self.name}: cannot read the state of {', '.join(names)}")
        return [state for state in found if state is not None]

    def logs(self, name: str) -> str:
        """A container's output, both streams; empty if it is not available."""
        try:
            done = self._run(Command((self.name, "logs", name)), _CALL)
        except subprocess.TimeoutExpired:
            return ""
        return (done.stdout + done.stderr).decode("utf-8", "replace")

    def remove(self, name: str) -> Command:
        """Removes a container, running or not, with the volumes that have no name."""
        now = ("--time", "0") if self.name == "podman" else ()
        return Command((self.name, "rm", "--force", "--volumes", *now, name))

    def remove_volume(self, name: str) -> Command:
        """Removes a volume."""
        return Command((self.name, "volume", "rm", "--force", name))

    def containers(self, label: str) -> list[dict[str, str]]:
        """All containers with a label, those that run and those that do not."""
        return self._listed(("ps", "--all", "--no-trunc"), "Names", label)

    def volumes(self, label: str) -> list[dict[str, str]]:
        """All volumes with a label."""
        return self._listed(("volume", "ls"), "Name", label)

    def _listed(self, what: Sequence[str], name: str, label: str) -> list[dict[str, str]]:
        """Name and labels of each; each label is queried separately, whatever its value."""
        keys = ("run", "replay", "owner")
        fields = ",".join(
            [f'"name":{{{{json .{name}}}}}']
            + [f'"{key}":{{{{json (.Label "org.evalpolicy.{key}")}}}}' for key in keys]
        )
        if self.name == "podman":
            fields = f'"name":{{{{json .{name}}}}},"labels":{{{{json .Labels}}}}'
        asked = (self.name, *what, "--filter", f"label={label}", "--format", f"{{{fields}}}")
        rows = [json.loads(line) for line in self.run(Command(asked)).splitlines() if line.strip()]
        return [_row(row, keys) for row in rows]

    def _run(
        self, command: Command, timeout: float, cwd: str | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                command.argv,
                cwd=cwd,
                env={**os.environ, **command.environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
                start_new_session=True,
            )
        except OSError as error:
            raise EngineGoneError(f"cannot run {command.argv[0]}: {error.strerror}") from error


def find(name: EngineName | None = None) -> Engine:
    """The engine of this name, or the first of docker and podman that answers.

    Raises `EngineGoneError` if none is installed, or none responds.
    """
    asked: Iterable[EngineName] = ENGINES if name is None else (name,)
    installed = [one for one in asked if shutil.which(one) is not None]
    if not installed:
        wanted = name or " nor ".join(ENGINES)
        neither = "" if name else "neither "
        raise EngineGoneError(
            f"{neither}{wanted} is installed: a replay needs an engine that runs containers"
        )
    reasons = []
    for one in installed:
        engine = Engine(one)
        try:
            done = engine._run(_asks_for_version(one), _ANSWER)
        except subprocess.TimeoutExpired:
            reasons.append(f"{one} did not respond within {_ANSWER} s")
            continue
        if done.returncode == 0:
            return Engine(one, done.stdout.decode("utf-8", "replace").strip())
        reasons.append(f"{one}: {_last_line(done.stderr.decode('utf-8', 'replace'))}")
    raise EngineGoneError(f"no engine responds ({'; '.join(reasons)}): start one of them")


def _asks_for_version(name: EngineName) -> Command:
    if name == "podman":
        return Command((name, "info", "--format", "{{.Version.Version}}"))
    return Command((name, "version", "--format", "{{.Server.Version}}"))


def _state(line: str) -> ContainerState | None:
    try:
        found: Any = json.loads(line)
        state, image, written = found["state"], str(found["image"]), found.get("written")
        return ContainerState(
            started=not str(state["StartedAt"]).startswith("0001-01-01"),
            running=bool(state["Running"]),
            exit_code=int(state["ExitCode"]),
            out_of_memory=bool(state["OOMKilled"]),
            image=image if image.startswith("sha256:") else f"sha256:{image}",
            written=int(written) if isinstance(written, int) else None,
        )
    except (ValueError, KeyError, TypeError):
        return None


def _row(row: Mapping[str, Any], keys: Sequence[str]) -> dict[str, str]:
    name = row["name"]
    labels = row.get("labels") or {}
    found = {key: row.get(key) or labels.get(f"org.evalpolicy.{key}") or "" for key in keys}
    return {"name": name[0] if isinstance(name, list) else str(name), **found}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"
