"""The calls that create containers, word for word."""

from __future__ import annotations

import json

import pytest

from evalpolicy.replay.containers import creating
from evalpolicy.replay.plan.model import Container, ContainerLimits, Mount

LIMITS = ContainerLimits(1.5, 2 << 20, 64, 1024, 3 << 20, 60)
OUTPUT = Mount("volume", "/output", "run-1-output", size=8192)


@pytest.fixture(autouse=True)
def no_client_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    creating._client_adds_proxies.cache_clear()
    yield tmp_path / "config.json"
    creating._client_adds_proxies.cache_clear()


def words(engine, **more):
    made = creating.created(engine, Container("c", "image:1", "none", LIMITS, **more))
    assert made.create.argv[:2] == (engine, "create")
    return made, " ".join(made.create.argv)


@pytest.mark.parametrize("engine", ["docker", "podman"])
class TestBoth:
    def test_it_is_shut_in(self, engine):
        _, said = words(engine)
        assert "--pull never" in said
        assert "--network none" in said
        assert "--publish" not in said
        assert "docker.sock" not in said
        assert "--privileged" not in said
        assert "--security-opt no-new-privileges" in said
        assert "--cap-drop NET_RAW" in said

    def test_it_has_limits(self, engine):
        _, said = words(engine)
        for limit in (
            "--cpus 1.5", "--memory 2097152", "--memory-swap 2097152", "--pids-limit 64",
            "--ulimit nofile=1024:1024", "--ulimit fsize=3145728:3145728", "--ulimit core=0:0",
        ):  # fmt: skip
            assert limit in said

    def test_the_servers_rights_are_none(self, engine):
        _, said = words(engine, user="65534:65534", read_only=True)
        assert "--user 65534:65534" in said
        assert "--read-only --cap-drop ALL" in said

    def test_a_volume_in_memory_is_made_before(self, engine):
        made, said = words(engine, mounts=(OUTPUT,), labels={"a": "b"})
        assert [str(command) for command in made.before] == [
            f"{engine} volume create --driver local --opt type=tmpfs --opt device=tmpfs --opt "
            "o=nr_blocks=2,mode=1777,nosuid,nodev --label a=b run-1-output"
        ]
        assert "--mount type=volume,source=run-1-output,target=/output" in said

    def test_only_what_is_given_is_in_the_environment(self, engine, monkeypatch):
        monkeypatch.setenv("SECRET", "of the host")
        _, said = words(engine, environment={"A": "1 2", "B": ""})
        assert "--env A=1 2 --env B= " in said
        assert "of the host" not in said

    def test_nothing_is_logged_of_what_is_read_while_it_runs(self, engine):
        assert "--log-driver none" in words(engine, attached=True)[1]
        assert "--log-opt max-size=" in words(engine)[1]

    def test_a_path_with_a_comma_is_one_path(self, engine):
        mount = Mount("bind", "/f", '/a,b"c/d', read_only=True)
        made, _ = words(engine, mounts=(mount,))
        assert 'type=bind,"source=/a,b""c/d",target=/f,ro' in made.create.argv

    def test_the_image_and_its_command_come_last(self, engine):
        made, _ = words(engine, command=("sh", "-c", "--rm"))
        assert made.create.argv[-4:] == ("image:1", "sh", "-c", "--rm")


def test_podman_takes_no_proxy_and_no_variable_of_the_host():
    _, said = words("podman")
    assert "--http-proxy=false --env-host=false" in said


def test_what_dockers_client_would_add_is_given_empty(no_client_configuration):
    assert "PROXY" not in words("docker")[1]
    no_client_configuration.write_text(json.dumps({"proxies": {"default": {}}}))
    creating._client_adds_proxies.cache_clear()
    _, said = words("docker")
    assert "--env HTTPS_PROXY= --env https_proxy= " in said


def test_names_are_added_unless_the_file_is_mounted():
    assert "--add-host gateway:127.0.0.1" in words("docker", hosts={"gateway": "127.0.0.1"})[1]
    assert creating.hosts_mount("docker", "/f") == ()
    [mount] = creating.hosts_mount("podman", "/f")
    made, said = words("podman", mounts=(mount,), hosts={"gateway": "127.0.0.1"})
    assert "--no-hosts" in made.create.argv
    assert "--add-host" not in said
    assert creating.hosts({"gateway": "127.0.0.1"}) == "127.0.0.1\tlocalhost\n127.0.0.1\tgateway\n"
