"""The images of a plan: their names, their bases, the calls that build them, their ids."""

from __future__ import annotations

import subprocess

import pytest
from tests.replay.planned import planned
from tests.replay.small_fleet import CONFIG, FILES, FIXTURES, REGISTRY, lay, turn

from evalpolicy.fleet.build_inputs import build_inputs_id
from evalpolicy.replay.plan.naming import container_name, is_image_name
from evalpolicy.snapshot import open_snapshot

CORE = f"{REGISTRY}/core/base:latest"
AGENT = f"{REGISTRY}/agents/shell:latest"
EVAL = f"{REGISTRY}/evals/sums--shell:latest"


def argv(image) -> list[list[str]]:
    return [list(step.argv) for step in image.build.steps]


def test_names_are_the_fleets_and_a_task_is_in_lower_case(tmp_path):
    found = planned(lay(tmp_path))
    assert [image.name.removeprefix(f"{REGISTRY}/") for image in found.images] == [
        "core/base:latest",
        "benchmarks/scripted-owl:latest",
        "agents/shell:latest",
        "evals/scripted-owl--shell:latest",
        "benchmarks/sums:latest",
        "evals/sums--shell:latest",
        "benchmarks/words-fox:latest",
        "evals/words-fox--shell:latest",
    ]
    words = found.replays[3]
    assert (words.task, words.runner.environment["EVAL_TASK_ID"]) == ("Fox", "Fox")


def test_bases_come_first_and_only_those_that_are_needed(tmp_path):
    found = planned(lay(tmp_path), "sums-0-shell")
    assert found.image(EVAL).bases == (f"{REGISTRY}/benchmarks/sums:latest", AGENT)
    seen: set[str] = set()
    for image in found.images:
        assert seen.issuperset(image.bases)
        seen.add(image.name)
    assert f"{REGISTRY}/core/other:latest" not in seen


def test_a_shared_benchmark_and_an_agent_are_built_by_the_engine(tmp_path):
    found = planned(lay(tmp_path), "sums-0-shell", engine="podman")
    (build,) = argv(found.image(f"{REGISTRY}/benchmarks/sums:latest"))
    assert build[:4] == ["podman", "build", "--format", "docker"]
    assert build[-1] == "containers/benchmarks/sums"
    assert f"REGISTRY={REGISTRY}" in build
    assert build[build.index("--network") + 1] == "none"
    (agent,) = argv(found.image(AGENT))
    assert not any(word.startswith("REGISTRY=") for word in agent)


def test_a_task_is_a_build_argument_or_an_argument_of_the_script(tmp_path):
    found = planned(lay(tmp_path))
    words = f"{REGISTRY}/benchmarks/words-fox:latest"
    assert "EVAL_TASK_ID=Fox" in argv(found.image(words))[0]
    scripted = f"{REGISTRY}/benchmarks/scripted-owl:latest"
    script, stamp = found.image(scripted).build.steps
    assert script.argv == ("bash", "containers/benchmarks/scripted/build.sh", scripted, "Owl")
    assert stamp.stdin == f"FROM {scripted}\n"
    assert f"org.evalpolicy.inputs={found.image(scripted).inputs}" in stamp.argv


def test_an_eval_image_is_baked_and_podmans_build_is_known(tmp_path):
    build = planned(lay(tmp_path), "sums-0-shell").image(EVAL).build
    (bake,) = build.steps
    assert bake.argv[:3] == ("docker", "buildx", "bake")
    assert bake.argv[-2:] == ("--load", "eval")
    assert f"eval.tags={EVAL}" in bake.argv
    assert bake.environment["REGISTRY"] == REGISTRY
    assert build.resolved.argv == (*bake.argv[:-2], "--print", "eval")
    assert build.fallback.argv[-1] == "containers/core"
    assert "containers/core/combination.Dockerfile" in build.fallback.argv
    assert build.unknown == ()


def test_arguments_that_only_the_bake_files_know_are_told(tmp_path):
    path = "containers/core/combination.docker-bake.hcl"
    more = FILES[path].replace(
        "    AGENT_IMAGE = AGENT_IMAGE", '    AGENT_IMAGE = ""\n    MORE = "1"'
    )
    build = planned(lay(tmp_path, {path: more}), "sums-0-shell").image(EVAL).build
    assert build.unknown == ("MORE",)


def test_what_the_caller_calls_like_a_variable_of_the_bake_files_changes_nothing(tmp_path):
    path = "containers/docker-bake.hcl"
    more = FILES[path] + 'variable "GOSU" { default = "a" }\nvariable "HF_TOKEN" {}\n'
    build = planned(lay(tmp_path, {path: more}), "sums-0-shell").image(EVAL).build
    assert build.steps[0].without == build.resolved.without == ("GOSU",)
    assert " | env -u GOSU REGISTRY=" in str(build.steps[0])
    found = build.steps[0].variables({"GOSU": "b", "HF_TOKEN": "t", "TAG": "other"})
    assert (found.get("GOSU"), found["HF_TOKEN"], found["TAG"]) == (None, "t", "latest")


def test_a_secret_is_offered_to_a_dockerfile_that_asks_for_it(tmp_path):
    path = "containers/benchmarks/sums/Dockerfile"
    asking = FILES[path] + "RUN --mount=type=secret,id=HF_TOKEN true\n"
    found = planned(lay(tmp_path, {path: asking}), "sums-0-shell")
    secret = "--secret=id=HF_TOKEN,env=HF_TOKEN"
    with_secret = [i.name for i in found.images if any(secret in step for step in argv(i))]
    assert with_secret == [f"{REGISTRY}/benchmarks/sums:latest"]


