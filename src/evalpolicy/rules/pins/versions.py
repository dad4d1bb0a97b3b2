"""Whether an image's version is a build argument that determines what is installed."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.fleet.units import Place
from evalpolicy.policy.rule import Hit, rule

_AGENT = "AGENT_VERSION"
_MODEL = "EVAL_LITELLM_VERSION_DEFAULT"
_FLOATING = frozenset(("", "latest", "main", "master", "head", "next", "nightly", "stable"))


@rule("PIN004", "agent-version-arg", "error")
def agent_version_arg(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """An agent's image declares no `ARG AGENT_VERSION`, or one that is not pinned.

    One argument should determine both what is installed and `eval.agent.version`. A model's image
    that wraps LiteLLM sets its version in `ENV EVAL_LITELLM_VERSION_DEFAULT` for the same reason.

    ## Why

    If the version is in two places, one of them will be wrong sooner or later: the label names one
    version, and the image contains another.

    ## Example

    ```dockerfile containers/agents/echo/Dockerfile
    FROM alpine:3.20
    LABEL eval.type="agent" eval.agent.version="1.4.2"
    RUN install-echo 1.4.2
    ```

    ## Fixed

    ```dockerfile containers/agents/echo/Dockerfile
    FROM alpine:3.20
    ARG AGENT_VERSION=1.4.2
    LABEL eval.type="agent" eval.agent.version="${AGENT_VERSION}"
    RUN install-echo "${AGENT_VERSION}"
    ```

    ## Exempt

    An argument without a default, which the build supplies. Among models, the replay server and
    thin wrappers around a gateway (`gateway.kind`).
    """
    final = dockerfile.final
    if final is None:
        return
    labels = dockerfile.effective_labels(final)
    kind = labels["eval.type"].value if "eval.type" in labels else place.role
    if kind == "agent":
        args = [
            *dockerfile.global_args,
            *(arg for stage in dockerfile.stages for arg in stage.args),
        ]
        mine = [arg for arg in args if arg.key == _AGENT]
        if not mine:
            yield Hit(
                place.path,
                f"the agent's version is not a build argument: declare `ARG {_AGENT}=…` and use it "
                "for the installation and the label",
                final.from_.head,
                "",
                place.name,
                _AGENT,
            )
        for arg in mine:
            if arg.default is not None and (arg.value or "").strip().lower() in _FLOATING:
                yield Hit(
                    place.path,
                    f'{_AGENT} is "{arg.value or ""}", not a version: use an exact one',
                    arg.value_span or arg.span,
                    "",
                    place.name,
                    f"{_AGENT} floating",
                )
        version = labels.get("eval.agent.version")
        if version is not None and not version.names and version.value.lower() in _FLOATING:
            yield Hit(
                place.path,
                f'eval.agent.version is "{version.value}", not a version: use an exact one',
                version.value_span if version.value else version.span,
                "",
                place.name,
                "eval.agent.version",
            )
    elif (
        kind == "model"
        and place.name != "replay"
        and "gateway.kind" not in labels
        and not any(env.key == _MODEL for stage in dockerfile.stages for env in stage.envs)
    ):
        yield Hit(
            place.path,
            f"the image does not set the version of its LiteLLM: add `ENV {_MODEL}=…` next to "
            "eval.model.litellm_version",
            final.from_.head,
            "",
            place.name,
            _MODEL,
        )
