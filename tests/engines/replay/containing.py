"""One replay of a script in the place of agent and grader, next to a server that only listens."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from stores import PYTHON, Store

from evalpolicy.facts.replays.verdict import Judgement, ReplayEvidence, judge
from evalpolicy.replay.containers import creating
from evalpolicy.replay.containers.engines import find
from evalpolicy.replay.containers.lifecycle import replay
from evalpolicy.replay.containers.owner import owner
from evalpolicy.replay.plan.model import (
    LABEL_OWNER,
    LABEL_REPLAY,
    LABEL_RUN,
    Container,
    ContainerLimits,
    Mount,
    Paths,
    Replay,
)

MIB = 1 << 20
IMAGE = f"localhost/evalpolicy-example/python:{PYTHON}"
SERVER = """
import socket, time
on = socket.create_server(("127.0.0.1", 4000))
with open("/replay/journal/journal.jsonl", "w") as journal:
    journal.write('{"kind":"start","sha256":"%s","turns":0,"on_exhausted":"error"}\\n' % ("0" * 64))
while True:
    connection, _ = on.accept()
    connection.close()
"""
RESULT = (
    "mkdir -p /output/task; printf "
    '\'{"task_id":"0","benchmark":"arc","reward":1,"passed":true}\' > /output/task/result.json\n'
)


@dataclass(frozen=True)
class Contained:
    """What a script came to."""

    evidence: ReplayEvidence
    judgement: Judgement
    folder: Path

    def log(self, stream: str = "stdout") -> str:
        return (self.folder / f"logs/runner.{stream}.log").read_text(errors="replace")


def planned(store: Store, script: str, folder: Path, limits: ContainerLimits) -> Replay:
    """As `plan` makes it, of images that are there."""
    engine = find(store.name).name
    labels = {LABEL_RUN: "test", LABEL_REPLAY: "arc-0-codex", LABEL_OWNER: owner()}
    name = f"evalpolicy-test-{folder.name}"
    output = Mount("volume", "/output", f"{name}-output", size=32 * MIB)
    paths = Paths(
        str(folder),
        str(folder / "journal/journal.jsonl"),
        str(folder / "output"),
        str(folder / "output/task/result.json"),
        str(folder / "output/agent/result.json"),
        str(folder / "logs"),
    )
    server = Container(
        f"{name}-server",
        IMAGE,
        "none",
        limits,
        command=("python3", "-c", SERVER),
        labels=labels,
        mounts=(
            Mount("bind", "/replay/journal", str(folder / "journal")),
            Mount(output.kind, output.target, output.source, True, output.size),
        ),
        hosts={"gateway": "127.0.0.1"},
        user="65534:65534",
        read_only=True,
    )
    runner = Container(
        f"{name}-runner",
        IMAGE,
        f"container:{name}-server",
        limits,
        command=("bash", "-c", script),
        environment={"EVAL_TASK_ID": "0"},
        labels=labels,
        mounts=(
            Mount("volume", "/output", output.source),
            Mount("tmpfs", "/tmp", size=16 * MIB),
            *creating.hosts_mount(engine, str(folder)),
        ),
        attached=True,
    )
    return Replay(
        "arc-0-codex", "arc-0-codex.traces.jsonl", "/none", "0" * 64, "arc", "0", "codex", "m", 0,
        None, IMAGE, paths, creating.created(engine, server), creating.created(engine, runner),
    )  # fmt: skip


def contained(
    store: Store, script: str, folder: Path, *, seconds: int = 600, disk: int = 64 * MIB
) -> Contained:
    """Runs it to its end."""
    limits = ContainerLimits(2, 256 * MIB, 100, 1024, 32 * MIB, seconds, disk)
    made = planned(store, script, folder, limits)
    evidence = replay(find(store.name), made, threading.Event())
    return Contained(evidence, judge(evidence), folder)
