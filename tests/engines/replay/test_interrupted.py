"""Runs that do not come to their end: nothing is left of them, and nobody takes them for a pass."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import stores
from containers import CannotStartError, Daemon
from replaying import SHELL, Replayed, copied

from evalpolicy.replay.containers import server_image

pytestmark = pytest.mark.engine("docker", "podman")


@pytest.fixture
def endless(store, tmp_path):
    """A fleet whose agent neither ends nor minds being asked to; its images are there."""
    fleet = copied(store, tmp_path / "fleet")
    fleet.agent("trap '' TERM INT HUP\necho begun\nwhile true; do sleep 1; done")
    provide(fleet)
    return fleet


def provide(fleet):
    """Builds all that a replay needs, which runs until it is told to stop."""
    with fleet.running(SHELL) as process:
        wait_for_runner(fleet, process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=600)


def wait_for_runner(fleet, process, seconds=600, runners=1):
    for _ in range(3 * seconds):
        names = fleet.store.run("ps", "--format", "{{.Names}}").split()
        if sum(name.endswith("-runner") for name in names) >= runners:
            return
        assert process.poll() is None, "\n".join(process.communicate())
        time.sleep(0.3)
    raise AssertionError("no runner was started")


@contextmanager
def begun(fleet: Replayed, *arguments: str, runners: int = 1):
    """A run whose runner runs."""
    with fleet.running(SHELL, "--no-build", *arguments) as process:
        wait_for_runner(fleet, process, runners=runners)
        yield process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_and_removes_what_it_made(endless, number):
    with begun(endless) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=600)
    assert process.returncode == 3
    assert endless.remains() == []
    assert "the run was interrupted" in out
    assert f"{number.name}: removing containers" in err


def test_clean_removes_what_a_killed_run_left_and_no_more(endless, tmp_path):
    clean = endless.command("clean", "--engine", endless.store.name)
    with begun(endless) as living:
        kept = endless.remains()
        with begun(endless, "--output", str(tmp_path / "other"), runners=2) as killed:
            killed.kill()
            killed.wait()
        left = set(endless.remains()) - set(kept)
        assert len(left) == 3  # two containers, and the volume
        dry = _said(endless, [*clean, "--dry-run"])
        assert set(endless.remains()) == left | set(kept)
        said = _said(endless, clean)
        assert sorted(endless.remains()) == sorted(kept)
        assert all(name in said and name in dry for name in left)
        assert "kept 3 that belong to a running replay" in said
        assert living.poll() is None
        living.send_signal(signal.SIGTERM)
        living.communicate(timeout=600)
    assert endless.remains() == []
    assert _said(endless, clean) == "nothing to remove\n"


def _said(fleet, command):
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=dict(fleet.store.environment)
    ).stdout


def test_an_engine_that_goes_away_in_the_middle(docker_based, need_engine, tmp_path):
    """Exit code 3 and a line that says what to do; what is left goes when the engine is back."""
    if isinstance(docker_based, CannotStartError):
        need_engine(str(docker_based))
    daemon = Daemon()
    try:
        docker = daemon.__enter__()
    except CannotStartError as reason:
        need_engine(str(reason))
    try:
        own = stores.Store(
            "docker", docker.version, {**docker_based.environment, "DOCKER_HOST": docker.host}
        )
        fleet = copied(own, tmp_path / "fleet")
        there = copied(docker_based, tmp_path / "there")
        for one in (fleet, there):
            one.agent("trap '' TERM INT HUP\necho begun\nwhile true; do sleep 1; done")
        provide(there)
        stores.copy_images(docker_based, own, *images())
        with begun(fleet) as process:
            assert daemon.process is not None
            daemon.process.kill()
            daemon.process.wait()
            out, _ = process.communicate(timeout=600)
        assert process.returncode == 3, out
        said = " ".join(out.split())
        assert "docker stopped responding (Cannot connect to the Docker daemon" in said
        assert "start it again, then run `evalpolicy replay clean`" in said
        assert "1 not run" in said

        again(daemon, docker.client)
        assert len(fleet.remains()) == 3
        _said(fleet, fleet.command("clean", "--engine", "docker"))
        assert fleet.remains() == []
    finally:
        daemon.stop()


def again(daemon, client):
    """A daemon that was killed needs a while until what it had started notices."""
    for left in (2, 1, 0):
        try:
            daemon.start(str(daemon.process.args[0]), client)
            return
        except CannotStartError:
            if not left:
                raise


def images():
    """What a replay of the fixture takes: the eval image and the server's."""
    base = server_image.base_image("localhost/evalpolicy-example/python:{python}")
    return ["registry.example/fleet/evals/arithmetic--shell:latest", server_image.name(base)]
