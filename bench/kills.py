"""`kill -9` at random moments: every file old or new, and nothing left behind by the next run.

    make kills N=1000

Each command that writes runs to its end, which gives the new files and how long it takes. Then it
is killed in copies of the same repository, N times in all, at moments of that time or when a
temporary file is there; after each kill the files are looked at, it runs once more to its end, and
they are looked at again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from tests.fleets import FIXTURES, FLEET, repository
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.__main__ import main as evalpolicy

FILES = 6
KEY = "hf_" + "wErTyUiOpAsDfGhJkLzXcVbNmQwErTyUiO"
FIXABLE = "containers/benchmarks/arc/Dockerfile"
RECORDING = "new.traces.jsonl"
STRAY = re.compile(r"\.evalpolicy-[0-9a-f]{16}\.tmp")
Tree = dict[str, bytes]


class Killed(NamedTuple):
    """What came of one kill.

    `strays` are the temporary files that it left, `left` what the next run did not remove; `torn`
    are files that are neither old nor new.
    """

    hit: bool
    strays: int
    torn: tuple[str, ...]
    left: tuple[str, ...]


def fleet() -> dict[str, str | bytes]:
    """A small fleet with something to do for every command."""
    files: dict[str, str | bytes] = dict(FLEET)
    for number in range(FILES):
        name = FIXABLE.replace("arc", f"arc{number}")
        files[name] = FLEET[FIXABLE].replace('"arc"', '"wrong"')
    padding = "x" * 200_000
    for number in range(FILES):
        row = litellm_row(f"{KEY} {padding}", user_agent="codex_exec/1.0")
        files[f"{FIXTURES}/arc-{number}-codex.traces.jsonl"] = lines(row)
    return files


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


# A report names its time, and what an earlier one left: it is whole, or it is torn.
REPORTS: dict[str, Callable[[bytes], bool]] = {
    "report.json": _is_json,
    "page/report.json": _is_json,
    "page/index.html": lambda content: content.rstrip().endswith(b"</html>"),
}
COMMANDS: dict[str, list[str]] = {
    "redact": ["fixtures", "redact"],
    "baseline": ["baseline", "write"],
    "backfill": ["provenance", "backfill"],
    "fix": ["check", "--fix", "--unsafe-fixes", "--format", "json=report.json"],
    "report": ["report", "--output", "page"],
}


def tree(root: Path) -> Tree:
    """All files but git's own."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


# Starting Python takes longer than most of the work: commands are forked from a process that has
# everything imported, so that the moments of the kills are moments of the work.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        *(
            "evalpolicy.engine.check",
            "evalpolicy.facts.facts",
            "evalpolicy.facts.recordings.reading",
        ),
        *(
            f"evalpolicy.frontends.cli.{name}"
            for name in ("baseline", "check", "fixtures", "report")
        ),
        *("evalpolicy.frontends.cli.provenance", "evalpolicy.provenance.backfill"),
        *("evalpolicy.rules.index", "evalpolicy.engine.fixing.apply", "evalpolicy.reporters.html"),
    ]
)


def _command(root: str, arguments: list[str], cache: str) -> None:
    """In a process of its own: the command line, and silence."""
    os.setsid()
    os.chdir(root)
    os.environ["EVALPOLICY_CACHE_DIR"] = cache
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(silent, stream)
    os._exit(evalpolicy(arguments))


def started(root: Path, arguments: list[str], cache: Path) -> ForkServerProcess:
    process = _CONTEXT.Process(target=_command, args=(str(root), arguments, str(cache)))
    process.start()
    return process


def kills(name: str, count: int, rng: random.Random, base: Path) -> Iterator[Killed]:
    """Kills one command `count` times while it runs; a run that ended before is one more."""
    arguments, cache = COMMANDS[name], base / "cache"
    origin = repository(base / "origin", fleet())
    before = tree(origin)
    done = _copy(origin, base / "done")
    for root in (_copy(origin, base / "warm"), done):
        begun = time.monotonic()
        started(root, arguments, cache).join()
        takes = time.monotonic() - begun
    after = tree(done)
    assert name != "fix" or all(after[path] != before[path] for path in before if "arc1/" in path)
    assert after != before, f"{name} changed nothing"
    hits = 0
    while hits < count:
        root = _copy(origin, base / "killed")
        process = started(root, arguments, cache)
        if rng.random() < 0.5:
            process.join(rng.uniform(0, takes))
        else:
            _wait_for_a_write(root, process, rng)
        hit = process.is_alive()
        hits += hit
        process.kill()
        process.join()
        found = tree(root)
        strays = sum(STRAY.fullmatch(path.rpartition("/")[2]) is not None for path in found)
        torn = _torn(found, before, after)
        started(root, arguments, cache).join()
        finished = tree(root)
        torn += [path for path in after if _torn({path: finished.get(path, b"")}, after, after)]
        yield Killed(hit, strays, tuple(torn), tuple(set(finished) - set(after)))
        shutil.rmtree(root)


