"""How images are built: for which platform, and with which engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from evalpolicy.artifacts.engine_calls import EngineCall
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.policy.rule import Hit, rule

_BUILDS = frozenset(("build", "b", "bake", "commit", "load", "import", "pull", "tag"))
_RUNS = frozenset(("run", "create", "up"))


@rule("HYG009", "forced-platform", "warning")
def forced_platform(
    fleet: Fleet, engine_calls: Mapping[str, tuple[EngineCall, ...]]
) -> Iterator[Hit]:
    """A FROM or a build script hard-codes the platform.

    ## Why

    On a machine of another architecture everything then runs emulated, many times slower, and
    tasks exceed their time limit. The reference fleet hard-coded it in eight core images, and
    removed that when it began to build for both architectures.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM --platform=linux/amd64 python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    A platform that is a variable (`$BUILDPLATFORM`, `"$PLATFORM"`), and a list of platforms.
    """
    for path, summary in fleet.dockerfiles.items():
        for raw, span in summary.platforms:
            if _fixed(raw):
                yield _forced(path, f"FROM --platform={raw}", raw, span)
    for path, calls in engine_calls.items():
        for call in calls:
            if call.verb in _BUILDS and _fixed(call.platform):
                what = f"{call.engine} {call.verb} --platform {call.platform}"
                yield _forced(path, what, call.platform, call.platform_span)


def _fixed(platform: str) -> bool:
    return bool(platform) and "$" not in platform and "," not in platform


def _forced(path: str, what: str, platform: str, span: Span) -> Hit:
    return Hit(
        path,
        f"{what} hard-codes the platform: remove it and let the caller of the build choose",
        span,
        "if the image exists for one platform only, allow it with [[allow]] and a reason",
        "",
        platform,
        cause=platform,
    )


@rule("HYG010", "engine-split", "error")
def engine_split(fleet: Fleet, engine_calls: Mapping[str, tuple[EngineCall, ...]]) -> Iterator[Hit]:
    """Some scripts use podman and others docker.

    The engine that most calls in the fleet's shell scripts use is the fleet's; every call that
    builds, pulls or runs with another one is reported.

    ## Why

    Each engine has its own image store. docker does not see what podman built: it asks the
    registry, and a per-task image that was never published fails with `manifest unknown`. The
    reference fleet has a check for this because two benchmarks were built like that.

    ## Example

    ```sh containers/benchmarks/arc/build.sh
    podman build -t arc .
    ```

    ```sh tests/run.sh
    docker build -t runner .
    docker run --rm arc
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```sh containers/benchmarks/arc/build.sh
    docker build -t arc .
    ```

    ```sh tests/run.sh
    docker build -t runner .
    docker run --rm arc
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    An engine that is a variable (`"$ENGINE" build`), comments, and a fleet that uses podman
    throughout.
    """
    concerned = [
        (path, call)
        for path, calls in engine_calls.items()
        for call in calls
        if call.verb in _BUILDS or call.verb in _RUNS
    ]
    used = Counter(call.engine for _, call in concerned)
    if len(used) < 2:
        return
    usual = max(sorted(used), key=lambda engine: used[engine])
    for path, call in concerned:
        if call.engine != usual:
            verb = "runs" if call.verb in _RUNS else "builds"
            yield Hit(
                path,
                f"`{call.engine} {call.verb}` {verb} in {call.engine}'s own image store, but the "
                f"fleet's other scripts use {usual}: use {usual}",
                call.span,
                "",
                "",
                f"{call.engine} {call.verb}",
                cause=call.engine,
            )
