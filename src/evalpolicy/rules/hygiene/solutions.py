"""A benchmark's reference solution, which must not be in the image that an agent works in."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile.model import Instruction
from evalpolicy.fleet.unit_context import UnitContext
from evalpolicy.fleet.units import Unit
from evalpolicy.policy.rule import Hit, rule

_SOLUTION = "solution.sh"
_IGNORE = ".dockerignore"
_WHOLE = frozenset((".", "./", "/", "*", "./*"))


@rule("HYG011", "solution-in-image", "error")
def solution_in_image(unit: Unit, unit_context: UnitContext) -> Iterator[Hit]:
    """A benchmark's Dockerfile copies its reference solution, `solution.sh`, into the image.

    Either by its name, or with the whole build context if the folder contains a solution and no
    .dockerignore.

    ## Why

    An agent that finds the solution does not need to solve the task. The score is then
    meaningless, and the run looks like any other success.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    COPY grade.sh solution.sh /opt/
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    COPY grade.sh /opt/
    ```

    ## Exempt

    Files that only an earlier stage copies, and `COPY --from`, which does not use the context.
    """
    final = unit.dockerfile.final if unit.role == "benchmark" else None
    if final is None:
        return
    held = {path[len(unit.folder) + 1 :] for path, _ in unit_context.own_texts}
    whole = _SOLUTION in held and _IGNORE not in held
    for stage in unit.dockerfile.lineage(final):
        for instruction in stage.instructions:
            for source in _sources(instruction):
                if source.rpartition("/")[2] == _SOLUTION or (whole and source in _WHOLE):
                    yield Hit(
                        unit.path,
                        f"{instruction.keyword} {source} puts {_SOLUTION} into the image, where "
                        "the agent can find it: mount it only to run the solution itself",
                        instruction.head,
                        "",
                        unit.name,
                        source,
                    )


def _sources(instruction: Instruction) -> list[str]:
    """What a COPY or ADD copies from the build context."""
    if instruction.keyword not in ("COPY", "ADD"):
        return []
    if any(flag.startswith("--from=") for flag in instruction.flags):
        return []
    words = instruction.json or tuple(argument.text for argument in instruction.arguments)
    return list(words[:-1])
