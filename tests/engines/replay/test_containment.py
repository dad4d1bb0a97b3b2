"""What an agent may do in its container: nothing that reaches anybody else. On both engines."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from containing import MIB, RESULT, contained

pytestmark = pytest.mark.engine("docker", "podman")

REACH = """
import socket, sys
for host, port in [a.rsplit("|", 1) for a in sys.argv[1:]]:
    try:
        with socket.create_connection((host, int(port)), timeout=3):
            print("reached", host)
    except OSError as error:
        print("failed", host, error)
"""
OUTSIDE = [
    "1.1.1.1|80", "192.0.2.1|443", "169.254.169.254|80", "172.17.0.1|22", "10.88.0.1|22",
    "2606:4700:4700::1111|443", "fe80::1|80", "example.org|443", "host.docker.internal|80",
    "host.containers.internal|80",
]  # fmt: skip


@pytest.fixture
def run(store, monkeypatch, tmp_path):
    """`run(script, …)` in the engine's environment; nothing is left of it in the end."""
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTP_PROXY", "http://secret:word@proxy.example:3128")
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_host")
    folder = tmp_path / f"replay-{store.name}"
    yield lambda script, **limits: contained(store, script, folder, **limits)
    left = ("--filter", "label=org.evalpolicy.run=test", "--quiet")
    assert not store.run("ps", "--all", *left) + store.run("volume", "ls", *left)


def test_a_run_that_keeps_to_itself_is_reproduced(run):
    ran = run(RESULT + "echo to stdout; echo to stderr >&2")
    assert ran.judgement.verdict == "reproduced", ran.judgement.reasons
    assert (ran.log(), ran.log("stderr")) == ("to stdout\n", "to stderr\n")
    assert set(ran.evidence.images) == {"eval", "server"}


def test_nothing_outside_can_be_reached_and_the_server_can(run):
    own = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    addresses = [*OUTSIDE, *(f"{one}|22" for one in own if not one.startswith("127."))]
    known = ["127.0.0.1|4000", "gateway|4000", "localhost|4000"]
    said = run(f"python3 -c '{REACH}' {' '.join(map(repr, known + addresses))}").log()
    reached = [line.split()[1] for line in said.splitlines() if line.startswith("reached")]
    assert reached == ["127.0.0.1", "gateway", "localhost"]
    assert said.count("failed") == len(addresses)
    links = run("cut -d: -f1 -s /proc/net/dev; cat /proc/net/route").log()
    assert "lo" in links
    assert "eth0" not in links


def test_nothing_of_the_host_goes_in(run, store):
    """Variables, what the client's configuration adds, proxies, sockets, other names."""
    config = Path(store.environment.get("DOCKER_CONFIG", store.environment["HOME"]), "config.json")
    before = config.read_bytes() if config.exists() else None
    config.write_text(json.dumps({"proxies": {"default": {"httpsProxy": "http://secret:word@p"}}}))
    from evalpolicy.replay.containers.creating import _client_adds_proxies

    _client_adds_proxies.cache_clear()
    try:
        said = run("env; ls /run /var/run; cat /proc/mounts /etc/hosts").log()
    finally:
        config.unlink() if before is None else config.write_bytes(before)
        _client_adds_proxies.cache_clear()
    assert "EVAL_TASK_ID=0" in said
    for word in ("secret", "hf_of_the_host", ".sock", socket.gethostname()):
        assert word not in said, word


def test_output_belongs_to_the_caller_whoever_wrote_it(run):
    script = RESULT + (
        "ln -s /etc/shadow /output/link; mkfifo /output/pipe; mkdir /output/d\n"
        "echo mine > /output/d/f; chown -R 1002:1002 /output/d; chmod 0 /output/d/f /output/d\n"
    )
    ran = run(script)
    output = ran.folder / "output"
    assert (output / "d/f").read_text() == "mine\n"
    assert {p.stat().st_uid for p in output.rglob("*")} == {os.geteuid()}
    assert not (output / "link").is_symlink()
    assert sorted(ran.evidence.left_out) == [
        "link is not a regular file", "pipe is not a regular file",
    ]  # fmt: skip
    assert (ran.folder / "journal/journal.jsonl").stat().st_uid == os.geteuid()


def test_an_agent_that_forks_without_end(run):
    ran = run("b() { b | b & }; while true; do b; sleep 60 & done", seconds=8)
    assert ran.judgement.verdict == "failed"
    assert "Resource temporarily unavailable" in ran.log("stderr")
    threads = int(Path("/proc/loadavg").read_text().split()[3].split("/")[1])
    assert threads < 20_000


def test_an_agent_that_fills_the_disk(run):
    script = (
        "i=0; while true; do for d in / /tmp /output; do\n"
        "head -c 30000000 /dev/zero > $d/big$i; done; i=$((i+1)); done"
    )
    ran = run(script, seconds=600)
    assert (ran.judgement.verdict, ran.evidence.runner.cut) == ("failed", "disk")
    assert "No space left on device" in ran.log("stderr")  # /tmp and /output have limits
    taken = sum(p.stat().st_size for p in (ran.folder / "output").rglob("*"))
    assert taken <= 32 * MIB


def test_one_file_cannot_grow_without_end(run):
    ran = run("head -c 90000000 /dev/zero > /big; stat -c %s /big")
    assert ran.log().strip() == str(32 * MIB)


def test_an_agent_that_prints_a_gigabyte(run):
    ran = run("yes | head -c 1000000000; echo end >&2; " + RESULT, seconds=900)
    assert ran.judgement.verdict == "reproduced", ran.judgement.reasons
    size = (ran.folder / "logs/runner.stdout.log").stat().st_size
    assert 8 * MIB < size < 10 * MIB
    assert "bytes are left out here" in ran.log()
    assert ran.log("stderr") == "end\n"


def test_an_agent_that_ignores_sigterm_is_ended_by_its_time(run):
    ran = run("trap '' TERM INT HUP; while true; do sleep 1; done", seconds=3)
    assert (ran.judgement.verdict, ran.evidence.runner.cut) == ("failed", "time")


def test_an_agent_that_takes_all_memory(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    ran = run("exec python3 -c 'a = []\nwhile True: a.append(bytes(range(256)) * 40960)'")
    assert (ran.judgement.verdict, ran.evidence.runner.cut) == ("failed", "memory")
    assert "exceeded its memory limit" in ran.judgement.reasons[0]
    # podman's monitor leaves a file where its client was started.
    assert not (tmp_path / "oom").exists()