def test_the_inputs_are_the_tree_that_git_knows(tmp_path):
    root = lay(tmp_path)
    image = planned(root, "sums-0-shell").image(AGENT)
    with open_snapshot(root) as snapshot:
        assert image.inputs == build_inputs_id(snapshot, "containers/agents/shell")
    for call in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b",
                 "commit", "-qm", "x"]):  # fmt: skip
        subprocess.run(["git", *call], cwd=root, check=True)
    tree = subprocess.check_output(
        ["git", "rev-parse", "HEAD:containers/agents/shell"], cwd=root, text=True
    )
    assert image.inputs == tree.strip()


CHANGES = {
    "containers/core/base/run.sh": {"core/base", "benchmarks/sums", "evals/sums--shell"},
    "containers/benchmarks/sums/grade.sh": {"benchmarks/sums", "evals/sums--shell"},
    "containers/agents/shell/agent.sh": {"agents/shell", "evals/sums--shell"},
    "containers/core/launcher/run": {"evals/sums--shell"},
    "containers/core/combination.Dockerfile": {"evals/sums--shell"},
    "containers/docker-bake.hcl": {"evals/sums--shell"},
    "containers/core/combination.docker-bake.hcl": {"evals/sums--shell"},
    "containers/core/other/Dockerfile": set(),
    "containers/benchmarks/words/grade.sh": set(),
    "containers/benchmarks/sums/README.md": set(),
}
"""What a change of a file makes stale, of the images that one replay needs."""


@pytest.mark.parametrize("path", CHANGES)
def test_what_a_change_makes_stale(tmp_path, path):
    before = planned(lay(tmp_path / "a"), "sums-0-shell")
    after = planned(
        lay(tmp_path / "b", {path: FILES.get(path, "") + "# changed\n"}), "sums-0-shell"
    )
    changed = {one.name for one in after.images if one.labels != before.image(one.name).labels}
    assert changed == {f"{REGISTRY}/{name}:latest" for name in CHANGES[path]}


def test_another_argument_makes_stale_and_another_engine_does_not(tmp_path):
    labels = dict(planned(lay(tmp_path / "a"), "sums-0-shell").image(EVAL).labels)
    other = planned(lay(tmp_path / "b"), "sums-0-shell", engine="podman").image(EVAL)
    assert dict(other.labels) == labels
    more = CONFIG + '[replay.eval.args]\nBENCHMARK_IMAGE = "{benchmark_image}"\nX = "1"\n'
    changed = planned(lay(tmp_path / "c", {"evalpolicy.toml": more}), "sums-0-shell").image(EVAL)
    assert changed.labels != labels
    assert changed.inputs == labels["org.evalpolicy.inputs"]


@pytest.mark.parametrize(
    "copied", ["COPY . /all", "COPY launch* /l/", "COPY ${WHAT} /x", "RUN --mount=target=/x true"]
)
def test_where_a_build_may_read_all_of_the_context_all_of_it_counts(tmp_path, copied):
    path = "containers/core/combination.Dockerfile"
    changes = {path: FILES[path] + f"{copied}\n"}
    before = planned(lay(tmp_path / "a", changes), "sums-0-shell").image(EVAL)
    changes["containers/core/other/Dockerfile"] = "FROM scratch\n"
    after = planned(lay(tmp_path / "b", changes), "sums-0-shell").image(EVAL)
    assert before.inputs != after.inputs


def test_a_fleet_without_bake_files_says_what_is_missing(tmp_path):
    root = lay(tmp_path, {"containers/docker-bake.hcl": None})
    image = planned(root, "sums-0-shell").image(EVAL)
    assert image.build is None
    assert image.problem is not None
    assert image.problem.startswith("containers/docker-bake.hcl is not there: say in [replay.eval]")


def test_images_that_are_built_on_each_other_are_refused(tmp_path):
    changes = {"containers/core/base/Dockerfile": f"FROM {CORE}\n"}
    image = planned(lay(tmp_path, changes), "sums-0-shell").image(EVAL)
    assert image.problem is not None
    assert "it is built on itself" in image.problem


def test_a_task_that_no_image_can_be_named_by_is_refused(tmp_path):
    root = lay(tmp_path, {f"{FIXTURES}/words-a b-shell.trajectory.jsonl": turn("x")})
    found = planned(root, "words-a b-shell")
    assert "no engine takes this" in str(found.image(found.replays[0].image).problem)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("ghcr.io/a/b--c:latest", True),
        ("localhost:5000/a/b__c.d:1", True),
        ("a/b:1", True),
        ("ghcr.io/a/b", False),
        ("ghcr.io/A/b:1", False),
        ("ghcr.io/a/b___c:1", False),
        ("ghcr.io/a/-b:1", False),
        ("ghcr.io/a/../b:1", False),
        ("ghcr.io/a/b:1 ", False),
        ("--privileged", False),
        (f"ghcr.io/{'a' * 250}:1", False),
    ],
)
def test_what_is_the_name_of_an_image(name, good):
    assert is_image_name(name) is good


def test_names_of_containers_are_safe_and_do_not_collide():
    names = {container_name("r", n, stem, "server") for n, stem in enumerate(["a b", "a-b", "--"])}
    assert names == {
        "evalpolicy-r-0-a-b-server", "evalpolicy-r-1-a-b-server", "evalpolicy-r-2-fixture-server",
    }  # fmt: skip
