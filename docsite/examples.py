"""The rules' own examples, run."""

from __future__ import annotations

import random
import tempfile
from functools import cache
from pathlib import Path

from tests.samples.credentials import token

from evalpolicy.policy.report import Report
from evalpolicy.policy.rule import Rule
from evalpolicy.rules.pages import BAD, Example, example
from evalpolicy.scanners.credentials import SHAPES
from evalpolicy.testing import judge


@cache
def judged(rule: Rule) -> Report:
    """The report on the rule's bad example."""
    with tempfile.TemporaryDirectory() as folder:
        return report_on(rule, Path(folder), example(rule.documentation, BAD, made_up))


def report_on(rule: Rule, folder: Path, shown: Example) -> Report:
    """The report of one rule on an example, also of what came of a replay."""
    if shown.replay is None:
        return judge(rule, folder, shown)
    import json

    from tests.replays import replayed

    from evalpolicy.config.reading import Config
    from evalpolicy.engine.check import check
    from evalpolicy.snapshot import open_snapshot
    from evalpolicy.testing.repositories import write

    one = replayed(**json.loads(shown.replay))
    with open_snapshot(write(folder, {one.path: "{}\n{}\n{}\n", **shown.files})) as snapshot:
        return check(snapshot, Config(), chosen=(rule.id,), replays=[one])


def made_up(name: str) -> str | None:
    """`{{openai}}` in an example is a key of that shape that nobody issued."""
    shape = next((shape for shape in SHAPES if shape.id == name), None)
    return None if shape is None else token(shape, random.Random(name))
