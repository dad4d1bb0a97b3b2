"""`python -m bench.fuzz --minutes 10 --seed 1`: broken and hostile input for everything that reads.

Each target gets the same share of the time; one process a core. A line a target says how many
inputs it read, which was the slowest, and how much memory one took; below it stands each kind of
failure with the smallest input found and the command that repeats it. The exit code is 1 if
anything failed: an exception that is not the reader's own, more than 2 s, or more than 300 MB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from multiprocessing.connection import wait
from typing import Any

from bench.fuzz.running import Failure, Target, Worked, failed, input_of, smaller, work_in_process
from bench.fuzz.targets import targets

# Inputs that one process reads before a fresh one takes over: caches do not grow without end.
_RANGE = 5000
# Wall seconds on one input after which its process is killed, since C code cannot be interrupted:
# many more than 2 of processor time and those of minimising, which a busy machine stretches.
_HANG = 600.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inputs", type=int, help="at most so many a target")
    parser.add_argument("--target", action="append", help="only this one (repeatable)")
    parser.add_argument("--only", type=int, help="only the input of this number; shows it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    known = targets()
    names = options.target or list(known)
    if wrong := [name for name in names if name not in known]:
        parser.error(f"no target {', '.join(wrong)}; there are {', '.join(known)}")
    if options.only is not None:
        return max(_repeat(known[name], options.seed, options.only) for name in names)
    _say(f"seed {options.seed}, {options.minutes:g} minutes, {options.jobs} processes")
    each = options.minutes * 60 / len(names)
    total, bad = 0, 0
    for name in names:
        worked = fuzz(known[name], options.seed, options.inputs or sys.maxsize, each, options.jobs)
        total, bad = total + worked.done, bad + len(worked.failures)
        slow, number = worked.slowest
        _say(
            f"{name:<16}{worked.done:>9,} inputs, slowest {slow:.2f} s (number {number}), "
            f"at most {worked.memory >> 20} MB, {len(worked.failures)} failures"
        )
        for failure in worked.failures:
            _tell(name, options.seed, failure)
    _say(f"{total:,} inputs over {len(names)} targets, {bad} failures")
    return int(bad > 0)


def fuzz(target: Target, seed: int, inputs: int, seconds: float, jobs: int) -> Worked:
    """One target for so long, or for so many inputs."""
    until = time.monotonic() + seconds
    process = multiprocessing.get_context("fork")
    running: dict[Any, tuple[Any, Any, range, float, int]] = {}
    following, done, slowest, memory = 0, 0, (0.0, -1), 0
    failures: dict[str, Failure] = {}
    while True:
        while len(running) < jobs and following < inputs and time.monotonic() < until:
            numbers = range(following, min(following + _RANGE, inputs))
            following = numbers.stop
            receiver, sender = process.Pipe(duplex=False)
            at = process.Value("q", numbers.start, lock=False)
            worker = process.Process(
                target=work_in_process, args=(target, seed, numbers, until, at, sender)
            )
            worker.start()
            sender.close()
            running[receiver] = (worker, at, numbers, time.monotonic(), numbers.start)
        if not running:
            return Worked(done, list(failures.values()), slowest, memory)
        ready = wait(list(running), timeout=1)
        for receiver, (worker, at, numbers, since, last) in list(running.items()):
            if receiver in ready:
                try:
                    worked = receiver.recv()
                except EOFError:
                    worked = _died(target, seed, at.value, numbers, "the process ended")
            elif at.value != last:
                running[receiver] = (worker, at, numbers, time.monotonic(), at.value)
                continue
            elif time.monotonic() - since > _HANG:
                worker.kill()
                worked = _died(target, seed, at.value, numbers, f"no end after {_HANG:g} s")
            else:
                continue
            worker.join()
            receiver.close()
            del running[receiver]
            done, memory = done + worked.done, max(memory, worked.memory)
            slowest = max(slowest, worked.slowest)
            for failure in worked.failures:
                failures.setdefault(failure.kind, failure)


def _died(target: Target, seed: int, number: int, numbers: range, why: str) -> Worked:
    failure = Failure(number, why, "", input_of(target, seed, number))
    return Worked(number - numbers.start + 1, [failure], (0.0, -1), 0)


def _repeat(target: Target, seed: int, number: int) -> int:
    content = input_of(target, seed, number)
    found = failed(target, content)
    if found is None:
        _say(f"{target.name} {number}: read\n{content!r}")
        return 0
    _tell(target.name, seed, Failure(number, *found, smaller(target, content, found[0])))
    return 1


def _tell(name: str, seed: int, failure: Failure) -> None:
    _say(f"  {failure.kind}")
    _say(f"    python -m bench.fuzz --seed {seed} --target {name} --only {failure.number}")
    _say(f"    {failure.content[:2000]!r}")
    for line in failure.trace.rstrip().splitlines()[-30:]:
        _say(f"    | {line}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
