"""How images are built: for which platform, and with which engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from evalpolicy.artifacts.engine_calls import EngineCall
from evalpolicy.artifacts.syntax.english import counted
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

    If the fleet's shell scripts run images with one engine, every script that builds, pulls or tags
    them with another one is reported. Otherwise nothing says which one is right: the calls of the
    engine with fewer calls are reported, and the finding names both sides.

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
    running = {call.engine: path for path, call in concerned if call.verb in _RUNS}
    usual = max(sorted(running or used), key=lambda engine: used[engine])
    if len(running) == 1:
        why = f"but the fleet runs its images with {usual} ({running[usual]}): use {usual}"
    else:
        others = list(dict.fromkeys(path for path, call in concerned if call.engine == usual))
        more = f" and {counted(len(others) - 1, 'other script')}" if len(others) > 1 else ""
        why = f"and {others[0]}{more} {'use' if more else 'uses'} {usual}, which does not see it"
    for path, call in concerned:
        if call.engine != usual:
            verb = "runs from" if call.verb in _RUNS else "leaves its image in"
            yield Hit(
                path,
                f"`{call.engine} {call.verb}` {verb} {call.engine}'s own image store, {why}",
                call.span,
                "",
                "",
                f"{call.engine} {call.verb}",
                cause=call.engine,
            )
