"""By hand: every deny and warn of a fleet's own policies has our finding on the same file.

`python -m policies.compare FLEET --conftest BIN [--git DIR --commits N] [--mutants N]`. The fleet's
policies are read where they are and never copied. Each Dockerfile of `containers/*/*/` gets the
data that the fleet's own sweep gives it. Exit code 1 if a file of theirs has none of ours.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from evalpolicy import config as configuration
from evalpolicy.engine import check
from evalpolicy.snapshot import open_snapshot
from policies.mutants import mutants

POLICIES = "tests/static/policy/dockerfile"
_NAME = re.compile(r"\((?:dockerfile_inspection )?([\w .:]+?)(?:,|\)|$)")
FAMILIES = ("LBL", "REL", "PIN", "HYG", "STR", "SEC003")


def theirs(conftest: str, policies: Path, root: Path, paths: list[str]) -> dict[str, set[str]]:
    """Path → what their policies say of it, as short names."""

    def one(path: str) -> tuple[str, set[str]]:
        folder = Path(path).parent
        params = {"params": {"dir": folder.name, "category": folder.parent.name}}
        with tempfile.TemporaryDirectory() as scratch:
            data = Path(scratch, "params.json")
            data.write_text(json.dumps(params))
            command = [conftest, "test", "--policy", str(policies), "--data", str(data)]
            command += ["--all-namespaces", "--no-color", "--no-fail", "-o", "json"]
            # The name decides conftest's parser: Dockerfile.
            done = subprocess.run([*command, str(root / path)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"conftest on {path}: {done.stderr}")
        messages = [
            message["msg"]
            for result in json.loads(done.stdout)
            for kind in ("failures", "warnings")
            for message in result.get(kind) or ()
        ]
        return path, {_short(message) for message in messages}

    with ThreadPoolExecutor(2) as pool:
        return {path: said for path, said in pool.map(one, paths) if said}


def _short(message: str) -> str:
    if "floating `:latest`" in message:
        return "pins"
    found = _NAME.findall(message)
    return found[-1].strip() if found else message[:40]


def ours(root: Path) -> dict[str, set[str]]:
    """Path → the rules of ours that find something there."""
    found: dict[str, set[str]] = {}
    with open_snapshot(root) as snapshot:
        wanted = [family for family in FAMILIES if _known(family)]
        report = check(snapshot, configuration.load(snapshot), chosen=wanted)
    for finding in report.findings:
        found.setdefault(finding.path, set()).add(finding.rule)
    return found


def _known(selector: str) -> bool:
    from evalpolicy.errors import UsageError
    from evalpolicy.rules.selection import matching

    try:
        return bool(matching(selector))
    except UsageError:
        return False


def dockerfiles(root: Path) -> list[str]:
    """What the fleet's own sweep looks at."""
    kinds = ("benchmarks", "agents", "models", "gateways", "core")
    return sorted(
        str(path.relative_to(root))
        for kind in kinds
        for path in (root / "containers" / kind).glob("*/Dockerfile")
    )


def compare(name: str, conftest: str, policies: Path, root: Path) -> list[tuple[str, str]]:
    paths = dockerfiles(root)
    start = time.perf_counter()
    denied = theirs(conftest, policies, root, paths)
    middle = time.perf_counter()
    found = ours(root)
    end = time.perf_counter()
    missing = [(path, rule) for path in sorted(denied) for rule in sorted(denied[path])
               if path not in found]  # fmt: skip
    pairs = Counter(
        f"{rule} -> {' '.join(sorted(r for r in found.get(path, ()) if r[:3] != 'REL')) or '-'}"
        for path, said in denied.items()
        for rule in said
    )
    files = len(denied)
    print(f"{name}: {len(paths)} Dockerfiles, {files} with findings of theirs, {len(missing)} "
          f"not covered; theirs {middle - start:.1f} s, ours {end - middle:.1f} s")  # fmt: skip
    for pair, count in sorted(pairs.items()):
        print(f"    {count:3} {pair}")
    for path, rule in missing:
        print(f"    MISSING {path}: {rule}")
    return missing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fleet", type=Path)
    parser.add_argument("--conftest", default="conftest")
    parser.add_argument("--policies", type=Path)
    parser.add_argument("--git", type=Path)
    parser.add_argument("--commits", type=int, default=0)
    parser.add_argument("--tip", default="HEAD")
    parser.add_argument("--mutants", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    policies = given.policies or given.fleet / POLICIES
    missing = [] if given.mutants else compare("fleet", given.conftest, policies, given.fleet)
    if given.mutants:
        missing += _mutants(given, policies)
    if given.commits:
        for commit in _spread(given):
            with tempfile.TemporaryDirectory() as scratch:
                archive = subprocess.run(
                    ["git", f"--git-dir={given.git}", "archive", commit, "containers"],
                    capture_output=True,
                )
                subprocess.run(["tar", "-x", "-C", scratch], input=archive.stdout, check=False)
                if dockerfiles(Path(scratch)):
                    missing += compare(commit[:8], given.conftest, policies, Path(scratch))
    return bool(missing)


def _spread(given: argparse.Namespace) -> list[str]:
    command = ["git", f"--git-dir={given.git}", "log", "--first-parent", "--format=%H", given.tip]
    command += ["--", "containers"]
    commits = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    step = max(1, len(commits) // given.commits)
    return commits[::step][: given.commits]


def _mutants(given: argparse.Namespace, policies: Path) -> list[tuple[str, str]]:
    """All mutants in one tree: each is a unit of its own beside the originals."""
    files = {path: (given.fleet / path).read_text() for path in dockerfiles(given.fleet)}
    made = list(mutants(files, given.mutants, given.seed))
    missing: list[tuple[str, str]] = []
    tally: Counter[str] = Counter()
    silent: Counter[str] = Counter()
    by_round: list[dict[str, tuple[str, str]]] = []
    for mutant in made:  # a path holds one mutant a round, in its own folder, for its name counts
        room = next((r for r in by_round if mutant.path not in r), None)
        if room is None:
            by_round.append(room := {})
        room[mutant.path] = (mutant.rule, mutant.text)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        before_theirs = theirs(given.conftest, policies, root, sorted(files))
        before_ours = ours(root)
        for number, room in enumerate(by_round):
            for path, (_, text) in room.items():
                (root / path).write_text(text)
            said = theirs(given.conftest, policies, root, sorted(room))
            found = ours(root)
            for path, (rule, _) in room.items():
                new_theirs = said.get(path, set()) - before_theirs.get(path, set())
                new_ours = found.get(path, set()) - before_ours.get(path, set())
                tally[f"{rule}: theirs {' '.join(sorted(new_theirs)) or '-'} -> "
                      f"ours {' '.join(sorted(new_ours)) or '-'}"] += 1  # fmt: skip
                if said.get(path) and not found.get(path):
                    missing.append((path, f"round {number} {rule}: {new_theirs}"))
                if rule not in found.get(path, ()):
                    silent[f"{rule} {path}"] += 1
                (root / path).write_text(files[path])
    print(f"{len(made)} mutants in {len(by_round)} rounds, {len(missing)} not covered")
    for line, count in sorted(tally.items()):
        print(f"    {count:3} {line}")
    for line, count in sorted(silent.items()):
        print(f"    WITHOUT ITS RULE {count:3} {line}")
    for path, what in missing:
        print(f"    MISSING {path}: {what}")
    return missing


if __name__ == "__main__":
    sys.exit(main())
