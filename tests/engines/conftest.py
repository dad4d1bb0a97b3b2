"""Engines for the tests: a Docker daemon of our own, and judges built from other people's code."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

# pytest's importlib mode puts no folder on the path; the modules beside this file are shared.
sys.path.insert(0, str(Path(__file__).parent))

import stores
from containers import CannotStartError, Daemon
from dockerfile_oracle.buildkit import CannotBuildError, Judge, build


@pytest.fixture(scope="session")
def docker_daemon():
    """The private daemon of this session, or the reason why there is none."""
    daemon = Daemon()
    try:
        docker = daemon.__enter__()
    except CannotStartError as reason:
        yield str(reason)
        return
    try:
        yield docker
    finally:
        daemon.stop()


@pytest.fixture
def docker(docker_daemon, need_engine):
    """A `containers.Docker`; without one the test is skipped, or fails if engines are required."""
    if isinstance(docker_daemon, str):
        need_engine(docker_daemon)
    return docker_daemon


@pytest.fixture(scope="session")
def buildkit_binary():
    """The Go judge's binary, or the reason why it cannot be built, which takes a while to know."""
    go = shutil.which("go")
    if go is None:
        return "go is not on PATH"
    try:
        return build(go)
    except CannotBuildError as reason:
        return str(reason)


@pytest.fixture
def buildkit_judge(buildkit_binary, need_engine):
    """BuildKit's own packages, as a program that reads Dockerfiles."""
    if isinstance(buildkit_binary, str):
        need_engine(buildkit_binary)
    judge = Judge(buildkit_binary)
    yield judge
    judge.close()


@pytest.fixture(scope="session")
def buildx_program():
    """docker's plug-in buildx, built from its Go module, or the reason why it is not there."""
    go = shutil.which("go")
    if go is None:
        return CannotStartError("go is not on PATH")
    try:
        return stores.buildx_program(go)
    except CannotStartError as reason:
        return reason


@pytest.fixture(scope="session")
def docker_based(docker_daemon, buildx_program):
    """The tests' Docker with the example's base images, or the reason why it is not there."""
    if isinstance(docker_daemon, str):
        docker_daemon = CannotStartError(docker_daemon)
    for part in (docker_daemon, buildx_program):
        if isinstance(part, CannotStartError):
            yield part
            return
    with stores.docker_store(docker_daemon, buildx_program) as store:
        yield stores.based(store)


@pytest.fixture(scope="session")
def podman_based(docker_based):
    """podman with the example's base images, or the reason why it is not there."""
    podman = shutil.which("podman")
    if podman is None:
        yield CannotStartError("podman is not installed (Debian: apt install podman)")
        return
    with stores.podman_store(podman) as store:
        if isinstance(store, stores.Store) and isinstance(docker_based, stores.Store):
            stores.copy_images(docker_based, store, *stores.bases())
        yield stores.based(store)


@pytest.fixture(params=["docker", "podman"])
def store(request, need_engine):
    """A `stores.Store` with the example's base images: docker's, then podman's."""
    based = request.getfixturevalue(f"{request.param}_based")
    if isinstance(based, CannotStartError):
        need_engine(str(based))
    return based
