"""Base images: at `:latest`, without a tag, or named by an undeclared ARG."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.artifacts.dockerfile.images import Image, images
from evalpolicy.artifacts.dockerfile.model import Arg
from evalpolicy.config.reading import Layout
from evalpolicy.facts.built_images import BuiltImages
from evalpolicy.fleet.units import Place
from evalpolicy.policy.rule import Hit, rule

_VARIABLE = re.compile(r"\$(\w+)")
_VARIABLES = re.compile(r"\$\{?(\w+)")
# The arguments that BuildKit itself sets in the global scope.
_PREDEFINED = frozenset(
    f"{side}{part}"
    for side in ("BUILD", "TARGET")
    for part in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
)


@rule("PIN001", "floating-base", "error")
def floating_base(
    dockerfile: Dockerfile, place: Place, layout: Layout, built_images: BuiltImages
) -> Iterator[Hit]:
    """FROM, COPY --from or a mount uses a third-party image at `:latest`.

    ## Why

    `latest` changes while the file does not: the same commit builds a different environment next
    week, and scores measured in the two are compared. In the reference fleet four benchmarks are
    built on such an image; each needed a justification.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM ghcr.io/example/arc:latest
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM ghcr.io/example/arc:1.3.0
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    The fleet's own images: those of the registries in `layout.registries`, as written or with
    variables expanded, and those that the repository builds: named by `docker build -t` in a
    script, `tags` in a bake file, `build` and `image` in a compose file, or like a folder of the
    fleet (`…/core/entrypoint`). A tag followed by a digest is pinned.

    ## Configuration

    If upstream publishes no other tag, allow the image by name and with a reason; PIN007 reports
    when that is no longer needed:

    ```toml evalpolicy.toml
    [[allow]]
    rule = "PIN001"
    path = "containers/benchmarks/arc/Dockerfile"
    match = "ghcr.io/example/arc:latest"
    reason = "upstream publishes no version tag"
    ```
    """
    for image in images(dockerfile):
        floats = image.raw.endswith(":latest") or image.resolved.endswith(":latest")
        if not floats or _own(image, layout) or built_images.builds(image.resolved):
            continue
        default = _floating_default(dockerfile, image)
        yield Hit(
            place.path,
            f"{image.how} {image.raw} uses a third-party image at :latest: "
            "use a version's tag or a digest"
            if default is None
            else f"{default.key} defaults to {default.value}, a tag that moves: pin the default",
            image.span if default is None else default.value_span or default.span,
            "if upstream publishes neither, allow it with [[allow]] and the reason",
            place.name,
            image.raw,
            cause=image.raw,
        )


def _floating_default(dockerfile: Dockerfile, image: Image) -> Arg | None:
    """The ARG whose default makes an image float; None where FROM itself says `:latest`."""
    if image.raw.endswith(":latest"):
        return None
    declared = {arg.key: arg for arg in dockerfile.global_args}
    names, found = _VARIABLES.findall(image.raw), None
    while name := next(
        (n for n in names if n in declared and (declared[n].value or "").endswith("latest")), None
    ):
        found = declared.pop(name)
        names = list(found.names)
    return found


@rule("PIN002", "untagged-base", "error")
def untagged_base(
    dockerfile: Dockerfile, place: Place, layout: Layout, built_images: BuiltImages
) -> Iterator[Hit]:
    """A third-party image has neither a tag nor a digest.

    ## Why

    Without a tag the build uses `latest`.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM ubuntu
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM ubuntu:24.04
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    `scratch`, an earlier stage of the file, the fleet's own images and those that the repository
    builds (see PIN001), and a name that only the build supplies (an ARG without a default).

    ## Configuration

    `layout.supplied_contexts` names the build contexts that the build supplies (`FROM eval-base`
    with `--build-context eval-base=…`); `layout.registries` lists the fleet's own registries.
    """
    for image in images(dockerfile):
        tail = image.resolved.rpartition("/")[2]
        if not image.known or not tail or ":" in tail or "@" in tail or image.resolved == "scratch":
            continue
        if image.resolved in layout.supplied_contexts or _own(image, layout):
            continue
        if built_images.builds(image.resolved):
            continue
        yield Hit(
            place.path,
            f"{image.how} {image.raw} has no tag, which means latest: "
            "use a version's tag or a digest",
            image.span,
            "",
            place.name,
            image.raw,
            cause=image.raw,
        )


@rule("PIN003", "base-arg-not-global", "error")
def base_arg_not_global(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """FROM uses an ARG that is not declared before the first FROM.

    ## Why

    FROM only sees the global scope. An ARG within a stage is not visible: the variable is empty,
    `tool:v${VERSION}` becomes `tool:v`, and `--build-arg` has no effect. One agent of the
    reference fleet was built like that.

    ## Example

    ```dockerfile containers/agents/echo/Dockerfile
    FROM alpine:3.20
    ARG AGENT_VERSION=1.4.2
    FROM example/echo:v${AGENT_VERSION}
    ```

    ## Fixed

    ```dockerfile containers/agents/echo/Dockerfile
    ARG AGENT_VERSION=1.4.2
    FROM alpine:3.20
    FROM example/echo:v${AGENT_VERSION}
    ```

    ## Exempt

    The arguments that BuildKit sets itself (`TARGETARCH`, `BUILDPLATFORM` …).
    """
    declared = {arg.key for arg in dockerfile.global_args} | _PREDEFINED
    for stage in dockerfile.stages:
        words = [(stage.base.names, stage.base.span)]
        if stage.platform is not None:
            words.append((stage.platform.names, stage.platform.span))
        for names, span in words:
            for name in dict.fromkeys(names):
                if name not in declared:
                    yield Hit(
                        place.path,
                        f"FROM uses ${{{name}}}, which is not declared before the first FROM and "
                        f"therefore empty: declare `ARG {name}` at the top of the file",
                        span,
                        "",
                        place.name,
                        name,
                        cause=name,
                    )


def _own(image: Image, layout: Layout) -> bool:
    """Whether the image is in one of the fleet's own registries."""
    raw = _VARIABLE.sub(r"${\1}", image.raw)
    return any(
        written.startswith((f"{registry.rstrip('/')}/", f"{registry}$"))
        for registry in layout.registries
        for written in (raw, image.resolved)
    )
