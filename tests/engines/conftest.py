"""Engines for the tests: a Docker daemon of our own, and judges built from other people's code."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

# pytest's importlib mode puts no folder on the path; the modules beside this file are shared.
sys.path.insert(0, str(Path(__file__).parent))

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
