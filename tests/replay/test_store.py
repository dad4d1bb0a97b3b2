"""What an engine's answers make of an image: current, absent, stale, or not known at all."""

from __future__ import annotations

import json

import pytest

from evalpolicy.replay.calls import CannotCallError, Outcome
from evalpolicy.replay.images.store import CannotAskError, ImageStore, where
from evalpolicy.replay.plan.model import LABEL_INPUTS, LABEL_RECIPE, Command, PlannedImage

IMAGE = PlannedImage("ghcr.io/x/y:1", "agent", "a" * 40, "b" * 64)


def store(stdout: str = "", stderr: str = "", code: int = 0) -> ImageStore:
    return ImageStore("docker", lambda command: Outcome(command, code, stdout, stderr))


def answer(labels: dict[str, str] | None, identity: str = "sha256:1") -> str:
    return json.dumps({"id": identity, "labels": labels})


def test_an_image_with_the_plans_labels_is_current():
    labels = {**IMAGE.labels, "other": "1"}
    status = store(answer(labels)).status(IMAGE)
    assert (status.presence, status.reason, status.id) == ("current", "", "sha256:1")
    assert store(answer(labels, "1")).status(IMAGE).id == "sha256:1", "as podman writes it"


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (None, "it has no label org.evalpolicy.inputs: what it was built from is not known"),
        ({}, "is not known"),
        ({LABEL_INPUTS: "c" * 40}, f"its inputs were {'c' * 12}, and are {'a' * 12} now"),
        ({LABEL_INPUTS: "a" * 40}, "a base image, a build argument or a bake file"),
        ({LABEL_INPUTS: "a" * 40, LABEL_RECIPE: "c"}, "a base image, a build argument"),
    ],
)
def test_every_other_image_is_stale_and_says_why(labels, reason):
    status = store(answer(labels)).status(IMAGE)
    assert status.presence == "stale"
    assert reason in status.reason


@pytest.mark.parametrize(
    "said",
    [
        "Error: No such image: ghcr.io/x/y:1",
        "Error response from daemon: No such image: ghcr.io/x/y:1",
        "Error: ghcr.io/x/y:1: image not known",
        "Error: inspecting object: ghcr.io/x/y:1: image not known",
    ],
)
def test_an_image_that_is_not_there(said):
    assert store(stderr=said, code=1).status(IMAGE).presence == "absent"


@pytest.mark.parametrize("said", ["Cannot connect to the Docker daemon at unix:///x", ""])
def test_an_engine_that_does_not_answer_says_nothing_of_the_image(said):
    with pytest.raises(CannotAskError, match="docker image inspect"):
        store(stderr=said, code=1).status(IMAGE)


@pytest.mark.parametrize("said", ["", "no JSON", "[]", '{"id": "", "labels": {}}'])
def test_an_answer_that_says_nothing_is_no_image(said):
    with pytest.raises(CannotAskError):
        store(said).status(IMAGE)


def test_an_engine_that_is_not_installed():
    def missing(command: Command) -> Outcome:
        raise CannotCallError("cannot run docker")

    with pytest.raises(CannotAskError, match="cannot run docker"):
        ImageStore("docker", missing).status(IMAGE)
    assert where("docker", missing) is None


def test_where_a_store_is():
    said = json.dumps({"root": "/var/lib/docker", "host": "h"})
    assert where("docker", lambda c: Outcome(c, 0, said, "")) == ("h", "/var/lib/docker")
    assert where("docker", lambda c: Outcome(c, 1, said, "gone")) is None
    assert where("docker", lambda c: Outcome(c, 0, '{"root":"","host":"h"}', "")) is None
    assert where("docker", lambda c: Outcome(c, 0, "?", "")) is None
