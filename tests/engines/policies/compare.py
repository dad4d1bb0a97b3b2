"""By hand: whatever a fleet's own gates find, evalpolicy finds on the same file.

`python -m policies.compare FLEET --conftest BIN [--rustc BIN] [--git DIR --commits N]
[--mutants N]`.
Policies on Dockerfiles and on compose files, and with `--rustc` the lints of pip and npm and the
structure tests, all read where the fleet keeps them. Exit code 1 if one of theirs on a file is not
answered by ours on the same file.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from evalpolicy.config import reading as configuration
from evalpolicy.engine.check import check
from evalpolicy.errors import NotCheckedError
from evalpolicy.snapshot import open_snapshot
from policies import incumbents, structure
from policies.incumbents import Lints, Said
from policies.mutants import BREAKS, COMPOSE_BREAKS, Mutant, mutants

# By what theirs is called, what ours is; see docs/comparison-fleet.md.
ANSWERS = {
    "agent version": {"PIN004"},
    "agent_missing_version_arg": {"PIN004"},
    "compose markers": {"STR003"},
    "from_arg_not_global": {"PIN003"},
    "install_order_pip_before_apt": {"HYG008"},
    "label_dir_mismatch": {"LBL004"},
    "labels": {"LBL001"},
    "legacy_env_var": {"HYG001"},
    "missing_data_revision_when_fetching_mutable_ref": {"HYG006", "LBL009"},
    "missing_dock_type": {"LBL001"},
    "model_missing_litellm_version_default": {"PIN004"},
    "model_missing_litellm_version_label": {"LBL001"},
    "phantom_pip_uninstall": {"HYG007"},
    "pins": {"PIN001"},
    "python_full_base": {"HYG005"},
    "secret_in_arg_or_env": {"SEC003"},
    "silent_pip_fallback": {"HYG004"},
    "stale_data_revision": {"LBL008", "LBL002"},
    "tag axis": {"STR004"},
    "todo_or_fixme": {"HYG002"},
    "todo_string_literal": {"HYG003"},
    "unpinned_npm": {"PIN006"},
    "unpinned_pip": {"PIN005"},
    "untagged_from": {"PIN002"},
    "upstream_base_unpinned": {"LBL012", "PIN001"},
}
# What theirs says and ours does not, each with the reason.
JUSTIFIED: dict[str, tuple[Callable[[str], bool], str]] = {}
FAMILIES = ("LBL", "REL", "PIN", "HYG", "STR", "SEC003")
_KINDS = ("benchmarks", "agents", "models", "gateways", "core")


class Gates:
    """The fleet's own gates: those that are there, in one answer."""

    def __init__(self, conftest: str, policies: Path, lints: Lints | None) -> None:
        self._conftest = conftest
        self._policies = policies
        self.lints = lints

    def on(self, root: Path, paths: list[str]) -> Said:
        """What all of them say of these files, by path."""
        dockerfiles = [path for path in paths if path.endswith("/Dockerfile")]
        composes = [path for path in paths if path.endswith("/compose.yaml")]
        answers = [
            incumbents.of_dockerfiles(self._conftest, self._policies, root, dockerfiles),
            incumbents.of_composes(self._conftest, self._policies, root, composes),
            self.lints.of_dockerfiles(root) if self.lints else {},
        ]
        said: Said = {}
        for answer in answers:
            for path, names in answer.items():
                if path in paths:
                    said.setdefault(path, set()).update(names)
        return said


def ours(root: Path) -> Said:
    """By path: the rules of ours that find something there."""
    found: Said = {}
    with open_snapshot(root) as snapshot:
        try:
            report = check(snapshot, configuration.load(snapshot), chosen=FAMILIES)
        except NotCheckedError:
            return {}
    for finding in report.findings:
        found.setdefault(finding.path, set()).add(finding.rule)
    return found


