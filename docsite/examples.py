"""The rules' own examples, run."""

from __future__ import annotations

import random
import tempfile
from functools import cache
from pathlib import Path

from tests.samples.credentials import token

from evalpolicy.credentials import SHAPES
from evalpolicy.report import Report
from evalpolicy.rules.model import Rule
from evalpolicy.rules.pages import BAD, example
from evalpolicy.testing import judge


@cache
def judged(rule: Rule) -> Report:
    """The report on the rule's bad example."""
    with tempfile.TemporaryDirectory() as folder:
        return judge(rule, Path(folder), example(rule.documentation, BAD, made_up))


def made_up(name: str) -> str | None:
    """`{{openai}}` in an example is a key of that shape that nobody issued."""
    shape = next((shape for shape in SHAPES if shape.id == name), None)
    return None if shape is None else token(shape, random.Random(name))
