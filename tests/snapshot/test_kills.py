"""A few of the kills of `make kills`: files are old or new, and the next run leaves none behind."""

from __future__ import annotations

import random

import pytest
from bench.kills import COMMANDS, kills, recordings


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_leaves_every_file_old_or_new(name, tmp_path):
    found = list(kills(name, 2, random.Random(name), tmp_path))
    assert {(one.torn, one.left) for one in found} == {((), ())}


@pytest.mark.slow
def test_a_killed_recorder_leaves_whole_lines(tmp_path):
    found = list(recordings(2, random.Random(1), tmp_path / "recordings"))
    assert {(one.torn, one.left) for one in found} == {((), ())}