def swept(root: Path) -> list[str]:
    """What the fleet's own sweeps look at, in its present layout and in its first one."""
    found = []
    for top in ("containers/", ""):
        for kind in _KINDS:
            found += (root / f"{top}{kind}").glob("*/Dockerfile")
        found += (root / f"{top}benchmarks").glob("*/compose.yaml")
    return sorted(str(path.relative_to(root)) for path in found)


def compare(name: str, gates: Gates, root: Path) -> list[tuple[str, str]]:
    paths = swept(root)
    start = time.perf_counter()
    said = gates.on(root, paths)
    middle = time.perf_counter()
    found = ours(root)
    end = time.perf_counter()
    unanswered = [(path, rule) for path in sorted(said) for rule in sorted(said[path])
                  if not _answered(rule, found.get(path, set()))]  # fmt: skip
    missing = [(path, rule) for path, rule in unanswered if not _justified(path, rule)]
    pairs = Counter(rule for names in said.values() for rule in names)
    print(f"{name}: {len(paths)} files, {len(said)} with findings of theirs, {len(missing)} "
          f"not covered; theirs {middle - start:.1f} s, ours {end - middle:.1f} s")  # fmt: skip
    for pair, count in sorted(pairs.items()):
        print(f"    {count:3} {pair} -> {' or '.join(sorted(ANSWERS.get(pair, '-')))}")
    for path, rule in unanswered:
        why = _justified(path, rule)
        print(f"    {'justified' if why else 'MISSING'} {path}: {rule}{why and f': {why}'}")
    sys.stdout.flush()
    return missing


def _answered(rule: str, found: set[str]) -> bool:
    return bool(ANSWERS.get(rule, set()) & found)


def _justified(path: str, rule: str) -> str:
    applies, why = JUSTIFIED.get(rule, (None, ""))
    return why if applies is not None and applies(path) else ""


def spread(git: Path, tip: str, count: int) -> list[tuple[str, str]]:
    """The last commits of `count` days with their day, evenly over all days that have one."""
    command = ["git", f"--git-dir={git}", "log", "--first-parent", "--format=%cs %H", tip]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    days: dict[str, str] = {}
    for day, commit in (line.split() for line in lines if line):
        days.setdefault(day, commit)
    all_days = sorted(days)
    count = min(count, len(all_days))
    steps = {round(n * (len(all_days) - 1) / max(count - 1, 1)) for n in range(count)}
    return [(days[all_days[step]], all_days[step]) for step in sorted(steps)]


def history(given: argparse.Namespace, gates: Gates) -> list[tuple[str, str]]:
    missing = []
    for commit, day in spread(given.git, given.tip, given.commits):
        with tempfile.TemporaryDirectory() as scratch:
            command = ["git", f"--git-dir={given.git}", "ls-tree", "--name-only", commit]
            there = subprocess.run(command, capture_output=True, text=True).stdout.split()
            wanted = [name for name in there if name in ("containers", "compose", *_KINDS)]
            command = ["git", f"--git-dir={given.git}", "archive", commit, *wanted]
            archive = subprocess.run(command, capture_output=True)
            subprocess.run(["tar", "-x", "-C", scratch], input=archive.stdout, check=False)
            missing += compare(f"{commit[:8]} {day}", gates, Path(scratch))
    return missing


