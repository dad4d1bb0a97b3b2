"""Images on real engines: built once, again when stale, and by whom.

The fleet's images hold one static program, so nothing is pulled and no build needs a network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import builders
import pytest
import stores
from containers import CannotStartError
from tests.replay.planned import planned
from tests.replay.small_fleet import BUILD, FILES, REGISTRY, lay, with_busybox

from evalpolicy.replay.images.failures import unresolved_base
from evalpolicy.replay.images.providing import Provided, provide
from evalpolicy.replay.images.store import CannotAskError, ImageStore

CORE = f"{REGISTRY}/core/base:latest"
AGENT = f"{REGISTRY}/agents/shell:latest"
SUMS = f"{REGISTRY}/benchmarks/sums:latest"
EVAL = f"{REGISTRY}/evals/sums--shell:latest"
SCRIPTED = f"{REGISTRY}/benchmarks/scripted-owl:latest"
SCRIPT = "containers/benchmarks/scripted/build.sh"


@dataclass
class Host:
    """A fleet on a machine with one engine; `told` and `logs` are what the builds said."""

    engine: str
    store: stores.Store
    root: Path
    logs: Path
    told: list[str]

    def provide(self, *words: str, **how) -> Provided:
        found = planned(self.root, *words, engine=self.engine)
        return provide(found, tell=self.told.append, logs=self.logs, **how)

    def agent(self) -> str:
        """What the eval image holds of the agent."""
        return self.store.run("run", "--rm", "--network", "none", EVAL, "cat", "/agent/agent.sh")

    def log(self) -> str:
        return "".join(file.read_text() for file in self.logs.glob("*evals-sums*"))


def _started(part):
    if isinstance(part, CannotStartError | str):
        raise CannotStartError(str(part))
    return part


@pytest.fixture(scope="session")
def plain_docker(docker_daemon, buildx_program):
    try:
        docker, buildx = _started(docker_daemon), buildx_program
        if isinstance(buildx, CannotStartError):
            raise buildx
    except CannotStartError as reason:
        yield reason
        return
    with stores.docker_store(docker, buildx) as store:
        yield store


@pytest.fixture(scope="session")
def plain_podman(buildx_program, tmp_path_factory):
    """podman, and docker's client with buildx, which has nobody to talk to."""
    podman, docker = shutil.which("podman"), "/usr/bin/docker"
    if podman is None or not os.path.exists(docker) or isinstance(buildx_program, CannotStartError):
        yield CannotStartError(f"podman, /usr/bin/docker and buildx: {podman}, {buildx_program}")
        return
    with stores.podman_store(podman) as store:
        if isinstance(store, CannotStartError):
            yield store
            return
        folder = tmp_path_factory.mktemp("client")
        plugins = folder / "config/cli-plugins"
        plugins.mkdir(parents=True)
        (folder / "config/config.json").write_text("{}")  # podman reads it as well.
        (plugins / "docker-buildx").symlink_to(buildx_program)
        yield stores.Store(
            store.name,
            store.version,
            {
                **store.environment,
                "PATH": stores.programs(folder / "bin", podman=podman, docker=docker),
                "DOCKER_CONFIG": str(folder / "config"),
                "DOCKER_HOST": "unix:///nowhere/docker.sock",
            },
        )


@pytest.fixture(scope="session")
def blind_builder():
    """The address of a builder that sees no image store, or the reason why there is none."""
    go = shutil.which("go")
    if go is None or shutil.which("runc") is None:
        yield CannotStartError("go and runc are needed: to build buildkitd, and for it to run")
        return
    try:
        with builders.running(builders.buildkitd_program(go)) as address:
            yield address
    except CannotStartError as reason:
        yield reason


