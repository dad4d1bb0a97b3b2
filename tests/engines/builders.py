"""A builder that knows no image store: BuildKit's own daemon, which buildx uses as a remote one.

It is what a builder in a container is to a host, without the image that such a one is pulled as.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from containers import CannotStartError
from tests.waiting import wait_until

_PINNED = Path(__file__).parent / "buildkit" / "go.mod"
_BUILDS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evalpolicy-engines"
# Go's caches are where the machine's own home says, whatever a test makes of the variables.
_ENVIRONMENT = dict(os.environ)
_CONFIG = """\
root = "{folder}/root"
[grpc]
address = ["unix://{folder}/socket"]
[worker.oci]
enabled = true
[worker.containerd]
enabled = false
"""


def buildkitd_program(go: str) -> str:
    """buildkitd of the version that the Dockerfile judge is pinned to. Raises CannotStartError."""
    found = re.search(r"github\.com/moby/buildkit (v[\w.-]+)", _PINNED.read_text())
    assert found is not None
    program = _BUILDS / f"buildkitd-{found[1]}"
    if program.exists():
        return str(program)
    package = "github.com/moby/buildkit/cmd/buildkitd"
    with tempfile.TemporaryDirectory(prefix="evalpolicy-buildkitd-") as folder:
        Path(folder, "go.mod").write_text("module evalpolicy/tests/engines/buildkitd\n\ngo 1.24\n")
        unfinished = program.with_name(f"{program.name}.{os.getpid()}")
        for call in (["get", f"{package}@{found[1]}"], ["build", "-o", str(unfinished), package]):
            done = subprocess.run(
                [go, *call], cwd=folder, capture_output=True, text=True, check=False,
                env={**_ENVIRONMENT, "GOFLAGS": "-mod=mod"},
            )  # fmt: skip
            if done.returncode:
                raise CannotStartError(f"go {call[0]} {package}: {done.stderr.strip()[-500:]}")
    unfinished.replace(program)
    return str(program)


@contextmanager
def running(program: str) -> Iterator[str]:
    """The address of the daemon while it runs. Raises CannotStartError."""
    folder = Path(tempfile.mkdtemp(prefix="evalpolicy-buildkitd-", dir="/tmp"))
    config = folder / "buildkitd.toml"
    config.write_text(_CONFIG.format(folder=folder))
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, "--config", config],
            stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        with suppress(TimeoutError):
            wait_until(
                lambda: process.poll() is not None or b"running server on" in log.read_bytes()
            )
        if process.poll() is not None or b"running server on" not in log.read_bytes():
            raise CannotStartError(f"buildkitd: {log.read_text(errors='replace')[-500:]}")
        yield f"unix://{folder}/socket"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
