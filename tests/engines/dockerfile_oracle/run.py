"""Asking the judges about generated Dockerfiles, and minimising what they disagree on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from evalpolicy.artifacts.dockerfile import parse

from .buildkit import Judge
from .compare import blocking, difference, kind, labels_differ
from .docker import Engine, labels_of_builds
from .generator import Case, Generator
from .shrink import shrink

SHOWN = 10
DOCKER_TRIES = 150
NOT_JUDGED = re.compile("failed to do request|network bridge not found")
"""A build that wants an image or a container: the private daemon has neither."""


@dataclass
class Outcome:
    """How many were judged, how many of these the judge takes, and what differs."""

    judged: int = 0
    accepted: int = 0
    disagreements: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        taken = f"{self.judged} Dockerfiles judged, {self.accepted} of them accepted"
        return "\n".join([*self.disagreements, f"{taken}, {len(self.disagreements)} disagreements"])


def minimised(case: Case, fails: Callable[[Case], bool], *, budget: int = 2000) -> Case:
    """The case with the shortest Dockerfile found for which `fails` still holds."""
    text = shrink(case.dockerfile, lambda text: fails(Case(text, case.args)), budget=budget)
    return Case(text, case.args)


def ask_buildkit(judge: Judge, count: int, seed: int) -> Outcome:
    """Compares `count` Dockerfiles with the Go judge; the first few differences are minimised."""
    outcome = Outcome(count)
    for number in range(seed * count, seed * count + count):
        case = Generator(number).case()
        answer = judge.ask(case)
        outcome.accepted += not answer["build_error"]
        sentence = difference(case, answer)
        if sentence is None:
            continue
        if len(outcome.disagreements) < SHOWN:
            about = kind(sentence)
            case = minimised(
                case, lambda c, about=about: kind(difference(c, judge.ask(c))) == about
            )
            sentence = difference(case, judge.ask(case))
        outcome.disagreements.append(_told(number, case, sentence))
    return outcome


def ask_about_files(judge: Judge, paths: Sequence[Path]) -> Outcome:
    """Compares existing Dockerfiles with the Go judge."""
    outcome = Outcome(len(paths))
    for path in paths:
        case = Case(path.read_text(), {})
        answer = judge.ask(case)
        outcome.accepted += not answer["build_error"]
        if sentence := difference(case, answer):
            outcome.disagreements.append(f"{path}: {sentence}")
    return outcome


def ask_docker(engine: Engine, count: int, seed: int, folder: Path) -> Outcome:
    """Compares the labels of `count` builds with ours; the first difference is minimised."""
    outcome = Outcome(count)
    numbers = range(seed * count, seed * count + count)
    cases = [Generator(number, engine_20_10=True).case() for number in numbers]
    for number, case, built in zip(
        numbers, cases, labels_of_builds(engine, cases, folder), strict=True
    ):
        outcome.accepted += not isinstance(built, str)
        sentence = _label_difference(case, built)
        if sentence is None:
            continue
        if not outcome.disagreements:
            same = partial(_is_about, engine, kind(sentence))
            case = minimised(case, same, budget=DOCKER_TRIES)
        outcome.disagreements.append(_told(number, case, sentence))
    return outcome


def _is_about(engine: Engine, about: str, case: Case) -> bool:
    with TemporaryDirectory() as folder:
        [built] = labels_of_builds(engine, [case], Path(folder))
    return kind(_label_difference(case, built)) == about


def _label_difference(case: Case, built: dict[str, str] | str) -> str | None:
    ours = parse(case.dockerfile.encode(), case.args)
    if isinstance(built, str):
        if NOT_JUDGED.search(built):
            return None
        return None if ours.problems or ours.unsupplied else f"docker build refuses it: {built}"
    if blocking(ours):
        return f"docker build takes it, we refuse it: {blocking(ours)[0]}"
    return next(labels_differ(ours, built), None)


def _told(number: int, case: Case, sentence: str | None) -> str:
    args = f" with {case.args}" if case.args else ""
    return f"case {number}{args}: {sentence}\n{case.dockerfile!r}\n{case.dockerfile}\n"
