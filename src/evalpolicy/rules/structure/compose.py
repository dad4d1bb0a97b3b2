"""Compose files: runners based on the shared services, and correctly tagged images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import START
from evalpolicy.config.reading import Layout
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.rule import Hit, rule

if TYPE_CHECKING:
    from evalpolicy.artifacts.compose import Compose
    from evalpolicy.facts.compose_files import ComposeFiles

_FLEET_VERSION = re.compile(r"\$\{?EVAL_[A-Z0-9_]*VERSION")
_TAG_VERSION = re.compile(r":[^/@]*\$\{?[A-Z0-9_]*VERSION[^/@]*$")


@rule("STR003", "compose-shared", "error")
def compose_shared(fleet: Fleet, compose_files: ComposeFiles) -> Iterator[Hit]:
    """A benchmark's compose.yaml does not use the shared services, or runs another benchmark.

    It has to include the shared services, declare none of them itself, and have a `runner` whose
    BENCHMARK, set directly or by what it extends, is the folder's name.

    ## Why

    compose.yaml gets copied from another benchmark. With BENCHMARK unchanged, the results are
    written under the other's name. A service that comes from an `include` cannot be declared
    again: Compose reports a conflict with the imported resource, and nothing starts; in an earlier
    state of the reference fleet every benchmark did that with its runner.

    ## Example

    ```yaml containers/benchmarks/arc/compose.yaml
    include:
      - path: ../../compose/services.yaml
    services:
      runner:
        environment:
          BENCHMARK: gsm8k
    ```

    ```yaml containers/compose/services.yaml
    services:
      gateway:
        image: example/gateway:1
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```yaml containers/benchmarks/arc/compose.yaml
    include:
      - path: ../../compose/services.yaml
    services:
      runner:
        environment:
          BENCHMARK: arc
    ```

    ```yaml containers/compose/services.yaml
    services:
      gateway:
        image: example/gateway:1
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    A benchmark without a compose.yaml (STR001). Additional services.

    ## Configuration

    `layout.shared_services` lists the files with the shared services.
    """
    shared = Globs(fleet.layout.shared_services)
    for folder, role in sorted(fleet.placed.items()):
        path = f"{folder}/compose.yaml"
        if role != "benchmark" or path not in fleet.snapshot.entries:
            continue
        compose = compose_files.get(path)
        if compose is not None:
            yield from _benchmark(path, folder.rpartition("/")[2], compose, compose_files, shared)


def _benchmark(
    path: str, name: str, compose: Compose, compose_files: ComposeFiles, shared: Globs
) -> Iterator[Hit]:
    targets = [compose_files.target(path, include.text) for include in compose.includes]
    if not any(target is not None and target in shared for target in targets):
        yield Hit(
            path,
            "compose.yaml does not include the shared services: "
            "add `include: [../../compose/services.yaml]`",
            compose.includes[0].span if compose.includes else START,
            "",
            name,
            "include",
            cause="include",
        )
    for include, target in zip(compose.includes, targets, strict=True):
        if target is not None and target in shared and compose_files.get(target) is None:
            yield Hit(
                path,
                f"{include.text} does not exist: include the shared services from where they are",
                include.span,
                "",
                name,
                "include missing",
                cause=target,
            )
    imported = {service.name: file for file, service in compose_files.included(path)}
    for service in compose.services:
        if service.name in imported:
            yield Hit(
                path,
                f"service {service.name} is already included from {imported[service.name]}, and "
                "Compose rejects a second one: extend a template instead of including it",
                service.span,
                "",
                name,
                service.name,
                cause=f"{service.name} of {imported[service.name]}",
            )
    runner = compose.service("runner")
    if runner is None or runner.is_null:
        yield Hit(
            path,
            "there is no service `runner` to run the benchmark: declare it",
            runner.span if runner else START,
            "",
            name,
            "runner",
            cause="runner",
        )
        return
    variable = compose_files.variable(path, runner, "BENCHMARK")
    if variable is None or variable.value != name:
        own = variable is not None and variable in runner.environment
        now = "is not set" if variable is None else f'is "{variable.value or ""}"'
        yield Hit(
            path,
            f"the runner's BENCHMARK {now}: set it to {name}, the folder's name",
            variable.span if variable is not None and own else runner.span,
            "",
            name,
            "BENCHMARK",
        )


@rule("STR004", "tag-axis", "error")
def tag_axis(fleet: Fleet, compose_files: ComposeFiles, layout: Layout) -> Iterator[Hit]:
    """A compose file uses a VERSION variable as the tag of one of the fleet's images.

    ## Why

    `EVAL_…_VERSION` is the version of a tool *in* an image; the tag identifies a build of the
    image. If the version is used as the tag, choosing an agent's version pulls an image that was
    never published.

    ## Example

    ```yaml containers/compose/runner.yaml
    services:
      runner:
        image: ghcr.io/exgentic/evals/arc--codex:${EVAL_AGENT_VERSION:-latest}
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```yaml containers/compose/runner.yaml
    services:
      runner:
        image: ghcr.io/exgentic/evals/arc--codex:${EVAL_AGENT_TAG:-latest}
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    Third-party images (`postgres:${POSTGRES_VERSION}`), whose tag is their version.

    ## Configuration

    `layout.compose` defines which files are compose files, `layout.registries` which images are
    the fleet's.
    """
    own = tuple(f"{registry}/" for registry in (*layout.registries, "${EVAL_REGISTRY}"))
    for path in compose_files.paths:
        compose = compose_files.get(path)
        for service in compose.services if compose else ():
            image = service.image
            if image is None:
                continue
            ours = image.text.startswith((*own, "${EVAL_REGISTRY:-"))
            if _FLEET_VERSION.search(image.text) or (ours and _TAG_VERSION.search(image.text)):
                yield Hit(
                    path,
                    f"service {service.name} uses a VERSION variable as its image's tag: "
                    "use the TAG variable",
                    image.span,
                    "",
                    service.name,
                    image.text,
                )
