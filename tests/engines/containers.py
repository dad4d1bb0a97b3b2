"""A Docker daemon of the tests' own, and how to build with it.

The daemon keeps everything in one temporary folder, listens on a socket there and nowhere else,
touches no firewall and has no network for containers; images cannot be pulled unless the machine's
network lets them. Stopping it ends this process and removes the folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

START_ATTEMPTS = 1500


class CannotStartError(Exception):
    """Why there is no daemon."""


@dataclass(frozen=True)
class Docker:
    """A client and the daemon that it talks to."""

    client: str
    host: str
    version: str

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs `docker …`; the caller looks at the exit code."""
        return subprocess.run(
            [self.client, "--host", self.host, *arguments],
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), **environment},
            check=False,
        )


class Daemon:
    """`with Daemon() as docker:`. Raises CannotStartError with the reason."""

    def __init__(self) -> None:
        self.folder = Path()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Docker:
        dockerd = shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/sbin")
        if dockerd is None:
            raise CannotStartError("dockerd is not installed (Debian: apt install docker.io)")
        if os.geteuid() != 0:
            raise CannotStartError("dockerd needs root")
        client = _client(Path(dockerd))
        # A path of a Unix socket may have 107 bytes: not below a deep temporary folder.
        self.folder = Path(tempfile.mkdtemp(prefix="evalpolicy-docker-", dir="/tmp"))
        try:
            return Docker(client, f"unix://{self.folder}/docker.sock", self.start(dockerd, client))
        except BaseException:
            self.stop()
            raise

    def start(self, dockerd: str, client: str) -> str:
        """Starts the daemon, or starts it again, on what its folder holds; gives its version."""
        host = f"unix://{self.folder}/docker.sock"
        log = self.folder / "log"
        config = self.folder / "daemon.json"  # The machine's own must not reach this daemon.
        config.write_text("{}")
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [
                    dockerd,
                    f"--host={host}",
                    f"--data-root={self.folder}/data",
                    f"--exec-root={self.folder}/exec",
                    f"--pidfile={self.folder}/pid",
                    f"--config-file={config}",
                    "--bridge=none",
                    "--iptables=false",
                    "--ip6tables=false",
                ],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self._wait(client, host, log)

    def _wait(self, client: str, host: str, log: Path) -> str:
        assert self.process is not None
        command = [client, "--host", host, "version", "--format", "{{.Server.Version}}"]
        for _ in range(START_ATTEMPTS):
            if self.process.poll() is not None:
                last = (log.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]
                raise CannotStartError(f"dockerd ended with {self.process.returncode}: {last}")
            asked = subprocess.run(command, capture_output=True, text=True, check=False)
            if asked.returncode == 0:
                return asked.stdout.strip()
            time.sleep(0.2)
        raise CannotStartError(f"dockerd did not answer {START_ATTEMPTS} times")

    def stop(self) -> None:
        """Ends the daemon, with what it started, and removes its folder."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self._unmount()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _unmount(self) -> None:
        """What a daemon that was killed left mounted in its folder."""
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        for line in reversed(mounts):
            target = line.split()[1]
            if target.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "--lazy", target], capture_output=True, check=False)

    def __exit__(self, *_: object) -> None:
        self.stop()


def _client(dockerd: Path) -> str:
    """The client that came with the daemon: a much newer one may not speak its API."""
    beside = ["/usr/bin", str(dockerd.parent.parent / "bin"), str(dockerd.parent)]
    found = shutil.which("docker", path=os.pathsep.join(beside)) or shutil.which("docker")
    if found is None:
        raise CannotStartError("the docker client is not installed (Debian: apt install docker.io)")
    return found
