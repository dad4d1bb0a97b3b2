"""Manifests of a plan, judged by the schemas of the Kubernetes API.

The strict ones: an unknown field is an error. They know types and required fields; what the API
server checks beyond that (names, labels, sizes, words that have to be one of some) is checked here
by its documented rules. No cluster has run them.
"""

from __future__ import annotations

import copy
import re

import pytest
from tests.replay.planned import planned
from tests.replay.small_fleet import CONFIG, FIXTURES, lay, turn

from evalpolicy.config.reading import parse
from evalpolicy.replay.plan.kubernetes import manifests

pytestmark = pytest.mark.engine("kubernetes-validate")

VERSIONS = ("1.33", "1.37")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


@pytest.fixture
def refusals(need_engine):
    """What the schema of a version has against a manifest; None if it has nothing."""
    try:
        import kubernetes_validate as kubernetes
    except ModuleNotFoundError:
        need_engine("kubernetes-validate is not installed (pip install 'evalpolicy[engines]')")

    def judge(manifest, version: str) -> str | None:
        try:
            kubernetes.validate(manifest, version, strict=True)
        except kubernetes.ValidationError as error:
            return str(error).splitlines()[0]
        return None

    return judge


def made(tmp_path, more: str = "", **how):
    text = CONFIG + more
    changes = {
        "evalpolicy.toml": text,
        f"{FIXTURES}/words-it's $(x)_{'long' * 40}-shell.trajectory.jsonl": turn("x"),
    }
    config = parse(text.encode(), "evalpolicy.toml")
    assert config is not None
    return manifests(planned(lay(tmp_path, changes), **how), config.replay)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("control", [False, True])
def test_every_manifest_satisfies_the_api(tmp_path, refusals, version, control):
    found = made(tmp_path, "[replay.limits]\ncpus = 0.5\n", control=control, run="Run_1/é" * 20)
    assert {one["kind"] for one in found} == {"NetworkPolicy", "ConfigMap", "Job"}
    assert [refusals(one, version) for one in found] == [None] * len(found)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda job: job["spec"].update(completions="two"),
        lambda job: job["spec"].update(backofLimitPerIndex=0),
        lambda job: job["spec"]["template"]["spec"].update(hostAlias=[]),
        lambda job: job["spec"]["template"]["spec"]["containers"][0].pop("name"),
        lambda job: job["spec"]["template"]["spec"]["initContainers"][0].update(env={}),
    ],
)
def test_the_judge_refuses_what_is_wrong(tmp_path, refusals, spoil):
    job = copy.deepcopy(made(tmp_path)[-1])
    assert job["kind"] == "Job"
    spoil(job)
    assert refusals(job, VERSIONS[-1]) is not None


def test_what_the_api_server_checks_beyond_its_schema(tmp_path):
    found = made(tmp_path, run="Run_1/é" * 20)
    for one in found:
        assert _NAME.fullmatch(one["metadata"]["name"]), one["metadata"]["name"]
        assert all(_LABEL.fullmatch(value) for value in one["metadata"]["labels"].values())
    assert len({(one["kind"], one["metadata"]["name"]) for one in found}) == len(found)
    for one in found:
        if one["kind"] == "ConfigMap":
            assert sum(map(len, one["data"].values())) < 1 << 20
            assert all(re.fullmatch(r"[-._a-zA-Z0-9]+", key) for key in one["data"])
        if one["kind"] == "Job":
            _check_job(one["spec"])


def _check_job(spec) -> None:
    """With an index's own limit of failures, pods are not restarted (KEP-3850)."""
    assert (spec["completionMode"], spec["template"]["spec"]["restartPolicy"]) == (
        "Indexed",
        "Never",
    )
    pod = spec["template"]["spec"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert all(_NAME.fullmatch(name) for name in volumes)
    for container in (*pod["initContainers"], *pod["containers"]):
        mounts = container["volumeMounts"]
        assert {mount["name"] for mount in mounts} <= volumes
        assert len({mount["mountPath"] for mount in mounts}) == len(mounts)
        assert not any(mount.get("subPathExpr", "x").startswith("/") for mount in mounts)
    assert pod["dnsPolicy"] == "None"
    assert pod["dnsConfig"]["nameservers"]