def mutated(given: argparse.Namespace, gates: Gates) -> list[tuple[str, str]]:
    """Mutants of Dockerfiles, and a fifth as many of compose files, in one tree."""
    files = {path: (given.fleet / path).read_text() for path in swept(given.fleet)}
    dockerfiles = {path: text for path, text in files.items() if path.endswith("/Dockerfile")}
    composes = {path: text for path, text in files.items() if path not in dockerfiles}
    made = [
        *mutants(dockerfiles, given.mutants, given.seed, BREAKS),
        *mutants(composes, given.mutants // 5, given.seed, COMPOSE_BREAKS),
    ]
    rounds: list[dict[str, Mutant]] = []
    for mutant in made:  # a path holds one mutant a round, in its own folder, for its name counts
        room = next((r for r in rounds if mutant.path not in r), None)
        if room is None:
            rounds.append(room := {})
        room[mutant.path] = mutant
    missing: list[tuple[str, str]] = []
    tally: Counter[str] = Counter()
    silent: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        shutil.copytree(given.fleet / "containers", root / "containers")
        before_theirs, before_ours = gates.on(root, sorted(files)), ours(root)
        for number, room in enumerate(rounds):
            for path, mutant in room.items():
                (root / path).write_text(mutant.text)
            said, found = gates.on(root, sorted(room)), ours(root)
            for path, mutant in room.items():
                new_theirs = said.get(path, set()) - before_theirs.get(path, set())
                new_ours = found.get(path, set()) - before_ours.get(path, set())
                tally[f"{mutant.rule}: theirs {' '.join(sorted(new_theirs)) or '-'} -> "
                      f"ours {' '.join(sorted(new_ours)) or '-'}"] += 1  # fmt: skip
                for rule in said.get(path, ()):
                    answered = _answered(rule, found.get(path, set()))
                    if not answered and not _justified(path, rule):
                        missing.append((path, f"round {number} {mutant.rule}: {rule}"))
                if mutant.rule not in found.get(path, ()):
                    silent[f"{mutant.rule} {path}"] += 1
                (root / path).write_text(files[path])
    print(f"{len(made)} mutants in {len(rounds)} rounds, {len(missing)} not covered")
    for line, count in sorted(tally.items()):
        print(f"    {count:3} {line}")
    for line, count in sorted(silent.items()):
        print(f"    WITHOUT ITS RULE {count:3} {line}")
    for path, what in missing:
        print(f"    MISSING {path}: {what}")
    return missing


def structures(fleet: Path, lints: Lints) -> list[tuple[str, str]]:
    """Each break of the structure, on a copy: their test that fails, and what is new of ours."""
    missing = []
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "fleet")
        _copy(fleet, root)
        before = {(path, rule) for path, rules in ours(root).items() for rule in rules}
        failed = lints.of_structure(root)
        print(f"structure: {len(failed)} tests fail as it is")
        for broken in structure.BREAKS:
            shutil.rmtree(root)
            _copy(fleet, root)
            broken.change(root)
            theirs = lints.of_structure(root) - failed
            found = {(path, rule) for path, rules in ours(root).items() for rule in rules} - before
            rules = {rule for _, rule in found}
            right = broken.rule in rules or (broken.rule == structure.ANY and rules)
            print(f"    {'' if right else 'MISSING '}{broken.test}: "
                  f"theirs {' '.join(sorted(theirs)) or '-'} -> "
                  f"ours {' '.join(sorted(rules)) or '-'}")  # fmt: skip
            if broken.test not in theirs:
                raise SystemExit(f"{broken.test} did not fail: the break is none")
            if not right:
                missing.append((broken.test, broken.rule))
    return missing


def _copy(fleet: Path, root: Path) -> None:
    shutil.copytree(fleet, root, ignore=shutil.ignore_patterns(".git", "target"), symlinks=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fleet", type=Path)
    parser.add_argument("--conftest", default="conftest")
    parser.add_argument("--rustc", help="also run the lints and the structure tests")
    parser.add_argument("--gates-of", type=Path, help="another state of the fleet, for its gates")
    parser.add_argument("--git", type=Path)
    parser.add_argument("--commits", type=int, default=0)
    parser.add_argument("--tip", default="HEAD")
    parser.add_argument("--mutants", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    own = given.gates_of or given.fleet
    with ExitStack() as stack:
        lints = None
        if given.rustc:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            lints = Lints(given.rustc, own, folder)
        else:
            print("lints and structure tests: not run (--rustc)")
        gates = Gates(given.conftest, own / incumbents.POLICIES, lints)
        missing = compare("fleet", gates, given.fleet)
        if given.mutants:
            missing += mutated(given, gates)
        if lints is not None and not given.gates_of:
            missing += structures(given.fleet, lints)
        if given.commits:
            missing += history(given, gates)
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
