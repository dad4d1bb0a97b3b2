"""Labels compared with what else states the same: the README, the base image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from evalpolicy.fleet.fleet import Fleet
from evalpolicy.fleet.unit_context import UnitContext
from evalpolicy.fleet.units import Unit
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.labels.words import quoted

if TYPE_CHECKING:
    from evalpolicy.artifacts.dockerfile import Label

# What a README calls a label of each role.
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "benchmark": {
        "tasks": "eval.benchmark.tasks",
        "environment": "eval.benchmark.env",
        "internet": "eval.benchmark.internet",
        "internet required": "eval.benchmark.internet",
        "released": "eval.benchmark.released",
        "dataset revision": "eval.benchmark.data_revision",
        "data revision": "eval.benchmark.data_revision",
    },
    "agent": {"version": "eval.agent.version"},
}
_TRUTHS = {"yes": "true", "no": "false"}
_OF_TRUTH = frozenset(("eval.benchmark.internet", "eval.benchmark.released"))
_NOTHING = frozenset(("", "—", "–", "-", "n/a", "none", "tbd"))
_SHORT_ID = re.compile(r"[0-9a-f]{7,39}")


@rule("LBL013", "metadata-disagrees", "warning")
def metadata_disagrees(unit: Unit, unit_context: UnitContext) -> Iterator[Hit]:
    """A unit's README states another value than its labels.

    Judged are the rows of a table of two columns that is headed *Field* or the like: tasks,
    environment, internet, released and dataset revision of a benchmark, the version of an agent.

    ## Why

    People read the README, everything else the labels. In the reference fleet three agents'
    READMEs name another version than is installed, and four benchmarks say that they are released
    and are not.

    ## Example

    ```markdown containers/agents/codex/README.md
    | Field | Value |
    |---|---|
    | Version | `1.14.0` |
    ```

    ```dockerfile containers/agents/codex/Dockerfile
    FROM node:22-slim
    ARG AGENT_VERSION=0.120.0
    LABEL eval.type="agent" eval.agent.version="${AGENT_VERSION}"
    ```

    ## Fixed

    ```markdown containers/agents/codex/README.md
    | Field | Value |
    |---|---|
    | Version | `0.120.0` |
    ```

    ```dockerfile containers/agents/codex/Dockerfile
    FROM node:22-slim
    ARG AGENT_VERSION=0.120.0
    LABEL eval.type="agent" eval.agent.version="${AGENT_VERSION}"
    ```

    ## Exempt

    A row without a value (`—`), or with neither yes nor no where the label is one of them; a label
    that only the build supplies; the first seven digits or more of a commit; what follows the first
    word (`400 (test split)`). A benchmark without `eval.benchmark.released` is not released.
    """
    fields = _FIELDS.get(unit.role)
    if fields is None:
        return
    readme = f"{unit.folder}/README.md"
    content = unit_context.read(readme) if readme in unit_context.paths else None
    if content is None:
        return
    from evalpolicy.artifacts.readme_facts import Stated, stated

    def disagree(row: Stated) -> bool:
        key = fields.get(row.field)
        label = unit.labels.get(key) if key is not None else None
        if key is None or row.value.casefold() in _NOTHING or (label and label.unresolved):
            return False
        return not _agrees(row.value, _value(key, label), key in _OF_TRUTH)

    if not any(map(disagree, stated(content, rough=True))):
        return
    for row in filter(disagree, stated(content)):
        key = fields[row.field]
        label = unit.labels.get(key)
        means = f"is {quoted(label.value)}" if label else "is not set"
        where = f" ({unit.path}:{label.span.line})" if label else ""
        yield Hit(
            readme,
            f"{row.field} is {quoted(row.value)} here, but {key} {means}{where}: correct the "
            "one that is wrong",
            row.span,
            "",
            unit.name,
            key,
            cause=row.field,
        )


def _value(key: str, label: Label | None) -> str:
    if label is not None:
        return label.value
    return "false" if key == "eval.benchmark.released" else ""


def _agrees(written: str, value: str, is_truth: bool) -> bool:
    first = written.split()[0].strip("`,;….").casefold()
    first = _TRUTHS.get(first, first)
    if is_truth and first not in _TRUTHS.values():
        return True
    known = value.strip().casefold()
    if first.replace(",", "") == known or written.casefold() == known:
        return True
    if _SHORT_ID.fullmatch(first) and known.startswith(first):
        return True
    return first.removeprefix("v") == known.removeprefix("v")


_GATEWAY = re.compile(r"eval\.model\.(?P<name>\w+)_version")
_NUMBERS = re.compile(r"\d+(?:\.\d+)+")


@rule("LBL014", "gateway-version-disagrees", "error")
def gateway_version_disagrees(fleet: Fleet) -> Iterator[Hit]:
    """A model's label states another gateway version than the base image has.

    For `eval.model.litellm_version` the version of the base is its own label that ends in
    `litellm_version`, if it is an image of the fleet, else the tag of an image called `litellm`.

    ## Why

    The gateway decides what a model is asked: with another version a score cannot be compared. In
    the reference fleet five models said v1.83.3 for months while their base was v1.89.1.

    ## Example

    ```dockerfile containers/core/litellm/Dockerfile
    FROM ghcr.io/berriai/litellm:v1.89.1
    LABEL eval.core.litellm_version="v1.89.1"
    ```

    ```dockerfile containers/models/gpt-5/Dockerfile
    FROM ghcr.io/exgentic/core/litellm:1.0
    LABEL eval.type="model" eval.model.litellm_version="main-v1.83.3-stable"
    ```

    ## Fixed

    ```dockerfile containers/core/litellm/Dockerfile
    FROM ghcr.io/berriai/litellm:v1.89.1
    LABEL eval.core.litellm_version="v1.89.1"
    ```

    ```dockerfile containers/models/gpt-5/Dockerfile
    FROM ghcr.io/exgentic/core/litellm:1.0
    LABEL eval.type="model" eval.model.litellm_version="v1.89.1"
    ```

    ## Exempt

    A version that is no number, and a base whose version nothing states. Only the numbers are
    compared (`v1.89.1`, `main-v1.89.1-stable`).
    """
    for unit in fleet.of("model"):
        for key, label in unit.labels.items():
            gateway = _GATEWAY.fullmatch(key)
            stated = _NUMBERS.search(label.value)
            if gateway is None or stated is None or label.unresolved:
                continue
            base, version = _base_version(fleet, unit, gateway["name"], frozenset())
            numbers = _NUMBERS.search(version)
            if numbers is not None and numbers[0] != stated[0]:
                yield Hit(
                    unit.path,
                    f"{key} is {quoted(label.value)}, but the base {base} has {version}: state "
                    "the version of the base",
                    label.value_span,
                    f'`LABEL {key}="{version}"`',
                    unit.name,
                    key,
                    cause=f"{label.value} {version}",
                )


def _base_version(
    fleet: Fleet, unit: Unit, gateway: str, passed: frozenset[str]
) -> tuple[str, str]:
    """What the image is built on, and the version of the gateway that it has, "" if not known."""
    final = unit.dockerfile.final
    if final is None:
        return "", ""
    reference = unit.dockerfile.lineage(final)[0].base.resolved.partition("@")[0]
    name, _, tag = reference.rpartition(":")
    if "/" in tag or not name:
        name, tag = reference, ""
    parts = name.split("/")
    for other in fleet.units:
        if other.folder.split("/")[-2:] == parts[-2:]:
            labels = other.labels.items()
            found = (label.value for key, label in labels if key.endswith(f"{gateway}_version"))
            version = next(found, None)
            if version is None and other.path not in passed:
                return _base_version(fleet, other, gateway, passed | {unit.path, other.path})
            return "/".join(parts[-2:]), version or ""
    return (name, tag) if parts[-1] == gateway else ("", "")
