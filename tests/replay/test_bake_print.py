"""What bake resolves, as a build by podman: nothing may be left out that changes the image."""

from __future__ import annotations

import json

import pytest

from evalpolicy.replay.images.resolved import CannotConvertError, from_print

NAME = "ghcr.io/x/evals/a--b:latest"


def printed(**target: object) -> str:
    return json.dumps({"target": {"eval": {"context": "ctx", "tags": [NAME], **target}}})


def argv(**target: object) -> list[str]:
    return list(from_print(printed(**target), "eval", NAME).argv)


def test_the_dockerfile_is_relative_to_the_context():
    assert argv(dockerfile="c.Dockerfile", args={"A": "1", "B": "", "C": None}) == [
        *("podman", "build", "--format", "docker", "--file", "ctx/c.Dockerfile", "--tag", NAME),
        *("--build-arg", "A=1", "--build-arg", "B=", "ctx"),
    ]


def test_everything_that_changes_the_image_is_passed_on():
    words = argv(
        labels={"l": "v"}, target="last", platforms=["linux/amd64"], network="none",
        contexts={"more": "../more"}, secret=["id=T,env=T", {"type": "env", "id": "S", "env": "S"}],
        **{"no-cache": True, "shm-size": "64m", "extra-hosts": {"h": "1.2.3.4"}},
    )  # fmt: skip
    assert words[words.index("--label") + 1] == "l=v"
    assert words[words.index("--network") + 1] == "none"
    options = {
        "--target=last", "--platform=linux/amd64", "--build-context=more=../more",
        "--secret=id=T,env=T", "--secret=id=S,env=S", "--no-cache", "--shm-size=64m",
        "--add-host=h:1.2.3.4",
    }  # fmt: skip
    assert options <= set(words)


def test_a_dockerfile_in_the_bake_file_is_standard_input():
    command = from_print(printed(**{"dockerfile-inline": "FROM x\n"}), "eval", NAME)
    assert command.stdin == "FROM x\n"
    assert command.argv[command.argv.index("--file") + 1] == "-"


def test_where_the_image_goes_is_no_matter():
    output = [{"type": "docker"}]
    assert argv(output=output, attest=[], **{"cache-from": ["x"]}) == argv()


def test_the_configured_network_is_taken_where_bake_names_none():
    assert from_print(printed(), "eval", NAME, "none").argv[-3:-1] == ("--network", "none")
    named = from_print(printed(network="host"), "eval", NAME, "none")
    assert named.argv[-3:-1] == ("--network", "host")


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ({"ulimits": ["nofile=1"]}, "ulimits"),
        ({"something-new": 1}, "something-new"),
        ({"tags": []}, "would tag"),
        ({"tags": [NAME, "other:1"]}, "would tag"),
        ({"context": "https://example.org/x.git"}, "is not a folder"),
        ({"contexts": {"a": "target:b"}}, "another target"),
        ({"platforms": ["linux/amd64", "linux/arm64"]}, "2 platforms"),
    ],
)
def test_what_podman_cannot_do_is_refused(target, why):
    with pytest.raises(CannotConvertError, match=why):
        argv(**target)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"target": {}}', '{"target": {"eval": 1}}'])
def test_an_answer_without_the_target_is_refused(text):
    with pytest.raises(CannotConvertError, match="does not list the target eval"):
        from_print(text, "eval", NAME)
