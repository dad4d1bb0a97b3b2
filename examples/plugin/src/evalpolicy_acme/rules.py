"""ACM: what one house asks of its images beyond what evalpolicy does."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.fleet.units import Place
from evalpolicy.policy.rule import Hit, rule


@rule("ACM001", "maintainer-missing", "warning")
def maintainer_missing(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """An image names nobody who looks after it.

    ## Why

    When a benchmark's image breaks, the one who may mend it has to be found.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.name="arc"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.name="arc"
    LABEL org.opencontainers.image.authors="arc-team@example.org"
    ```

    ## Exempt

    Files that the layout makes no benchmark, agent, model or gateway.
    """
    if place.role in (None, "core") or dockerfile.final is None:
        return
    if "org.opencontainers.image.authors" not in dockerfile.effective_labels(dockerfile.final):
        yield Hit(
            place.path,
            "org.opencontainers.image.authors is missing: name who looks after this image",
            dockerfile.final.from_.head,
            subject=place.name,
        )
