"""The Docker judge: real builds, and the labels of the images that come out of them.

Engine 20.10, which Debian 12 has, reads some constructs otherwise than today's BuildKit, its own
being older: it has no heredocs, no `# check=`, no ARG with several names, of the substitutions
only `:-`, `:+` and `:?`. The generator leaves these out with
`engine_20_10`; the Go judge has them.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from .generator import Case

PARALLEL = 2


class Engine(Protocol):
    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]: ...


def labels_of_builds(
    engine: Engine, cases: Sequence[Case], folder: Path
) -> list[dict[str, str] | str]:
    """For each case the labels of its image, or the error that its build ended with."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        built = list(
            pool.map(lambda n: _build(engine, cases[n], folder / str(n)), range(len(cases)))
        )
    images = [image for image, _ in built if image]
    labels = _inspect(engine, sorted(set(images)))
    return [labels[image] if image else error for image, error in built]


def _build(engine: Engine, case: Case, folder: Path) -> tuple[str, str]:
    """The image's id, or the error."""
    folder.mkdir()
    file, iid = folder / "Dockerfile", folder / "iid"
    file.write_bytes(case.dockerfile.encode())
    args = [
        part for name, value in case.args.items() for part in ("--build-arg", f"{name}={value}")
    ]
    done = engine.run(
        "build", "--quiet", "--iidfile", str(iid), *args, str(folder), DOCKER_BUILDKIT="1"
    )
    if done.returncode:
        return "", (done.stderr.strip().splitlines() or ["no message"])[-1]
    return iid.read_text().strip(), ""


def _inspect(engine: Engine, images: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(images), 200):
        done = engine.run("image", "inspect", *images[start : start + 200])
        done.check_returncode()
        for image in json.loads(done.stdout):
            found[image["Id"]] = image["Config"]["Labels"] or {}
    return found
