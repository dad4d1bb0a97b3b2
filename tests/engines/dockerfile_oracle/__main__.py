"""The oracles by hand: `make oracle [N=10000] [SEED=1] [JUDGE=buildkit|docker] [FOLDER=…]`.

JUDGE=golden writes the answers that the tests use where there is no Go. With a folder, the Go
judge is asked about all Dockerfiles in it in place of generated ones.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from containers import CannotStartError, Daemon

from .buildkit import CannotBuildError, Judge, build
from .golden import write
from .run import Outcome, ask_about_files, ask_buildkit, ask_docker


def main() -> int:
    options = argparse.ArgumentParser(prog="make oracle")
    options.add_argument("judge", choices=["buildkit", "docker", "golden"])
    options.add_argument("-n", type=int, default=10000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--folder", type=Path)
    chosen = options.parse_args()
    start = time.monotonic()
    try:
        if chosen.judge == "golden":
            return _golden()
        if chosen.judge == "docker":
            outcome = _docker(chosen.n, chosen.seed)
        else:
            outcome = _buildkit(chosen.n, chosen.seed, chosen.folder)
    except (CannotStartError, CannotBuildError) as reason:
        print(f"no judge: {reason}", file=sys.stderr)
        return 3
    print(outcome)
    print(f"{chosen.judge}, seed {chosen.seed}: {time.monotonic() - start:.0f} s")
    return 1 if outcome.disagreements else 0


def _buildkit(count: int, seed: int, folder: Path | None) -> Outcome:
    judge = _judge()
    try:
        if folder is not None:
            return ask_about_files(judge, sorted(folder.rglob("Dockerfile*")))
        return ask_buildkit(judge, count, seed)
    finally:
        judge.close()


def _golden() -> int:
    judge = _judge()
    try:
        print(f"{write(judge)} cases written")
    finally:
        judge.close()
    return 0


def _judge() -> Judge:
    go = shutil.which("go")
    if go is None:
        raise CannotBuildError("go is not on PATH")
    return Judge(build(go))


def _docker(count: int, seed: int) -> Outcome:
    with Daemon() as docker, TemporaryDirectory() as folder:
        return ask_docker(docker, count, seed, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
