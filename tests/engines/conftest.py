"""Engines for the tests: a Docker daemon of our own, and judges built from other people's code."""

from __future__ import annotations

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


@pytest.fixture
def buildkit_judge(need_tool, need_engine):
    """BuildKit's own packages, as a program that reads Dockerfiles."""
    go = need_tool("go")
    try:
        judge = Judge(build(go))
    except CannotBuildError as reason:
        need_engine(str(reason))
        return
    yield judge
    judge.close()
