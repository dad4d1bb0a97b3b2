"""What images are built from: bases that float, that have no tag, that nothing names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.artifacts.dockerfile.images import Image, images
from evalpolicy.config.reading import Layout
from evalpolicy.fleet.units import Place
from evalpolicy.policy.rule import Hit, rule

_VARIABLE = re.compile(r"\$(\w+)")
# The arguments that BuildKit itself sets in the global scope.
_PREDEFINED = frozenset(
    f"{side}{part}"
    for side in ("BUILD", "TARGET")
    for part in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
)


@rule("PIN001", "floating-base", "error")
def floating_base(dockerfile: Dockerfile, place: Place, layout: Layout) -> Iterator[Hit]:
    """A third-party image is taken at `:latest`, by FROM, by COPY --from or by a mount.

    ## Why

    What `latest` means changes under the file: the same commit builds another environment next
    week, and a score that was measured in the first one is compared with the second. In the
    reference fleet four benchmarks stand on such an image; each had to be argued for.

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
    variables replaced. A digest behind the tag pins it.

    ## Configuration

    An upstream that publishes nothing else is allowed by name and with a reason, and PIN007
    tells when that is no longer needed:

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
        if floats and not _own(image, layout):
            yield Hit(
                place.path,
                f"{image.how} {image.raw} takes a third-party image at :latest: "
                "name a version's tag or a digest",
                image.span,
                "if upstream publishes neither, allow it with [[allow]] and the reason",
                place.name,
                image.raw,
            )


@rule("PIN002", "untagged-base", "error")
def untagged_base(dockerfile: Dockerfile, place: Place, layout: Layout) -> Iterator[Hit]:
    """An image from elsewhere is named without a tag and without a digest.

    ## Why

    No tag means `latest`, without even saying so.

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

    `scratch`, an earlier stage of the file, the fleet's own images, and a name that only the
    build knows (an ARG without a default).

    ## Configuration

    `layout.supplied_contexts` names the build contexts that the build supplies (`FROM eval-base`
    with `--build-context eval-base=…`); `layout.registries` is where the fleet's own images are.
    """
    for image in images(dockerfile):
        tail = image.resolved.rpartition("/")[2]
        if not image.known or not tail or ":" in tail or "@" in tail or image.resolved == "scratch":
            continue
        if image.resolved in layout.supplied_contexts or _own(image, layout):
            continue
        yield Hit(
            place.path,
            f"{image.how} {image.raw} names no tag, which means latest: "
            "name a version's tag or a digest",
            image.span,
            "",
            place.name,
            image.raw,
        )


@rule("PIN003", "base-arg-not-global", "error")
def base_arg_not_global(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """FROM uses an ARG that is not declared before the first FROM.

    ## Why

    FROM sees the global scope alone. An ARG within a stage is not there: the variable is empty,
    `tool:v${VERSION}` becomes `tool:v`, and `--build-arg` changes nothing. One agent of the
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
                        f"FROM uses ${{{name}}}, which is not declared before the first FROM: "
                        f"it is empty here; declare `ARG {name}` at the top of the file",
                        span,
                        "",
                        place.name,
                        name,
                    )


def _own(image: Image, layout: Layout) -> bool:
    """Whether the image is one of the fleet's own registries."""
    raw = _VARIABLE.sub(r"${\1}", image.raw)
    return any(
        written.startswith((f"{registry.rstrip('/')}/", f"{registry}$"))
        for registry in layout.registries
        for written in (raw, image.resolved)
    )
