"""What a Dockerfile fetches: a base that is too large, or data that can change."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.artifacts.dockerfile.searching import matches
from evalpolicy.fleet.units import Place
from evalpolicy.policy.rule import Hit, rule

_PYTHON = re.compile(r"(?:docker\.io/)?(?:library/)?python:(?P<tag>[^@]*)")
_LABEL = "eval.benchmark.data_revision"
_MUTABLE = re.compile(
    r"refs/convert/parquet"
    r"|[?&]revision=(?:main|master)\b"
    r"|raw\.githubusercontent\.com/[^\s\"']*?/(?:main|master)/"
    r"|(?:github\.com|huggingface\.co)/[^\s\"']*?/(?:raw|resolve)/(?:refs/heads/)?(?:main|master)/"
)
_BRANCHES = frozenset(("", "latest", "main", "master", "head"))


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


@rule("HYG006", "mutable-fetch", "warning")
def mutable_fetch(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """A benchmark's RUN fetches from a ref that can change, and no data revision is pinned.

    Such refs are `refs/convert/parquet`, `?revision=main`, and raw files of main or master on
    GitHub and Hugging Face.

    ## Why

    The data set changes while the benchmark does not. With the revision in the label a reader can
    at least tell which data a score was measured on.

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

    A benchmark whose `eval.benchmark.data_revision` is not a branch, or uses a variable that only
    the build sets (LBL009 checks whether the build fetches it). Agents, models and core images.
    """
    final = dockerfile.final
    if place.role != "benchmark" or final is None:
        return
    label = dockerfile.effective_labels(final).get(_LABEL)
    if label is not None and (label.unresolved or label.value.strip().lower() not in _BRANCHES):
        return
    runs = [i.onbuild or i for i in dockerfile.instructions]
    for _, found, span in matches(_MUTABLE, [i for i in runs if i.keyword == "RUN"]):
        yield Hit(
            place.path,
            f"{found[0]} can change, and {_LABEL} pins no revision: fetch a commit and put "
            "it into the label",
            span,
            "",
            place.name,
            found[0],
            cause=found[0],
        )
