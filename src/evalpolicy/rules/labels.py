"""LBL: the labels of benchmarks, agents and models, judged against their contracts.

A contract is a JSON Schema over a unit's resolved labels; `[contracts]` puts a fleet's own in
the place of the built-in ones. The labels that count are those which the Dockerfile itself gives
to the final image.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Label
from evalpolicy.artifacts.source import Span
from evalpolicy.contracts import Violation
from evalpolicy.fleet import Fleet, Unit
from evalpolicy.label_contracts import Contracts
from evalpolicy.nearest import nearest
from evalpolicy.rules.model import Hit, rule

_HELP = {
    "description": "say in one line what it is",
    "data_revision": "pin the data set's commit",
    "version": "name the exact version that the image installs",
    "tasks": "say how many tasks it has",
    "env": "say shared-env, per-task or test",
    "internet": "say whether the agent needs a way out: true or false",
    "name": "give it the folder's name",
    "type": "say what the image is: benchmark, agent, model or core",
    "provider": "say who serves it",
    "litellm_version": "name the exact version of LiteLLM",
}


@rule("LBL001", "label-missing", "error")
def label_missing(fleet: Fleet, contracts: Contracts) -> Iterator[Hit]:
    """A label that the contract requires is not on the image.

    The finding points at the `FROM` of the final stage: the labels belong below it. A label of
    a stage that the final one is built on, in the same file, counts; a label of a base image
    from elsewhere does not, because a base of the fleet carries `eval.type` too and a benchmark
    that forgets its own would inherit the wrong one.

    ## Why

    Everything downstream reads the labels: which tasks there are, whether the agent may reach
    the network, which data a score belongs to. In the reference fleet 13 benchmarks name no
    revision of their data and one had no description; nothing said so before a person did.

    ## Fires

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" \\
          eval.benchmark.name="arc" \\
          eval.benchmark.tasks="400" \\
          eval.benchmark.env="shared-env" \\
          eval.benchmark.internet="false"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" \\
          eval.benchmark.name="arc" \\
          eval.benchmark.description="ARC - grade-school science questions" \\
          eval.benchmark.tasks="400" \\
          eval.benchmark.env="shared-env" \\
          eval.benchmark.internet="false" \\
          eval.benchmark.data_revision="210d026faf9955653af8916fad021475a3f00453"
    ```

    ## Exempt

    A carrier for tests (`eval.benchmark.env="test"`) needs no description and no data revision.
    Gateways (they carry `gateway.kind`) and the replay model need only their `eval.type`.

    ## Configuration

    What is required is the contract's to say: `[contracts] benchmark = "path/to/schema.json"`
    (also `agent`, `model`, `core`).
    """
    for unit in fleet.units:
        breach = contracts.breaches.get(unit.path)
        if breach is None or unit.final is None:
            continue
        for key in breach.missing:
            advice = _HELP.get(key.rpartition(".")[2], "the contract requires it")
            yield Hit(
                unit.path,
                f"{key} is missing: {advice}",
                unit.final.from_.head,
                f'add `LABEL {key}="…"` below this FROM',
                unit.name,
                key,
            )


@rule("LBL002", "label-empty", "error")
def label_empty(fleet: Fleet, contracts: Contracts) -> Iterator[Hit]:
    """A required label resolves to nothing.

    The value is what the image would carry: a variable that is declared without a default and
    that no build script or bake file supplies becomes nothing, as it does in a build.

    ## Why

    An empty label satisfies everyone who only asks whether it is there.

    ## Fires

    ```dockerfile containers/agents/echo/Dockerfile
    FROM alpine:3.20
    ARG AGENT_VERSION
    LABEL eval.type="agent" eval.agent.name="echo" eval.agent.description="says it again"
    LABEL eval.agent.version="${AGENT_VERSION}"
    ```

    ## Mended

    ```dockerfile containers/agents/echo/Dockerfile
    FROM alpine:3.20
    ARG AGENT_VERSION=1.4.2
    LABEL eval.type="agent" eval.agent.name="echo" eval.agent.description="says it again"
    LABEL eval.agent.version="${AGENT_VERSION}"
    ```

    ## Exempt

    A value whose variables the unit's build script or bake file supplies.
    """
    for unit in fleet.units:
        breach = contracts.breaches.get(unit.path)
        for key in breach.empty if breach else ():
            label = unit.labels[key]
            why = f" ({_dollar(label.unresolved)} is never set)" if label.unresolved else ""
            yield Hit(
                unit.path,
                f"{key} is empty{why}: {_HELP.get(key.rpartition('.')[2], 'give it a value')}",
                label.span,
                "",
                unit.name,
                key,
            )


@rule("LBL003", "label-invalid", "error")
def label_invalid(fleet: Fleet, contracts: Contracts) -> Iterator[Hit]:
    """A label's value breaks the contract.

    `tasks` is a whole number, `env` one of shared-env, per-task and test, `internet` and
    `released` are true or false, a URL starts with http:// or https://, a name is made of
    lower-case letters, digits, dots and hyphens. An `eval.type` that is none of the known ones,
    or another than the folder asks for, is found here too.

    ## Why

    The value is read by programs: `yes` is not `true`, and `1,040` is no number of tasks.

    ## Fires

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="1,040" eval.benchmark.internet="no"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="1040" eval.benchmark.internet="false"
    ```

    ## Exempt

    A value with a variable that only the build supplies: what it will be is not in the file.
    """
    for unit in fleet.units:
        breach = contracts.breaches.get(unit.path)
        for key, violation in breach.invalid if breach else ():
            label = unit.labels[key]
            yield Hit(
                unit.path,
                f"{key} is {_quoted(label.value)}: {_demand(violation)}",
                label.span,
                "",
                unit.name,
                key,
            )


@rule("LBL004", "label-name-mismatch", "error")
def label_name_mismatch(fleet: Fleet, contracts: Contracts) -> Iterator[Hit]:
    """`eval.benchmark.name` or `eval.agent.name` is not the folder's name.

    ## Why

    Images, fixtures and results are named by the folder; the label is what tools read back. If
    they differ, a run is counted for a benchmark that does not exist.

    ## Fires

    ```dockerfile containers/benchmarks/arc-agi/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.name="arc_agi"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc-agi/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.name="arc-agi"
    ```

    ## Exempt

    Dockerfiles outside the folders that the layout names: their folder has no say. A value that
    only the build supplies.
    """
    for unit in fleet.units:
        if unit.role not in ("benchmark", "agent") or not unit.placed:
            continue
        key = f"eval.{unit.role}.name"
        label = unit.labels.get(key)
        if label is None or label.value in (unit.name, ""):
            continue
        if contracts.is_supplied(unit, label.unresolved):
            continue
        yield Hit(
            unit.path,
            f"{key} is {_quoted(label.value)}, the folder is {_quoted(unit.name)}: make them one",
            label.span,
            f'write `{key}="{unit.name}"`, or rename the folder',
            unit.name,
            key,
        )


@rule("LBL005", "label-unknown", "warning")
def label_unknown(fleet: Fleet, contracts: Contracts) -> Iterator[Hit]:
    """An `eval.*` key that no contract knows.

    ## Why

    A mistyped key is as good as a missing one, and nobody sees the difference.

    ## Fires

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.data-revision="210d026f"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.data_revision="210d026f"
    ```

    ## Exempt

    Keys outside of `eval.`: they belong to somebody else.

    ## Configuration

    Declare a key of your own under `properties` of your contract.
    """
    for unit in fleet.units:
        for label in unit.labels.values():
            if not label.key.startswith("eval.") or contracts.knows(label.key):
                continue
            close = nearest(label.key, contracts.known_keys)
            yield Hit(
                unit.path,
                f"{label.key} is in no contract"
                + (f": did you mean {close}?" if close else ": declare it, or take it out"),
                label.key_span,
                "",
                unit.name,
                label.key,
            )


@rule("LBL006", "label-repeated", "warning")
def label_repeated(fleet: Fleet) -> Iterator[Hit]:
    """One key twice in a stage.

    ## Why

    The last one wins, so the others say something that is not so.

    ## Fires

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="400"
    LABEL eval.benchmark.tasks="1172"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="1172"
    ```

    ## Exempt

    A stage that sets anew what the stage below it set: that is what building on one means.
    """
    for unit in fleet.units:
        for stage in unit.dockerfile.stages:
            last = {label.key: label for label in stage.labels}
            for label in stage.labels:
                if last[label.key] is not label:
                    winner = last[label.key]
                    yield Hit(
                        unit.path,
                        f"{label.key} is set again on line {winner.span.line}, which wins: "
                        "take one of them out",
                        label.span,
                        "",
                        unit.name,
                        label.key,
                    )


@rule("LBL007", "label-unresolved", "warning")
def label_unresolved(fleet: Fleet) -> Iterator[Hit]:
    """A variable in a label has no value that anything supplies.

    It has no default in the Dockerfile, and neither a build script (`--build-arg NAME`) nor a
    bake file (`args`) of the unit or of the fleet passes one.

    ## Why

    A build replaces such a variable by nothing, without a word.

    ## Fires

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG DATA_REF
    LABEL eval.type="benchmark" eval.benchmark.data_revision="${DATA_REF}"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG DATA_REF
    LABEL eval.type="benchmark" eval.benchmark.data_revision="${DATA_REF}"
    ```

    ```shell containers/benchmarks/arc/build.sh
    docker build --build-arg "DATA_REF=210d026faf9955653af8916fad021475a3f00453" .
    ```

    ## Exempt

    Names that the build of every fleet supplies (`layout.supplied_args`, by default
    `EVAL_TASK_ID`).
    """
    for unit in fleet.units:
        supplied = None
        for label in unit.labels.values():
            if not label.unresolved or not label.key.startswith("eval."):
                continue
            supplied = fleet.supplied_args(unit) if supplied is None else supplied
            for name in label.unresolved:
                if name not in supplied:
                    yield Hit(
                        unit.path,
                        f"{_dollar((name,))} in {label.key} has no default, and no build script "
                        "or bake file supplies it: the image gets nothing in its place",
                        label.value_span,
                        f"declare `ARG {name}=…`, or pass `--build-arg {name}=…`",
                        unit.name,
                        f"{label.key} {name}",
                    )


_DATA_REVISION = "eval.benchmark.data_revision"
_BRANCHES = frozenset({"", "latest", "main", "master", "head"})
# A full SHA-1 or SHA-256 object id; a data set's content digest counts as well.
_IMMUTABLE = re.compile(r"(?:[0-9a-f]{40}|(?:sha256:)?[0-9a-f]{64})")


@rule("LBL008", "data-revision-mutable", "error")
def data_revision_mutable(fleet: Fleet, contracts: Contracts) -> Iterator[Hit]:
    """The data revision names something that can move.

    Nothing, `latest`, `main`, `master` and `HEAD` are errors; `refs/…` and `auto-…` (a ref that
    its host rewrites) are warnings; anything else that is no full commit id is a note: a tag
    can be moved, and an abbreviated id becomes ambiguous.

    ## Why

    Two runs a week apart would be scored on different data under one label.

    ## Fires

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.data_revision="main"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    LABEL eval.benchmark.data_revision="210d026faf9955653af8916fad021475a3f00453"
    ```

    ## Exempt

    A value that only the build supplies. A content digest (`sha256:` and 64 digits).
    """
    for unit in fleet.of("benchmark"):
        label = unit.labels.get(_DATA_REVISION)
        if label is None or contracts.is_supplied(unit, label.unresolved):
            continue
        value = label.value.strip()
        if _IMMUTABLE.fullmatch(value):
            continue
        what = f"{_DATA_REVISION} is {_quoted(value)}"
        if value.lower() in _BRANCHES:
            moves = "it names no commit" if value == "" else "it moves with every upload"
            hit = (f"{what}: {moves}; pin the data set's commit", None)
        elif value.startswith(("refs/", "auto-")):
            hit = (f"{what}: a ref that its host rewrites; pin the commit behind it", "warning")
        else:
            hit = (f"{what}: no full commit id; a tag or a short id can come to mean another", "note")
        message, severity = hit
        yield Hit(
            unit.path,
            message,
            label.value_span,
            "the data set's host shows the full commit id of a revision",
            unit.name,
            _DATA_REVISION,
            severity,  # type: ignore[arg-type]
        )


@rule("LBL009", "data-revision-decorative", "warning")
def data_revision_decorative(fleet: Fleet) -> Iterator[Hit]:
    """The revision in the label is not the one that the build fetches.

    The literal value stands nowhere else in the benchmark's own files (documentation and
    comments do not fetch anything, so they do not count), and no ARG or ENV carries it there: the
    label can say one thing while the data is another.

    ## Why

    In the reference fleet 44 of 83 pinned revisions are decoration: the label is exact, and the
    download takes whatever the branch holds that day.

    ## Fires

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    LABEL eval.benchmark.data_revision="210d026faf9955653af8916fad021475a3f00453"
    RUN python -c "load_dataset('allenai/ai2_arc')"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG DATA_REVISION=210d026faf9955653af8916fad021475a3f00453
    LABEL eval.type="benchmark"
    LABEL eval.benchmark.data_revision="${DATA_REVISION}"
    RUN python -c "load_dataset('allenai/ai2_arc', revision='${DATA_REVISION}')"
    ```

    ## Exempt

    A value that can move is LBL008's. A value with a variable that is used elsewhere in the
    file, or that the build script supplies.
    """
    for unit in fleet.of("benchmark"):
        label = unit.labels.get(_DATA_REVISION)
        if label is None or label.unresolved or not _IMMUTABLE.fullmatch(label.value):
            continue
        if _carried(unit, label) or _stands_elsewhere(fleet, unit, label):
            continue
        if label.names:
            message = (
                f"{_dollar(label.names)} reaches only {_DATA_REVISION}: "
                "fetch the data with it, or the label can disagree with the data"
            )
        else:
            message = (
                f"{label.value} stands nowhere else in {unit.folder}: "
                "fetch the data by an ARG that the label uses too"
            )
        yield Hit(
            unit.path,
            message,
            label.value_span,
            'ARG DATA_REVISION=… once, then "${DATA_REVISION}" in the label and in the fetch',
            unit.name,
            _DATA_REVISION,
        )


@rule("LBL010", "label-in-lost-stage", "error")
def label_in_lost_stage(fleet: Fleet, contracts: Contracts) -> Iterator[Hit]:
    """A required label stands only in a stage that the final image does not come from.

    ## Why

    Each `FROM` starts anew. A label above the last one is gone unless the last stage is built
    on that stage: the file looks complete, the image is not.

    ## Fires

    ```dockerfile containers/agents/echo/Dockerfile
    FROM golang:1.23 AS build
    LABEL eval.type="agent" eval.agent.name="echo" eval.agent.description="says it again"
    LABEL eval.agent.version="1.4.2"
    RUN go build -o /echo .
    FROM alpine:3.20
    COPY --from=build /echo /echo
    ```

    ## Mended

    ```dockerfile containers/agents/echo/Dockerfile
    FROM golang:1.23 AS build
    RUN go build -o /echo .
    FROM alpine:3.20
    LABEL eval.type="agent" eval.agent.name="echo" eval.agent.description="says it again"
    LABEL eval.agent.version="1.4.2"
    COPY --from=build /echo /echo
    ```

    ## Exempt

    A stage that the final one is built on (`FROM build`).
    """
    for unit in fleet.units:
        breach = contracts.breaches.get(unit.path)
        if breach is None or not breach.missing or unit.final is None:
            continue
        for stage in unit.dockerfile.stages:
            for label in {label.key: label for label in stage.labels}.values():
                if label.key in breach.missing:
                    yield Hit(
                        unit.path,
                        f"{label.key} is on a stage that the final image does not come from: "
                        f"move it below line {unit.final.from_.span.line}",
                        label.span,
                        "",
                        unit.name,
                        label.key,
                    )


@rule("LBL011", "per-task-mismatch", "error")
def per_task_mismatch(fleet: Fleet) -> Iterator[Hit]:
    """`eval.benchmark.env` and the Dockerfile disagree on whether there is an image a task.

    A per-task image is built with the build argument `EVAL_TASK_ID`: the file declares it with
    ARG, or FROM uses it. One environment for all tasks must not.

    ## Why

    Everything that builds and runs the benchmark goes by the label. A per-task label over a file
    that takes no task builds the same image for each; the other way round the task is never
    passed.

    ## Fires

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG EVAL_TASK_ID
    LABEL eval.type="benchmark" eval.benchmark.env="shared-env"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG EVAL_TASK_ID
    LABEL eval.type="benchmark" eval.benchmark.env="per-task"
    ```

    ## Exempt

    A carrier for tests (`env="test"`).
    """
    for unit in fleet.of("benchmark"):
        label = unit.labels.get("eval.benchmark.env")
        if label is None or label.unresolved or unit.final is None:
            continue
        takes = _takes_task(unit)
        if label.value == "per-task" and takes is None:
            yield Hit(
                unit.path,
                "eval.benchmark.env says per-task, but no FROM and no ARG takes EVAL_TASK_ID: "
                "declare `ARG EVAL_TASK_ID`, or say shared-env",
                label.span,
                "",
                unit.name,
                "per-task",
            )
        elif label.value == "shared-env" and takes is not None:
            yield Hit(
                unit.path,
                "eval.benchmark.env says shared-env, but the build takes EVAL_TASK_ID: "
                "say per-task, or take it out",
                takes,
                "",
                unit.name,
                "shared-env",
            )


_OFFICIAL = re.compile(r"(?:docker\.io/)?(?:library/)?[a-z0-9][a-z0-9._-]*(?::[\w.-]+)?(?:@\S+)?")
# [registry/]path[:tag][@digest], as the distribution specification's grammar has it.
_REFERENCE = re.compile(
    r"(?:[a-zA-Z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*"
    r"(?P<tag>:[\w][\w.-]{0,127})?(?P<digest>@[a-z0-9]+:[0-9a-f]{32,})?"
)


@rule("LBL012", "upstream-base", "warning")
def upstream_base(fleet: Fleet) -> Iterator[Hit]:
    """A benchmark is built on somebody else's image and does not say which, exactly.

    The final stage's base, once variables are replaced, is third-party: neither an image of
    this fleet nor an official one. Then `eval.benchmark.upstream_base` must name it, as an image
    reference with a tag other than `latest` or with a digest.

    ## Why

    Whoever reads a score has to know on whose environment it was made, and that it was the same
    for everyone.

    ## Fires

    ```dockerfile containers/benchmarks/appworld/Dockerfile
    FROM ghcr.io/example/appworld:latest
    LABEL eval.type="benchmark"
    LABEL eval.benchmark.upstream_base="ghcr.io/example/appworld:latest"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/appworld/Dockerfile
    FROM ghcr.io/example/appworld:1.3.0
    LABEL eval.type="benchmark"
    LABEL eval.benchmark.upstream_base="ghcr.io/example/appworld:1.3.0"
    ```

    ## Exempt

    Official images (`python:3.12`, `docker.io/library/ubuntu`), images of this fleet (their name
    ends in a folder of it, `…/core/entrypoint`), `scratch`, a base that only the build supplies,
    and a local name that a registry could not hold.
    """
    for unit in fleet.of("benchmark"):
        label = unit.labels.get("eval.benchmark.upstream_base")
        if label is None:
            hit = _unnamed_base(fleet, unit)
            if hit is not None:
                yield hit
            continue
        value = label.value
        found = _REFERENCE.fullmatch(re.sub(r"\$\{?\w+\}?", "x", label.raw).lower())
        if found is None:
            why = "is no image reference: write registry/name:tag"
        elif found["digest"] is None and found["tag"] in (None, ":latest"):
            why = "moves: name a version's tag or a digest"
        else:
            continue
        yield Hit(
            unit.path,
            f"eval.benchmark.upstream_base {_quoted(value)} {why}",
            label.value_span,
            "",
            unit.name,
            "label",
        )


def _unnamed_base(fleet: Fleet, unit: Unit) -> Hit | None:
    if unit.final is None:
        return None
    base = unit.dockerfile.lineage(unit.final)[0].base
    name = base.resolved
    if base.is_scratch or base.unresolved or not name or _OFFICIAL.fullmatch(name):
        return None
    bare = re.sub(r"(?::[\w.-]+)?(?:@\S+)?$", "", name)
    if "/".join(bare.split("/")[-2:]) in fleet.images:
        return None
    return Hit(
        unit.path,
        f"the base {_quoted(name)} is third-party and eval.benchmark.upstream_base does not "
        "name it",
        base.span,
        f'add `LABEL eval.benchmark.upstream_base="{name}"`',
        unit.name,
        "base",
    )


def _takes_task(unit: Unit) -> Span | None:
    """Where the build takes EVAL_TASK_ID; None if it does not."""
    for stage in unit.dockerfile.stages:
        if "EVAL_TASK_ID" in stage.base.names:
            return stage.base.span
        for arg in stage.args:
            if arg.key == "EVAL_TASK_ID":
                return arg.span
    return next((a.span for a in unit.dockerfile.global_args if a.key == "EVAL_TASK_ID"), None)


def _carried(unit: Unit, label: Label) -> bool:
    """Whether a variable of the label is used by another instruction than ARG, ENV and LABEL."""
    for name in label.names:
        used = re.compile(rf"\$(?:\{{{re.escape(name)}\b|{re.escape(name)}\b)")
        for instruction in unit.dockerfile.instructions:
            if instruction.keyword in ("LABEL", "ARG"):
                continue
            bodies = (heredoc.body for heredoc in instruction.heredocs)
            if any(used.search(text) for text in (instruction.text, *bodies)):
                return True
    return False


def _stands_elsewhere(fleet: Fleet, unit: Unit, label: Label) -> bool:
    """Whether the literal revision stands in another instruction or file of the benchmark."""
    for instruction in unit.dockerfile.instructions:
        if instruction.keyword == "LABEL" or (label.names and instruction.keyword == "ARG"):
            continue
        bodies = (heredoc.body for heredoc in instruction.heredocs)
        if any(label.value in text for text in (instruction.text, *bodies)):
            return True
    wanted = label.value.encode()
    return any(
        wanted in content and not path.endswith((".md", ".rst", ".txt"))
        for path, content in fleet.own_texts(unit)
    )


def _demand(violation: Violation) -> str:
    """What the contract asks for, in words."""
    expected = violation.expected
    if violation.keyword == "enum" and isinstance(expected, list):
        words = [str(value) for value in expected]
        return f"it must be {', '.join(words[:-1])} or {words[-1]}" if words[1:] else words[0]
    if violation.keyword == "const":
        return f"it must be {expected}"
    if violation.keyword == "pattern":
        return _PATTERNS.get(str(expected), f"it must match {expected}")
    return violation.message


_PATTERNS = {
    "^(0|[1-9][0-9]*)$": "it must be a whole number",
    "^https?://[^\\s/?#]+[^\\s]*$": "it must be an http:// or https:// URL",
    "^[a-z0-9][a-z0-9.-]*$": "it must be made of lower-case letters, digits, dots and hyphens",
}


def _dollar(names: tuple[str, ...]) -> str:
    return ", ".join(f"${{{name}}}" for name in names)


def _quoted(value: str) -> str:
    return '"' + (value if len(value) <= 80 else value[:77] + "…") + '"'
