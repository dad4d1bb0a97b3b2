"""Where a value comes from: variables, and the data revision."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.revisions import BRANCHES, COMMIT
from evalpolicy.facts.label_contracts import is_supplied
from evalpolicy.facts.moving_data import DATA_REVISION, data_of, path_of
from evalpolicy.fleet.unit_context import UnitContext
from evalpolicy.fleet.units import Unit
from evalpolicy.policy.rule import Hit, Severity, rule
from evalpolicy.rules.labels.words import dollar, quoted


@rule("LBL007", "label-unresolved", "warning")
def label_unresolved(unit: Unit, unit_context: UnitContext) -> Iterator[Hit]:
    """Nothing supplies a value for a variable in a label.

    It has no default in the Dockerfile, and neither a build script (`--build-arg NAME`) nor a
    bake file (`args`) of the unit or of the fleet passes one.

    ## Why

    A build silently replaces such a variable with the empty string.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG DATA_REF
    LABEL eval.type="benchmark" eval.benchmark.data_revision="${DATA_REF}"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG DATA_REF
    LABEL eval.type="benchmark" eval.benchmark.data_revision="${DATA_REF}"
    ```

    ```shell containers/benchmarks/arc/build.sh
    docker build --build-arg "DATA_REF=210d026faf9955653af8916fad021475a3f00453" .
    ```

    ## Exempt

    Names that every build of the fleet supplies (`layout.supplied_args`, by default
    `EVAL_TASK_ID`).
    """
    for label in unit.labels.values():
        if not label.key.startswith("eval."):
            continue
        for name in label.unresolved:
            if name not in unit_context.supplied_args:
                yield Hit(
                    unit.path,
                    f"{dollar((name,))} in {label.key} has no default, and no build script "
                    "or bake file supplies it: it is empty in the image",
                    label.value_span,
                    f"declare `ARG {name}=…`, or pass `--build-arg {name}=…`",
                    unit.name,
                    f"{label.key} {name}",
                    cause=name,
                )


@rule("LBL008", "data-revision-mutable", "error")
def data_revision_mutable(unit: Unit, unit_context: UnitContext) -> Iterator[Hit]:
    """The data revision names something that can change.

    An empty value, `latest`, `main`, `master` and `HEAD` are errors; `refs/…` and `auto-…` (a ref
    that the host rewrites) are warnings; anything else that is not a full commit id is a note: a
    tag can be moved, and an abbreviated id can become ambiguous.

    ## Why

    Two runs a week apart would be scored on different data with the same label.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.data_revision="main"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    LABEL eval.benchmark.data_revision="210d026faf9955653af8916fad021475a3f00453"
    ```

    ## Exempt

    A value that only the build supplies. A content digest (`sha256:` and 64 digits).
    """
    if unit.role != "benchmark":
        return
    label = unit.labels.get(DATA_REVISION)
    if label is None or is_supplied(label.unresolved, unit_context):
        return
    value = label.value.strip()
    if COMMIT.fullmatch(value):
        return
    severity: Severity | None = None
    if value.lower() in BRANCHES:
        moves = "it names no commit" if value == "" else "it changes with every upload"
        why = f"{moves}; pin the data set's commit"
    elif value.startswith(("refs/", "auto-")):
        severity, why = "warning", "the host rewrites this ref; pin the commit it points to"
    else:
        severity = "note"
        why = "not a full commit id; a tag or a short id can come to mean another commit"
    yield Hit(
        unit.path,
        f"{DATA_REVISION} is {quoted(value)}: {why}",
        label.value_span,
        "the data set's host shows the full commit id of a revision",
        unit.name,
        DATA_REVISION,
        severity,
        cause=value,
    )


@rule("LBL009", "data-revision-decorative", "warning")
def data_revision_decorative(unit: Unit, unit_context: UnitContext) -> Iterator[Hit]:
    """The build does not fetch the revision that the label names.

    The literal value does not appear in any other of the benchmark's files (documentation and
    comments fetch nothing, so they do not count), and no ARG or ENV passes it on: the label and
    the data can disagree. If an instruction or a script of the image fetches what changes (as
    HYG006 finds it), that is an error, reported at the fetch; else it is a warning at the label.

    ## Why

    In the reference fleet 44 of 83 pinned revisions are decorative: the label is exact, but the
    build downloads whatever the branch contains that day.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    LABEL eval.benchmark.data_revision="210d026faf9955653af8916fad021475a3f00453"
    RUN python -c "load_dataset('allenai/ai2_arc')"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ARG DATA_REVISION=210d026faf9955653af8916fad021475a3f00453
    LABEL eval.type="benchmark"
    LABEL eval.benchmark.data_revision="${DATA_REVISION}"
    RUN python -c "load_dataset('allenai/ai2_arc', revision='${DATA_REVISION}')"
    ```

    ## Exempt

    A value that can change (LBL008). A value with a variable that is used elsewhere in the file,
    or that the build script supplies.
    """
    moving, label = data_of(unit, unit_context)
    if label is None:
        return
    if moving:
        fetch = moving[0]
        name = label.names[0] if label.names else "DATA_REVISION"
        line = f"line {fetch.span.line}"
        yield Hit(
            path_of(unit, fetch),
            f"the label says {label.value[:12]}, but {f'{fetch.path} {line}'.strip()} fetches "
            f"{fetch.moves}",
            fetch.span,
            f"`ARG {name}={label.value}`; `{fetch.at(dollar((name,)))}`; "
            f'`LABEL {DATA_REVISION}="{dollar((name,))}"`',
            unit.name,
            DATA_REVISION,
            "error",
            cause=fetch.when,
        )
        return
    if label.names:
        message = (
            f"{dollar(label.names)} is only used for {DATA_REVISION}: "
            "fetch the data with it, or label and data can disagree"
        )
    else:
        message = (
            f"no instruction or script of {unit.folder} fetches {label.value}: "
            "fetch the data with an ARG that the label also uses"
        )
    yield Hit(
        unit.path,
        message,
        label.value_span,
        'ARG DATA_REVISION=… once, then "${DATA_REVISION}" in the label and in the fetch',
        unit.name,
        DATA_REVISION,
        cause="unused ARG" if label.names else "literal",
    )
