"""Which fixtures a plan takes, and why it leaves out the others."""

from __future__ import annotations

import json

import pytest
from tests.replay.planned import names, planned
from tests.replay.small_fleet import FIXTURES, lay, turn

from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.replay.plan.selection import parse_shard

ALL = ["scripted-Owl-shell", "sums-0-shell", "sums-1-shell", "words-Fox-shell"]


def test_without_words_it_is_every_fixture(tmp_path):
    assert names(planned(lay(tmp_path))) == ALL


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["sums-0-shell"], ["sums-0-shell"]),
        (["sums-1"], ["sums-1-shell"]),
        ([f"{FIXTURES}/sums-0-shell.trajectory.jsonl"], ["sums-0-shell"]),
        ([FIXTURES], ALL),
        (["words-Fox-shell", "sums-0-shell", "sums-0"], ["sums-0-shell", "words-Fox-shell"]),
    ],
)
def test_words_are_names_paths_folders_or_beginnings(tmp_path, words, found):
    assert names(planned(lay(tmp_path), *words)) == found


def test_a_word_that_two_begin_with_says_nothing(tmp_path):
    with pytest.raises(UsageError, match="could be sums-0-shell, sums-1-shell"):
        planned(lay(tmp_path), "sums")


def test_by_benchmark_and_agent(tmp_path):
    root = lay(tmp_path)
    assert names(planned(root, benchmarks=("sums",))) == ["sums-0-shell", "sums-1-shell"]
    assert names(planned(root, benchmarks=("sums", "words"), agents=("shell",))) == ALL[1:]
    with pytest.raises(UsageError, match=r"--benchmark sum: .* did you mean sums"):
        planned(root, benchmarks=("sum",))
    with pytest.raises(UsageError, match="--agent codex: "):
        planned(root, agents=("codex",))


def test_shards_cover_everything_once_and_keep_an_image_together(tmp_path):
    root = lay(tmp_path)
    parts = [planned(root, shard=(number, 3)) for number in (1, 2, 3)]
    assert sorted(name for part in parts for name in names(part)) == ALL
    assert [name for name in map(names, parts) if "sums-0-shell" in name] == [ALL[1:3]]
    assert all(part.replays for part in parts)
    benchmarks = [{i.name for i in part.images if i.role == "benchmark"} for part in parts]
    assert not benchmarks[0] & benchmarks[1]


@pytest.mark.parametrize(
    "text", ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1/9999999"]
)
def test_a_shard_is_one_of_some(text):
    with pytest.raises(UsageError, match="such as 1/4"):
        parse_shard(text)
    assert parse_shard("2/3") == (2, 3)


def test_known_broken_ones_are_told_and_can_be_asked_for(tmp_path):
    row = {"fixture": "sums-0-shell.trajectory.jsonl", "reason": "upstream is gone"}
    manifest = json.dumps({"broken": [row]})
    root = lay(tmp_path, {f"{FIXTURES}/broken.json": manifest})
    found = planned(root)
    assert names(found) == [name for name in ALL if name != "sums-0-shell"]
    assert [(one.reason, one.broken) for one in found.skipped] == [
        ("known to be broken: upstream is gone", True)
    ]
    assert names(planned(root, broken="include")) == ALL
    assert names(planned(root, broken="only")) == ["sums-0-shell"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("strange", turn("x"), "its name does not match any benchmark"),
        ("sums-7-shell", "", "line 1: the file is empty"),
        ("sums-7-shell", turn("x").replace("success", "failure"), "no usable turn"),
        ("sums-7-shell", "{\n", "line 1: "),
        ("sums-\x1b[2J-shell", turn("x"), "rename it"),
    ],
)
def test_what_cannot_be_replayed_is_told_with_its_reason(tmp_path, name, content, reason):
    root = lay(tmp_path, {f"{FIXTURES}/{name}.trajectory.jsonl": content})
    found = planned(root)
    assert names(found) == ALL
    assert [one.path for one in found.skipped] == [f"{FIXTURES}/{name}.trajectory.jsonl"]
    assert reason in found.skipped[0].reason


def test_a_benchmark_whose_dockerfile_is_gone(tmp_path):
    root = lay(tmp_path, {"containers/benchmarks/sums/Dockerfile": None})
    reasons = {one.reason for one in planned(root).skipped}
    assert reasons == {"the benchmark sums has no readable Dockerfile"}


def test_the_provenance_entry_settles_task_model_and_reward(tmp_path):
    entry = {"benchmark": "sums", "task_id": "0", "agent": "shell", "model": "m-1", "reward": 0.5}
    text = json.dumps({"sums-0-shell": entry})
    first, second = planned(lay(tmp_path, {f"{FIXTURES}/provenance.json": text})).replays[1:3]
    assert (first.model, first.reward, first.turns) == ("m-1", 0.5, 2)
    assert (second.model, second.reward, second.turns) == ("gpt-5", None, 1)


def test_an_index_has_no_files_for_a_container(tmp_path):
    from tests.fleets import git

    from evalpolicy.config import reading as configuration
    from evalpolicy.facts.facts import Facts
    from evalpolicy.replay.plan.planning import PlanRequest, plan
    from evalpolicy.snapshot import open_snapshot
    from evalpolicy.snapshot.cache import Cache

    root = lay(tmp_path)
    git(root, "init", "-q")
    git(root, "add", ".")
    with open_snapshot(root, staged=True) as snapshot:
        facts = Facts(snapshot, configuration.load(snapshot), Cache(None))
        with pytest.raises(NotCheckedError, match="files on disk"):
            plan(facts, PlanRequest())
