"""A plan as text, JSON, a matrix and manifests."""

from __future__ import annotations

import json
import os
import shlex
import subprocess

import pytest
import yaml
from tests.replay.planned import planned
from tests.replay.small_fleet import CONFIG, FIXTURES, REGISTRY, lay, turn

from evalpolicy.config.reading import parse
from evalpolicy.errors import UsageError
from evalpolicy.replay.plan import json as plan_json
from evalpolicy.replay.plan.kubernetes import dumps, manifests
from evalpolicy.replay.plan.matrix import MOST_JOBS, matrix
from evalpolicy.replay.plan.model import Command
from evalpolicy.replay.plan.text import text

# A task is part of a file's name: whoever opens a pull request chooses it.
HOSTILE = "$(touch pwned); `touch pwned` 'q' \"d\" \\ &"


def hostile(tmp_path):
    return planned(lay(tmp_path, {f"{FIXTURES}/words-{HOSTILE}-shell.trajectory.jsonl": turn("x")}))


def calls(found) -> list[Command]:
    """Every call of a plan that has a line of its own, in the order of the text."""
    built = [
        call
        for image in found.images
        if image.build is not None and image.problem is None
        for call in (*image.build.steps, image.build.resolved, image.build.fallback)
        if call is not None
    ]
    run = [
        call
        for replay in found.replays
        for call in (*replay.server.before, replay.server.create, replay.runner.create)
    ]
    return built + run


def test_text_is_comments_and_the_exact_calls(tmp_path):
    found = planned(lay(tmp_path))
    lines = [line for line in text(found).splitlines() if line and not line.startswith("#")]
    exact = [str(call) for call in calls(found)]
    assert [line for line in lines if line in exact] == exact
    others = {shlex.split(line)[1] for line in lines if line not in exact}
    assert others == {"start", "cp", "rm", "volume"}


def test_a_shell_runs_exactly_the_calls_and_nothing_else(tmp_path):
    """Every line through a real shell, with programs that take down what they are given."""
    found = hostile(tmp_path / "fleet")
    programs = tmp_path / "bin"
    programs.mkdir()
    taken = tmp_path / "taken"
    for name in ("docker", "podman", "bash"):
        (programs / name).write_text(
            "#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done >> " + shlex.quote(str(taken))
            + "\nprintf '\\n' >> " + shlex.quote(str(taken)) + "\n"
        )  # fmt: skip
        (programs / name).chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    for call in calls(found):
        taken.write_bytes(b"")
        done = subprocess.run(
            ["sh", "-c", str(call)], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b""), str(call)
        assert taken.read_bytes().split(b"\0")[:-1] == [word.encode() for word in call.argv[1:]]
    subprocess.run(["sh", "-n", "-c", text(found)], check=True)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("stdin", ["", "\n", "a", "a\n", "a\nb", "a\nb\n", "%s\\n'\n\n"])
def test_standard_input_is_on_the_line(stdin):
    line = str(Command(("cat",), stdin=stdin))
    assert "\n" not in line
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout == stdin


def test_environment_is_on_the_line():
    line = str(Command(("sh", "-c", 'printf %s "$A"'), {"A": "x y'$z"}))
    assert subprocess.check_output(["sh", "-c", line], text=True) == "x y'$z"


def test_text_says_what_is_left_out_and_why(tmp_path):
    found = planned(lay(tmp_path, {f"{FIXTURES}/strange.trajectory.jsonl": turn("x")}))
    assert f"#   {FIXTURES}/strange.trajectory.jsonl: its name does not match" in text(found)


def test_json_holds_the_calls_as_words_and_as_lines(tmp_path):
    found = planned(lay(tmp_path))
    document = json.loads(plan_json.dumps(found))
    assert document["version"] == "1"
    image = next(
        one for one in document["images"] if one["name"] == f"{REGISTRY}/agents/shell:latest"
    )
    step = image["build"]["steps"][0]
    assert shlex.split(step["shell"]) == step["argv"]
    replay = document["replays"][1]
    assert replay["name"] == "sums-0-shell"
    runner = replay["containers"]["runner"]
    assert runner["network"] == f"container:{replay['containers']['server']['name']}"
    assert [shlex.split(call["shell"]) for call in runner["create"]] == [
        call["argv"] for call in runner["create"]
    ]
    assert runner["limits"]["memory"] == 2048 << 20


def test_the_same_fleet_gives_the_same_bytes(tmp_path):
    root = lay(tmp_path)
    assert plan_json.dumps(planned(root)) == plan_json.dumps(planned(root))
    assert text(planned(root)) == text(planned(root))


