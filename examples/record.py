"""Records a fixture of the example fleet: `record.py ENGINE FIXTURE [FLEET]`.

ENGINE is docker or podman, FIXTURE a name such as arithmetic-1-shell, FLEET a copy of the fleet to
record into; the eval image has to be there. The container shares the host's network; what it calls
the gateway is `evalpolicy replay record` in front of abacus.py, the model of this example. The
provenance entry is written with the reward that the grader gave.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import abacus

HERE = Path(__file__).resolve().parent
REGISTRY = "registry.example/fleet"
FIXTURES = "tests/run/replay/fixtures"
BENCHMARKS = {"arithmetic": "arithmetic", "word-count": "word-count-{task}"}
UNKNOWN = (
    "--unknown=release_tag=the example fleet has no releases",
    "--unknown=model_version=abacus.py has no versions",
)


@contextmanager
def started(*command: str) -> Iterator[str]:
    """A server, and the address that it prints; it is stopped in good order."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.send_signal(signal.SIGTERM)


def evaluate(engine: str, image: str, port: str, settings: dict[str, str], output: str) -> int:
    """Runs agent and grader; their exit code."""
    base = f"http://gateway:{port}"
    environment = {**settings, "OPENAI_BASE_URL": f"{base}/openai/v1"}
    return subprocess.run(
        [
            *(engine, "run", "--rm", "--network", "host", "--add-host", "gateway:127.0.0.1"),
            *(word for name, value in environment.items() for word in ("--env", f"{name}={value}")),
            *("--volume", f"{output}:/output", image),
        ],
        check=False,
    ).returncode


def data_revision(fleet: Path, benchmark: str) -> list[str]:
    """The option that names the revision where the label leaves it to build.sh."""
    script = fleet / "containers/benchmarks" / benchmark / "build.sh"
    found = re.search(r"_REF=([0-9a-f]{40})", script.read_text()) if script.exists() else None
    return ["--data-revision", found[1]] if found else []


def main(engine: str, stem: str, into: str = str(HERE / "fleet")) -> int:
    fleet = Path(into).resolve()
    name = next(one for one in BENCHMARKS if stem.startswith(f"{one}-"))
    task, _, agent = stem.removeprefix(f"{name}-").rpartition("-")
    image = f"{REGISTRY}/evals/{BENCHMARKS[name].format(task=task)}--{agent}:latest"
    fixture = fleet / FIXTURES / f"{stem}.traces.jsonl"
    fixture.unlink(missing_ok=True)
    settings = {"EVAL_AGENT": agent, "EVAL_MODEL": abacus.NAME, "EVAL_TASK_ID": task}
    evalpolicy = (sys.executable, "-m", "evalpolicy")
    with tempfile.TemporaryDirectory() as output:
        with (
            started(sys.executable, str(HERE / "abacus.py"), "0") as upstream,
            started(
                *(*evalpolicy, "replay", "record", "--upstream", upstream),
                *("--output", str(fixture), "--port", "0"),
            ) as gateway,
        ):
            code = evaluate(engine, image, gateway.rpartition(":")[2], settings, output)
        result = json.loads((Path(output) / name / task / "task/result.json").read_text())
    if code:
        return code
    os.chdir(fleet)
    entry = (
        *("provenance", "record", stem, "--replace", "--gateway", "evalpolicy replay record"),
        *("--reward", str(result["reward"]), *UNKNOWN, *data_revision(fleet, name)),
    )
    return subprocess.run([*evalpolicy, *entry], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
