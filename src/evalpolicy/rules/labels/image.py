"""Labels compared with the image that the file builds: its task and its base."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.fleet.unit_context import UnitContext
from evalpolicy.fleet.units import Unit
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.labels.words import quoted

if TYPE_CHECKING:
    from evalpolicy.artifacts.dockerfile import Base


@rule("LBL011", "per-task-mismatch", "error")
def per_task_mismatch(unit: Unit) -> Iterator[Hit]:
    """`eval.benchmark.env` and the Dockerfile disagree on whether each task has its own image.

    A per-task image is built with the build argument `EVAL_TASK_ID`: an ARG declares it or a
    FROM uses it. A shared environment must do neither.

    ## Why

    Everything that builds and runs the benchmark relies on the label. With a per-task label on a
    file that does not use the task, every task gets the same image; in the opposite case the task
    is never passed.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG EVAL_TASK_ID
    LABEL eval.type="benchmark" eval.benchmark.env="shared-env"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG EVAL_TASK_ID
    LABEL eval.type="benchmark" eval.benchmark.env="per-task"
    ```

    ## Exempt

    A carrier for tests (`env="test"`).
    """
    if unit.role != "benchmark":
        return
    label = unit.labels.get("eval.benchmark.env")
    if label is None or label.unresolved:
        return
    takes = _takes_task(unit)
    if label.value == "per-task" and takes is None:
        yield Hit(
            unit.path,
            "eval.benchmark.env is per-task, but no FROM and no ARG uses EVAL_TASK_ID: "
            "declare `ARG EVAL_TASK_ID`, or set the label to shared-env",
            label.span,
            "",
            unit.name,
            "per-task",
        )
    elif label.value == "shared-env" and takes is not None:
        yield Hit(
            unit.path,
            "eval.benchmark.env is shared-env, but the build uses EVAL_TASK_ID: "
            "set the label to per-task, or remove EVAL_TASK_ID",
            takes,
            "",
            unit.name,
            "shared-env",
        )


# A name without a registry and without an owner: an official image or a local one.
_OFFICIAL = re.compile(r"(?:docker\.io/)?(?:library/)?[a-z0-9][a-z0-9._-]*(?::[\w.-]+)?(?:@\S+)?")
# [registry/]path[:tag][@digest], as the distribution specification's grammar has it.
_REFERENCE = re.compile(
    r"(?:[a-z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*"
    r"(?P<tag>:[\w][\w.-]{0,127})?(?P<digest>@[a-z0-9]+:[0-9a-f]{32,})?"
)
# A placeholder for a part that differs from task to task: ${EVAL_TASK_ID}, $ID, <task>.
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|\$\w+|<[^>]*>")


@rule("LBL012", "upstream-base", "warning")
def upstream_base(unit: Unit, unit_context: UnitContext) -> Iterator[Hit]:
    """A benchmark is built on a third-party image and does not record which one exactly.

    The base of the final stage, with variables expanded, is third-party: neither an image of
    this fleet nor an official one. Then `eval.benchmark.upstream_base` must name it, as an image
    reference with a tag other than `latest` or with a digest. With any other base, the label, if
    set, must be such a reference too, unless a remark follows it.

    ## Why

    A score can only be interpreted if it is known in which environment it was measured, and that
    the environment was the same for everyone.

    ## Example

    ```dockerfile containers/benchmarks/appworld/Dockerfile
    FROM ghcr.io/example/appworld:1.3.0
    LABEL eval.type="benchmark"
    LABEL eval.benchmark.upstream_base="ghcr.io/example/appworld:latest"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/appworld/Dockerfile
    FROM ghcr.io/example/appworld:1.3.0
    LABEL eval.type="benchmark"
    LABEL eval.benchmark.upstream_base="ghcr.io/example/appworld:1.3.0"
    ```

    ## Exempt

    Official images (`python:3.12`, `docker.io/library/ubuntu`) and other names without a
    registry or an owner, images of this fleet (the name ends in one of its folders,
    `…/core/entrypoint`), `scratch`, and a base that only the build supplies, unless the label
    is set. A part that differs from task to task may be `${VARIABLE}` or `<task>`; words
    after the reference are a remark. A base that moves, and a label that names it as it is: PIN001
    and PIN002 report that at FROM.
    """
    if unit.role != "benchmark":
        return
    base = _third_party_base(unit_context, unit)
    label = unit.labels.get("eval.benchmark.upstream_base")
    if label is not None:
        if base is None and " " in label.raw.strip():
            return
        why = _moves(label.raw)
        if why is not None and not (base is not None and _same(label.raw, base)):
            yield Hit(
                unit.path,
                f"eval.benchmark.upstream_base {quoted(label.raw)} {why}",
                label.value_span,
                "",
                unit.name,
                "label",
                cause=label.raw,
            )
    elif base is not None and not base.unresolved and _moves(base.resolved) is None:
        yield Hit(
            unit.path,
            f"the base {quoted(base.resolved)} is third-party, but "
            "eval.benchmark.upstream_base does not name it",
            base.span,
            f'add `LABEL eval.benchmark.upstream_base="{base.resolved}"`',
            unit.name,
            "base",
            cause=base.resolved,
        )


def _third_party_base(unit_context: UnitContext, unit: Unit) -> Base | None:
    """The base of the final image, if it is third-party or only the build determines it."""
    final = unit.dockerfile.final
    if final is None:
        return None
    base = unit.dockerfile.lineage(final)[0].base
    if base.unresolved:
        return base
    if base.is_scratch or not base.resolved or _OFFICIAL.fullmatch(base.resolved):
        return None
    bare = re.sub(r"(?::[\w.-]+)?(?:@\S+)?$", "", base.resolved)
    return None if "/".join(bare.split("/")[-2:]) in unit_context.images else base


def _same(label: str, base: Base) -> bool:
    """Whether a label names the base as FROM does, whatever its variables are called."""
    return _PLACEHOLDER.sub("x", label) in (_PLACEHOLDER.sub("x", base.raw), base.resolved)


def _moves(written: str) -> str | None:
    """Why this value does not pin an image; None if it does."""
    reference = _PLACEHOLDER.sub("x", written).partition(" ")[0].lower()
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return "is not an image reference: write registry/name:tag"
    if found["digest"] is None and found["tag"] is None:
        return "has no tag: use a version's tag or a digest"
    if found["digest"] is None and found["tag"] == ":latest":
        return "can change: use a version's tag or a digest"
    return None


def _takes_task(unit: Unit) -> Span | None:
    """Where the build uses EVAL_TASK_ID; None if it does not."""
    for stage in unit.dockerfile.stages:
        if "EVAL_TASK_ID" in stage.base.names:
            return stage.base.span
        for arg in stage.args:
            if arg.key == "EVAL_TASK_ID":
                return arg.span
    return next((a.span for a in unit.dockerfile.global_args if a.key == "EVAL_TASK_ID"), None)
