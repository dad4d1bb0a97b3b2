"""A benchmark's reference solution, which must not lie in the image that an agent works in."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile.model import Instruction
from evalpolicy.fleet.surroundings import Surroundings
from evalpolicy.fleet.units import Unit
from evalpolicy.policy.rule import Hit, rule

_SOLUTION = "solution.sh"
_IGNORE = ".dockerignore"
_WHOLE = frozenset((".", "./", "/", "*", "./*"))


@rule("HYG011", "solution-in-image", "error")
def solution_in_image(unit: Unit, around: Surroundings) -> Iterator[Hit]:
    """A benchmark's Dockerfile copies its reference solution, `solution.sh`, into the image.

    By its name, or with the whole build context where the folder holds a solution and no
    .dockerignore.

    ## Why

    An agent that finds the solution needs no other. The score says nothing then, and nobody sees
    why: the run looks like any other success.

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

    What only an earlier stage copies, and `COPY --from`: it takes nothing from the context.
    """
    final = unit.dockerfile.final if unit.role == "benchmark" else None
    if final is None:
        return
    held = {path[len(unit.folder) + 1 :] for path, _ in around.own_texts}
    whole = _SOLUTION in held and _IGNORE not in held
    for stage in unit.dockerfile.lineage(final):
        for instruction in stage.instructions:
            for source in _sources(instruction):
                if source.rpartition("/")[2] == _SOLUTION or (whole and source in _WHOLE):
                    yield Hit(
                        unit.path,
                        f"{instruction.keyword} {source} puts {_SOLUTION} into the image, where "
                        "the agent finds it: mount it when the solution itself is run",
                        instruction.head,
                        "",
                        unit.name,
                        source,
                    )


def _sources(instruction: Instruction) -> list[str]:
    """What a COPY or ADD takes from the build context."""
    if instruction.keyword not in ("COPY", "ADD"):
        return []
    if any(flag.startswith("--from=") for flag in instruction.flags):
        return []
    words = instruction.json or tuple(argument.text for argument in instruction.arguments)
    return list(words[:-1])