def _wait_for_a_write(root: Path, process: ForkServerProcess, rng: random.Random) -> None:
    """Until the first temporary file is seen, and a moment longer: runs write for a short time."""
    folders = [root, root / FIXTURES, root / "page", *root.glob("containers/benchmarks/*")]
    while process.is_alive():
        for folder in folders:
            with suppress(FileNotFoundError):
                if any(STRAY.fullmatch(name) for name in os.listdir(folder)):
                    time.sleep(rng.choice([0, rng.uniform(0, 0.02)]))
                    return


def _torn(found: Tree, before: Tree, after: Tree) -> list[str]:
    return [
        path
        for path, content in found.items()
        if not STRAY.fullmatch(path.rpartition("/")[2])
        and content not in {side[path] for side in (before, after) if path in side}
        and not (path in REPORTS and REPORTS[path](content))
    ]


def _copy(origin: Path, target: Path) -> Path:
    shutil.copytree(origin, target, symlinks=True)
    return target


@contextmanager
def model() -> Iterator[str]:
    """A model that always says the same, at length."""
    answer = json.dumps(
        {
            "id": "1",
            "model": "m",
            "choices": [
                {
                    "message": {"role": "assistant", "content": f"{KEY} " + "x" * 100_000},
                    "finish_reason": "stop",
                }
            ],
        }
    ).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            return

    class Quiet(HTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A recorder that was killed does not read its answer."""

    server = Quiet(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


def recordings(count: int, rng: random.Random, base: Path) -> Iterator[Killed]:
    """Kills the recorder `count` times while a caller asks: every line is whole, or not there.

    `left` is what the next recording in the same folder did not remove.
    """
    base.mkdir()
    with model() as upstream:
        for number in range(count):
            file = base / f"{number}.traces.jsonl"
            earlier = {path.name for path in base.iterdir()}
            port = _free_port()
            arguments = ["replay", "record", f"--upstream={upstream}", f"--output={file}"]
            process = subprocess.Popen(
                [sys.executable, "-m", "evalpolicy", *arguments, f"--port={port}"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            _ask(port, process, rng.uniform(0, 0.4))
            torn = []
            content = file.read_bytes() if file.exists() else b""
            if KEY.encode() in content or (content and not content.endswith(b"\n")):
                torn = [file.name]
            for line in content.splitlines():
                torn += [] if _is_json(line) else [file.name]
            file.unlink(missing_ok=True)
            strays = {path.name for path in base.iterdir()}
            left = strays & earlier | {name for name in strays if not STRAY.fullmatch(name)}
            yield Killed(bool(content), len(strays), tuple(torn), tuple(left))


def _ask(port: int, process: subprocess.Popen[bytes], seconds: float) -> None:
    """Asks again and again from the first answer on, until the recorder is killed."""
    body = {"messages": [{"role": "user", "content": "2 + 2?"}]}
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    killer: threading.Timer | None = None
    with httpx.Client(trust_env=False) as client:
        while process.poll() is None:
            try:
                client.post(url, json=body, timeout=5)
            except httpx.HTTPError:
                time.sleep(0.02)
                continue
            if killer is None:
                killer = threading.Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
                killer.start()
    if killer is not None:
        killer.join()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def main() -> int:
    """Kills each command N/6 times; 1 if anything was torn or left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[*COMMANDS, "record"], action="append")
    options = parser.parse_args()
    names = options.only or [*COMMANDS, "record"]
    each = -(-options.kills // len(names))
    bad = 0
    _say(f"seed {options.seed}, {each} kills a command, half of them while a file is written")
    for name in names:
        counted: Counter[str] = Counter()
        rng = random.Random(f"{options.seed} {name}")
        with tempfile.TemporaryDirectory(prefix="evalpolicy-kills-") as folder:
            base = Path(folder, name)
            work: Callable[[], Iterator[Killed]] = (
                (lambda base=base, rng=rng: recordings(each, rng, base))
                if name == "record"
                else (lambda base=base, rng=rng, name=name: kills(name, each, rng, base))
            )
            for one in work():
                counted["runs"] += 1
                counted["killed"] += one.hit
                counted["strays"] += one.strays
                counted["torn"] += bool(one.torn)
                counted["left"] += bool(one.left)
                if one.torn or one.left:
                    _say(f"  {name}: torn {one.torn}, left {one.left}")
        bad += counted["torn"] + counted["left"]
        _say(
            f"{name}: {counted['runs']} runs, {counted['killed']} killed while they ran, "
            f"{counted['strays']} temporary files left and {counted['left']} of them after the "
            f"next run, {counted['torn']} torn"
        )
    return bool(bad)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
