"""What a Dockerfile fetches: a base that is too large, or data that can change."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.facts.moving_data import data_of, path_of
from evalpolicy.fleet.unit_context import UnitContext
from evalpolicy.fleet.units import Place, Unit
from evalpolicy.policy.rule import Hit, rule

_PYTHON = re.compile(r"(?:docker\.io/)?(?:library/)?python:(?P<tag>[^@]*)")


@rule("HYG005", "full-python-base", "warning")
def full_python_base(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """FROM uses the full `python` image instead of the slim one.

    ## Why

    The full image is about 900 MB larger, in every benchmark that is built on it, and contains
    compilers and libraries that a grader may unknowingly come to depend on.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    Tags with `-slim`, `-alpine` or `-dev`; other images.
    """
    for stage in dockerfile.stages:
        found = _PYTHON.fullmatch(stage.base.resolved.partition("@")[0])
        if found is None or stage.base.parent is not None:
            continue
        if not any(part in found["tag"] for part in ("-slim", "-alpine", "-dev")):
            yield Hit(
                place.path,
                f"{stage.base.raw} is the full image: use {stage.base.raw}-slim and install "
                "what is missing",
                stage.base.span,
                "",
                place.name,
                stage.base.raw,
                cause=stage.base.raw,
            )


@rule("HYG006", "mutable-fetch", "error")
def mutable_fetch(unit: Unit, unit_context: UnitContext) -> Iterator[Hit]:
    """An image fetches data or code from a branch, or from no revision at all.

    Found in ADD, in RUN with its here-documents and `python -c`, in what a here-document writes
    into a file, and in the scripts and Python programs that COPY brings along and something runs:

    - `hf://…@~parquet`, `hf://…` without `@`, `refs/convert/parquet`, `/api/datasets/…/parquet`,
      and `datasets-server.huggingface.co` without `revision=`;
    - `resolve/main` on Hugging Face, raw files and archives of a branch on GitHub and GitLab,
      `releases/latest/download`, `?revision=main`;
    - `git clone` and `ADD ….git` without a commit;
    - `hf download`, `huggingface-cli download`, `load_dataset(…)`, `hf_dataset(…)`,
      `snapshot_download(…)` and `hf_hub_download(…)` without a revision.

    ## Why

    The data set changes while the benchmark does not: the same commit builds a different test next
    week. In the reference fleet 35 benchmarks fetch `hf://…@~parquet`, which Hugging Face rewrites
    with every upload.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    RUN curl -O https://raw.githubusercontent.com/example/arc/main/tasks.json
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG REV=210d026faf9955653af8916fad021475a3f00453
    LABEL eval.type="benchmark" eval.benchmark.data_revision="${REV}"
    RUN curl -O https://raw.githubusercontent.com/example/arc/${REV}/tasks.json
    ```

    ## Exempt

    A commit, a tag and a variable that only the build sets. A clone that a later `git checkout`,
    `git reset --hard` or `git fetch` of a commit or tag settles. A download that the same script
    checks (`sha256sum -c`, `ADD --checksum`). What pip and npm install (PIN005, PIN006). The
    fetch that LBL009 reports because the label names another revision.
    """
    moving, decorative = data_of(unit, unit_context)
    for fetch in moving[decorative is not None :]:
        label = " and put it into the label" if unit.role == "benchmark" else ""
        yield Hit(
            path_of(unit, fetch),
            f"fetches {fetch.moves}: fetch a commit{label}",
            fetch.span,
            f"`{fetch.at('<commit>')}`",
            unit.name,
            fetch.source,
            cause=fetch.when,
        )
