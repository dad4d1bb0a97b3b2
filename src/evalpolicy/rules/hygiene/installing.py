"""How a Dockerfile installs packages: hidden failures, and layers in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.artifacts.installs import Action
from evalpolicy.artifacts.run_scripts import ScriptInstall
from evalpolicy.artifacts.syntax.shell.model import SimpleCommand
from evalpolicy.artifacts.syntax.shell.running import basename, unwrapped
from evalpolicy.fleet.units import Place
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.scanners.shortening import shortened

# Only images that ship in an evaluation: others may remove what their base brings.
_ROLES = ("benchmark", "agent", "model")


@rule("HYG004", "pip-failure-swallowed", "error")
def pip_failure_swallowed(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """A failure of pip install does not fail the build, or its errors are discarded.

    That is: `|| true` (also `|| :`, `|| echo …`, `|| exit 0`) after it, or its errors redirected
    to /dev/null.

    ## Why

    The package is then missing at grading time. The grader's import fails, the reward is 0, and
    it looks like a failure of the agent.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    RUN pip install numpy==2.0.2 2>/dev/null || true
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    RUN pip install numpy==2.0.2
    ```

    ## Exempt

    A fallback that retries or fails the build (`|| pip install …`, `|| exit 1`), and
    `pip uninstall`.
    """
    for found in _pip(place, "install"):
        how = _hidden(found.script.commands[found.number]) or _swallowed(found)
        if how:
            yield Hit(
                place.path,
                f"`{how}` hides a failure of pip: remove it and let the build fail",
                found.span,
                "",
                place.name,
                _packages(found) or "pip",
            )


@rule("HYG007", "pip-uninstall-of-nothing", "warning")
def pip_uninstall_of_nothing(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """A RUN uninstalls packages that are in an earlier layer.

    ## Why

    A layer cannot remove what an earlier one added: the image does not get smaller. Uninstalling
    only helps in the RUN that installs.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    RUN pip install pyarrow==18.1.0 && python extract.py
    RUN pip uninstall -y pyarrow
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    RUN pip install pyarrow==18.1.0 && python extract.py && pip uninstall -y pyarrow
    ```

    ## Exempt

    A RUN that also installs. Gateways and core images, which remove what a base contains.
    """
    if place.role not in _ROLES:
        return
    installing = {found.script.run for found in _pip(place, "install")}
    for found in _pip(place, "uninstall"):
        if found.script.run not in installing:
            yield Hit(
                place.path,
                "pip uninstall in a separate RUN does not make the image smaller: uninstall in the "
                "RUN that installs",
                found.span,
                "",
                place.name,
                _packages(found),
            )


@rule("HYG008", "pip-before-apt", "warning")
def pip_before_apt(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """pip installs in an earlier layer of a stage than apt-get.

    ## Why

    Python packages change often, system packages hardly ever. In this order every change of the
    former also rebuilds the latter.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    RUN pip install numpy==2.0.2
    RUN apt-get update && apt-get install -y git
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    RUN apt-get update && apt-get install -y git
    RUN pip install numpy==2.0.2
    ```

    ## Exempt

    Both in one RUN; pip in another stage. Gateways and core images.
    """
    if place.role not in _ROLES:
        return
    first: dict[int | None, int] = {}
    for found in _pip(place, "install"):
        first.setdefault(found.script.instruction.stage, found.script.run)
    for script in place.scripts:
        before = first.get(script.instruction.stage)
        if before is None or script.run <= before:
            continue
        for command in script.commands:
            if _apt_installs(command):
                yield Hit(
                    place.path,
                    "apt-get install comes after pip install: swap them, so that the stable layer "
                    "stays cached",
                    script.span(command.words[0].start, command.words[-1].end),
                    "",
                    place.name,
                    "apt-get",
                )
                break


def _pip(place: Place, action: Action) -> Iterator[ScriptInstall]:
    for found in place.installs:
        if found.install.tool == "pip" and found.install.action == action:
            yield found


def _packages(found: ScriptInstall) -> str:
    return shortened(" ".join(word.text for word in found.install.packages), 80)


def _apt_installs(command: SimpleCommand) -> bool:
    words = [word.text for word in unwrapped(command.words)]
    return bool(words) and basename(words[0]) in ("apt-get", "apt") and "install" in words


def _hidden(command: SimpleCommand) -> str | None:
    """The redirection that sends the command's errors nowhere."""
    to_nowhere = False
    for redirect in command.redirects:
        target = redirect.target.text if redirect.target else ""
        if target == "/dev/null":
            if redirect.operator.startswith(("2>", "&>")) or redirect.operator == ">&":
                return f"{redirect.operator}/dev/null"
            to_nowhere = to_nowhere or redirect.operator in (">", "1>", ">>", "1>>")
        elif to_nowhere and redirect.operator == "2>&" and target == "1":
            return ">/dev/null 2>&1"
    return None


def _swallowed(found: ScriptInstall) -> str | None:
    """What makes its failure a success, in its own list or around its group."""
    fate = found.fate
    return f"|| {fate.by.shown}" if fate.kind == "fallback" and fate.by is not None else None