def test_nothing_of_the_host_goes_into_a_container(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.internal")
    for engine in ("docker", "podman"):
        for replay in planned(lay(tmp_path), engine=engine).replays:
            for container in (replay.server, replay.runner):
                words = container.create.argv
                assert not {"--env-file", "--publish", "-p", "--privileged"} & set(words)
                assert not any("docker.sock" in word or "sk-real" in word for word in words)
                passed = [words[n + 1] for n, word in enumerate(words) if word == "--env"]
                assert all("=" in value for value in passed), "a bare name is the host's value"
        assert "proxy.internal" not in text(planned(lay(tmp_path), engine=engine))


def test_the_fixture_is_read_only_and_only_the_servers(tmp_path):
    (replay,) = planned(lay(tmp_path), "sums-0-shell").replays
    bound = [mount for mount in replay.server.mounts if mount.target.startswith("/replay/fixture")]
    assert [mount.read_only for mount in bound] == [True]
    assert [mount.kind for mount in replay.runner.mounts if mount.kind == "bind"] == []
    assert (replay.server.network, replay.server.read_only) == ("none", True)


def test_a_control_run_serves_no_turn(tmp_path):
    (replay,) = planned(lay(tmp_path), "sums-0-shell", control=True).replays
    assert replay.control
    assert "--allow-empty" in replay.server.command
    assert not any(mount.source == replay.fixture for mount in replay.server.mounts)


def test_a_matrix_is_one_line_with_one_job_a_fixture(tmp_path):
    line = matrix(planned(lay(tmp_path)))
    assert line.count("\n") == 1
    jobs = json.loads(line)["include"]
    assert [job["name"] for job in jobs] == [
        "scripted-Owl-shell", "sums-0-shell", "sums-1-shell", "words-Fox-shell",
    ]  # fmt: skip
    assert jobs[1]["fixture"] == f"{FIXTURES}/sums-0-shell.trajectory.jsonl"


def test_a_matrix_of_shards_has_no_empty_one(tmp_path):
    root = lay(tmp_path)
    assert [job["shard"] for job in json.loads(matrix(planned(root), 2))["include"]] == [
        "1/2",
        "2/2",
    ]
    shards = [job["shard"] for job in json.loads(matrix(planned(root), 50))["include"]]
    assert shards == ["1/3", "2/3", "3/3"]
    for shard in shards:
        number, count = map(int, shard.split("/"))
        assert planned(root, shard=(number, count)).replays


def test_more_jobs_than_github_takes_are_refused(tmp_path):
    many = {
        f"{FIXTURES}/sums-{n}-shell.trajectory.jsonl": turn(str(n)) for n in range(MOST_JOBS + 1)
    }
    found = planned(lay(tmp_path, many))
    with pytest.raises(UsageError, match=r"has 256 at most; ask for parts with --shards"):
        matrix(found)
    assert len(json.loads(matrix(found, 9))["include"]) == 3


def settings(text: str = CONFIG):
    config = parse(text.encode(), "evalpolicy.toml")
    assert config is not None
    return config.replay


def test_an_indexed_job_for_each_image_and_an_index_for_each_fixture(tmp_path):
    found = planned(lay(tmp_path))
    policy, *rest = manifests(found, settings())
    jobs = [one for one in rest if one["kind"] == "Job"]
    maps = {one["metadata"]["name"]: one["data"] for one in rest if one["kind"] == "ConfigMap"}
    assert [job["spec"]["completions"] for job in jobs] == [1, 2, 1]
    assert all(job["spec"]["completionMode"] == "Indexed" for job in jobs)
    assert len(maps) == len(jobs)
    for job in jobs:
        files = maps[job["metadata"]["name"]]
        assert sorted(files) == [f"{n}.env" for n in range(job["spec"]["completions"])]
        labels = job["spec"]["template"]["metadata"]["labels"]
        assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
        assert len(job["metadata"]["name"]) <= 63 - len("-100000")
    assert policy["spec"].keys() == {"podSelector", "policyTypes"}


def test_an_index_file_is_read_by_a_shell_as_it_was_meant(tmp_path):
    found = hostile(tmp_path)
    documents = manifests(found, settings())
    maps = [one for one in documents if one["kind"] == "ConfigMap"]
    files = {one["metadata"]["name"]: one["data"] for one in maps}
    seen = []
    for job in (one for one in documents if one["kind"] == "Job"):
        runner = job["spec"]["template"]["spec"]["containers"][0]
        # Kubernetes makes `$(` of `$$(`.
        env = {one["name"]: one.get("value", "") for one in runner["env"]}
        stated = {name: value.replace("$$(", "$(") for name, value in env.items()}
        for content in files[job["metadata"]["name"]].values():
            (tmp_path / "index.env").write_text(content)
            script = 'set -a; . ./index.env; printf "%s\\0" "$REPLAY_FIXTURE" "$EVAL_TASK_ID"'
            done = subprocess.check_output(["sh", "-c", script], cwd=tmp_path, env=stated)
            path, task, _ = done.decode().split("\0")
            seen.append((path.removeprefix("/replay/fixtures/"), task))
    assert sorted(seen) == [(replay.path, replay.task) for replay in found.replays]
    assert HOSTILE in {task for _, task in seen}
    assert not (tmp_path / "pwned").exists()


def test_the_manifests_are_yaml_without_references(tmp_path):
    found = planned(lay(tmp_path))
    stream = dumps(found, settings())
    assert list(yaml.safe_load_all(stream)) == manifests(found, settings())
    assert "&id" not in stream
    assert "claim that holds the fixtures" in stream


def test_kubernetes_expands_nothing_in_a_value(tmp_path):
    more = CONFIG + "[replay.environment]\nX = '$(POD_IP)'\n"
    found = planned(lay(tmp_path, {"evalpolicy.toml": more}), "sums-0-shell")
    job = manifests(found, settings(more))[-1]
    runner = job["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "X", "value": "$$(POD_IP)"} in runner["env"]
