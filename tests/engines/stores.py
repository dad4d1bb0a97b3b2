"""docker and podman, each with an image store of the tests' own and nothing of the machine's.

A store is what a client finds through its environment: its PATH has every program of this machine
but only one engine, so that what is run in it cannot take the other one by mistake.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import go_builds
from containers import CannotStartError, Docker

EXAMPLES = Path(__file__).parents[2] / "examples"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
ENGINES = ("docker", "podman", "docker-compose", "buildah", "nerdctl", "finch")
BUILDX = "v0.14.1"
"""A buildx that the Docker of Debian 12 (20.10) understands."""
_BUILDS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evalpolicy-engines"

# runc and cgroupfs: what works in a container as well, where tests may run.
_CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""


@dataclass(frozen=True)
class Store:
    """An engine and the environment in which it is found; `name` is its client's."""

    name: str
    version: str
    environment: Mapping[str, str]

    def run(self, *arguments: str, input: str | None = None) -> str:
        """Runs `docker …` or `podman …` and gives what it printed; fails with what it said."""
        done = subprocess.run(
            [self.name, *arguments],
            input=input, capture_output=True, text=True, check=False, env=dict(self.environment),
        )  # fmt: skip
        assert done.returncode == 0, f"{self.name} {' '.join(arguments)}: {done.stderr[-2000:]}"
        return done.stdout

    def has(self, image: str) -> bool:
        return image in self.run("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()


def programs(folder: Path, **engines: str) -> str:
    """A PATH with all programs of this machine, and of engines only those that are given."""
    folder.mkdir(parents=True)
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / program.name
            if program.name not in ENGINES and not link.is_symlink():
                link.symlink_to(program)
    for name, program in engines.items():
        (folder / name).symlink_to(program)
    return str(folder)


@contextmanager
def docker_store(docker: Docker, buildx: str) -> Iterator[Store]:
    """The tests' daemon, found as users name theirs, and buildx as its plug-in."""
    with tempfile.TemporaryDirectory(prefix="evalpolicy-docker-home-") as home:
        plugins = Path(home, ".docker/cli-plugins")
        plugins.mkdir(parents=True)
        (plugins / "docker-buildx").symlink_to(buildx)
        yield Store(
            "docker",
            docker.version,
            {
                "PATH": programs(Path(home, "bin"), docker=docker.client),
                "HOME": home,
                "DOCKER_CONFIG": f"{home}/.docker",
                "DOCKER_HOST": docker.host,
            },
        )


@contextmanager
def podman_store(podman: str) -> Iterator[Store | CannotStartError]:
    """podman on a store in a temporary folder, which is removed with all that runs in it."""
    folder = Path(tempfile.mkdtemp(prefix="evalpolicy-podman-", dir="/tmp"))
    (folder / "containers.conf").write_text(_CONTAINERS_CONF)
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/root"\nrunroot = "{folder}/run"\n'
    )
    environment = {
        "PATH": programs(folder / "bin", podman=podman),
        "HOME": str(folder),
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }
    try:
        asked = subprocess.run(
            [podman, "version", "--format", "{{.Client.Version}}"],
            capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip
        failed = CannotStartError(f"podman does not answer: {asked.stderr.strip()}")
        yield failed if asked.returncode else Store("podman", asked.stdout.strip(), environment)
    finally:
        subprocess.run(
            [podman, "rm", "--all", "--force", "--time", "0"],
            capture_output=True, check=False, env=environment,
        )  # fmt: skip
        _unmount(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _unmount(folder: Path) -> None:
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        target = line.split()[1]
        if target.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", target], capture_output=True, check=False)


def buildx_program(go: str) -> str:
    """docker's plug-in, built from its Go module once a machine. Raises CannotStartError."""
    program = _BUILDS / f"buildx-{BUILDX}" / "buildx"
    if not program.exists():
        module = f"github.com/docker/buildx/cmd/buildx@{BUILDX}"
        done = go_builds.install(go, module, program, {"GOFLAGS": "-trimpath"})
        if done.returncode:
            raise CannotStartError(f"go install {module} fails: {done.stderr.strip()[-500:]}")
    return str(program)


def copy_images(source: Store, target: Store, *images: str) -> None:
    """From one store into another, without a file in between."""
    with subprocess.Popen(
        [source.name, "save", *images], stdout=subprocess.PIPE, env=dict(source.environment)
    ) as saving:
        done = subprocess.run(
            [target.name, "load"],
            stdin=saving.stdout, capture_output=True, check=False, env=dict(target.environment),
        )  # fmt: skip
    assert (saving.returncode, done.returncode) == (0, 0), done.stderr.decode()[-2000:]


def bases() -> tuple[str, str]:
    """What examples/base-images.sh makes."""
    dockerfile = EXAMPLES / "fleet/containers/agents/codex/Dockerfile"
    codex = re.search(r"^ARG AGENT_VERSION=(.+)$", dockerfile.read_text(), re.M)
    assert codex is not None
    names = "localhost/evalpolicy-example"
    return f"{names}/python:{PYTHON}", f"{names}/codex:{codex[1]}"


def based(store: Store | CannotStartError) -> Store | CannotStartError:
    """The store with the example's base images; they are made where they are not there."""
    if isinstance(store, CannotStartError):
        return store
    packages = ["--packages"] if shutil.which("mmdebstrap") else []
    # npm and apt may need the machine's proxies and certificates.
    environment = {**os.environ, **store.environment, "HOME": str(Path.home())}
    done = subprocess.run(
        [EXAMPLES / "base-images.sh", *packages, "--python", PYTHON, store.name, "codex"],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    if done.returncode:
        return CannotStartError(f"the example's base images: {done.stderr.strip()[-1000:]}")
    return store
