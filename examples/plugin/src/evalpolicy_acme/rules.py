"""ACM: what one organization requires of its images in addition to evalpolicy's rules."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.fleet.units import Place
from evalpolicy.policy.rule import Hit, rule


@rule("ACM001", "maintainer-missing", "warning")
def maintainer_missing(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """An image does not name its maintainers.

    ## Why

    When a benchmark's image breaks, someone has to find the person who can fix it.

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

    Files that the layout does not assign to a benchmark, agent, model or gateway.
    """
    if place.role in (None, "core") or dockerfile.final is None:
        return
    if "org.opencontainers.image.authors" not in dockerfile.effective_labels(dockerfile.final):
        yield Hit(
            place.path,
            "org.opencontainers.image.authors is missing: name the maintainers of this image",
            dockerfile.final.from_.head,
            subject=place.name,
            cause="authors",
        )