@pytest.fixture
def host(request, tmp_path, monkeypatch, need_engine):
    """`host("docker")`: the small fleet on that engine, whose environment is this process's."""

    def on(engine: str, client: str | None = None, **environment: str) -> Host:
        store = request.getfixturevalue(f"plain_{engine}")
        if isinstance(store, CannotStartError):
            need_engine(str(store))
        for name in ("CONTAINER_HOST", "DOCKER_CONTEXT", "BUILDX_BUILDER", "DOCKER_BUILDKIT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**store.environment, **environment}.items():
            monkeypatch.setenv(name, value)
        store = stores.Store(store.name, store.version, {**store.environment, **environment})
        for image in (EVAL, AGENT, SUMS, SCRIPTED, CORE):
            if store.has(image):
                store.run("rmi", "--force", image)
        root = with_busybox(lay(tmp_path / "fleet"))
        return Host(client or engine, store, root, tmp_path / "logs", [])

    return on


@pytest.fixture
def blind(request, monkeypatch, need_engine):
    """Makes the builder that sees no store the one that buildx takes."""

    def choose() -> None:
        address = request.getfixturevalue("blind_builder")
        if isinstance(address, CannotStartError):
            need_engine(str(address))
        name = f"blind-{time.time_ns()}"
        create = ["docker", "buildx", "create", "--name", name, "--driver", "remote", address]
        subprocess.run(create, check=True, capture_output=True)
        monkeypatch.setenv("BUILDX_BUILDER", name)

    return choose


BOTH = pytest.mark.parametrize("engine", ["docker", "podman"])


@pytest.mark.engine("docker", "podman", "buildx")
@BOTH
def test_images_are_built_once_and_again_when_they_are_stale(engine, host):
    here = host(engine)
    first = here.provide("sums-0-shell")
    assert first.failed == {}
    assert first.built == (CORE, SUMS, AGENT, EVAL)
    again = here.provide("sums-0-shell")
    assert (again.built, again.ids[EVAL]) == ((), first.ids[EVAL])

    lay(here.root, {"containers/agents/shell/agent.sh": "#!/bin/sh\n# newer\n"})
    refused = here.provide("sums-0-shell", build=False)
    assert refused.built == ()
    assert f"{EVAL} is stale: a base image" in refused.failed[EVAL]
    assert "newer" not in here.agent()
    third = here.provide("sums-0-shell")
    assert third.built == (AGENT, EVAL)
    assert "newer" in here.agent()
    assert any(line.startswith(f"{AGENT}: stale: its inputs were ") for line in here.told)


@pytest.mark.engine("docker", "podman", "buildx")
@BOTH
def test_an_image_of_unknown_origin_is_never_used(engine, host):
    here = host(engine)
    built = here.provide("sums-0-shell")
    here.store.run("tag", SUMS, EVAL)
    replaced = here.provide("sums-0-shell")
    assert replaced.built == (EVAL,)
    assert "combined" not in replaced.failed
    lay(here.root, {"foreign/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
    here.store.run("build", "--tag", EVAL, str(here.root / "foreign"))
    assert "is not known" in here.provide("sums-0-shell", build=False).failed[EVAL]
    assert here.provide("sums-0-shell").built == (EVAL,)
    assert built.failed == {}


@pytest.mark.engine("docker", "podman", "buildx")
@BOTH
def test_what_is_current_needs_no_base(engine, host):
    here = host(engine)
    before = here.provide("sums-0-shell").ids[EVAL]
    here.store.run("rmi", "--force", AGENT)
    after = here.provide("sums-0-shell")
    assert (after.built, after.ids) == ((), {EVAL: before})


@pytest.mark.engine("docker", "podman", "buildx")
@BOTH
def test_a_base_that_cannot_be_built_fails_what_is_built_on_it(engine, host):
    here = host(engine)
    broken = FILES["containers/agents/shell/Dockerfile"] + "COPY nothing /nothing\n"
    lay(here.root, {"containers/agents/shell/Dockerfile": broken})
    found = here.provide("sums-0-shell")
    assert set(found.failed) == {AGENT, EVAL}
    assert "nothing" in found.failed[EVAL]
    assert found.failed[EVAL] == found.failed[AGENT]
    assert set(found.ids) == {CORE, SUMS}


@pytest.mark.engine("docker", "buildx")
def test_a_task_built_by_its_script_is_stamped(host):
    here = host("docker")
    found = here.provide("scripted-Owl-shell")
    assert found.failed == {}
    plan = planned(here.root, "scripted-Owl-shell")
    from functools import partial

    from evalpolicy.replay.calls import call

    status = ImageStore("docker", partial(call)).status(plan.image(SCRIPTED))
    assert status.presence == "current"
    said = here.store.run("run", "--rm", "--network", "none", SCRIPTED, "cat", "/task")
    assert said == "Owl\n"


@pytest.mark.engine("podman", "buildx")
def test_a_script_that_builds_into_another_store_is_refused(host):
    here = host("podman")
    found = here.provide("scripted-Owl-shell")
    assert f"{SCRIPT} builds with docker, and podman has another" in found.failed[SCRIPTED]
    assert not here.store.has(SCRIPTED)
    lay(here.root, {SCRIPT: BUILD.format(engine="podman")})
    assert here.provide("scripted-Owl-shell").failed == {}


@pytest.mark.engine("podman", "buildx")
def test_podman_builds_what_bake_resolves_on_a_host_without_a_daemon(host):
    here = host("podman")
    path = "containers/core/combination.docker-bake.hcl"
    more = FILES[path].replace(
        "AGENT_IMAGE = AGENT_IMAGE", 'AGENT_IMAGE = AGENT_IMAGE\n    WHAT = "${upper("baked")}"'
    )
    path_of = "containers/core/combination.Dockerfile"
    dockerfile = FILES[path_of] + "ARG WHAT\nENV WHAT=${WHAT}\n"
    lay(here.root, {path: more, path_of: dockerfile})
    assert here.provide("sums-0-shell").failed == {}
    said = here.store.run("image", "inspect", "--format", "{{json .Config.Env}}", EVAL)
    assert '"WHAT=BAKED"' in said
    assert f"{EVAL}: docker has not podman's image store: podman builds it" in here.told


@pytest.mark.engine("docker", "buildx", "buildkitd")
def test_a_builder_that_cannot_see_dockers_store_is_named(host, blind):
    here = host("docker")
    blind()
    found = here.provide("sums-0-shell")
    assert "cannot see registry.example/small/" in found.failed[EVAL]
    assert "`docker buildx use default`" in found.failed[EVAL]
    assert unresolved_base(here.log(), [SUMS, AGENT]) in (SUMS, AGENT)
    assert unresolved_base(here.log(), [CORE]) is None
    assert "podman build" not in here.log()


@pytest.fixture
def service(tmp_path):
    """podman's service, as `docker` finds it, once `host` has made the environment."""
    started = []

    def start(here: Host) -> None:
        process = subprocess.Popen(
            ["podman", "system", "service", "--time", "0", os.environ["DOCKER_HOST"]],
            env=dict(here.store.environment), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        for _ in range(3000):
            if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError("podman's service does not answer")

    yield start
    for process in started:
        process.terminate()
        process.wait(600)


@pytest.mark.engine("podman", "buildx", "buildkitd")
@pytest.mark.parametrize("client", ["podman", "docker"])
def test_podman_builds_where_bakes_builder_cannot_see_the_store_they_share(
    client, host, blind, service, tmp_path
):
    """A host whose docker is podman's service: the fleet's pull request 146 is about it."""
    here = host("podman", client, DOCKER_HOST=f"unix://{tmp_path}/podman.sock")
    service(here)
    blind()
    found = here.provide("sums-0-shell")
    assert found.failed == {}
    assert any("bake's builder cannot see" in line for line in here.told)
    bake, podman = here.log().index("$ "), here.log().index("$ podman build ")
    assert bake < podman
    assert "failed to resolve source metadata" in here.log()[bake:podman]
    assert here.provide("sums-0-shell").built == ()


@pytest.mark.engine("podman", "buildx", "buildkitd")
@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("COPYY launcher/ /launcher/", "unknown instruction: COPYY"),
        ("COPY nothing /nothing", "not found"),
        ("COPY --from=registry.invalid/else:1 / /else", "registry.invalid"),
        ("FROM registry.invalid/else:1 AS last", "registry.invalid"),
    ],
)
def test_every_other_failure_of_bake_is_shown_as_what_it_is(
    line, why, host, blind, service, tmp_path
):
    here = host("podman", DOCKER_HOST=f"unix://{tmp_path}/podman.sock")
    service(here)
    blind()
    combination = f"ARG BENCHMARK_IMAGE\nARG AGENT_IMAGE\nFROM scratch\n{line}\n"
    lay(here.root, {"containers/core/combination.Dockerfile": combination})
    found = here.provide("sums-0-shell")
    assert why in found.failed[EVAL]
    assert "podman build" not in here.log()
    assert not any("cannot see" in told for told in here.told)


@pytest.mark.engine("docker")
def test_a_daemon_that_does_not_answer_is_told(host, monkeypatch):
    here = host("docker")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(CannotAskError, match="Cannot connect to the Docker daemon"):
        here.provide("sums-0-shell")
