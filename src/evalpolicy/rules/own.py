"""EVP: the policy's own exceptions: suppression comments and the baseline."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.facts.waivers.applying import Waivers
from evalpolicy.policy.rule import Hit, rule


@rule("EVP001", "suppression-unused", "warning")
def suppression_unused(waivers: Waivers) -> Iterator[Hit]:
    """A suppression is unused.

    A suppression is a comment in its file's language that begins with `evalpolicy: ignore[…]`:
    ids, names or families in the brackets, followed by the reason. It covers its own line and, if
    nothing else is on that line, the next line that is not a comment. In a Dockerfile it needs a
    line of its own, which may be inside a continued instruction but not inside a heredoc. JSON has
    no comments: use `[[allow]]` or the baseline instead.

    ## Why

    What it suppressed is gone. If it stays, it hides the next mistake on that line.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    # evalpolicy: ignore[LBL006] two scripts read one each
    LABEL eval.benchmark.tasks="400"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    LABEL eval.benchmark.tasks="400"
    ```

    ## Exempt

    A suppression of a rule that was not run (`--select`, `--ignore`, off). With
    `--no-suppressions` no suppression is read.

    ## Fix

    Safe: removes the comment, or the ids that are not needed.
    """
    for item, idle in waivers.unused():
        names = ", ".join(idle)
        never = [word for word in idle if waivers.meant(word) == frozenset()]
        yield Hit(
            item.path,
            f"{', '.join(never)} cannot be suppressed: it reports on suppressions; remove it"
            if len(never) == len(idle)
            else f"this suppression is unused: {names} reports nothing here; remove it",
            item.span,
            "`evalpolicy check --fix` removes it",
            "",
            ",".join(idle),
            fix=item.without(idle),
        )


@rule("EVP002", "suppression-without-reason", "error")
def suppression_without_reason(waivers: Waivers) -> Iterator[Hit]:
    """A suppression has no reason, and therefore no effect.

    ## Why

    The next reader of the line has to know whether the reason still applies.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="400"
    # evalpolicy: ignore[LBL006]
    LABEL eval.benchmark.tasks="400"
    LABEL eval.benchmark.tasks="1172"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    # evalpolicy: ignore[LBL006] the old runner reads the first of them
    LABEL eval.benchmark.tasks="400"
    LABEL eval.benchmark.tasks="1172"
    ```
    """
    for item in waivers.without_reason():
        names = ", ".join(item.selectors) or "ID"
        yield Hit(
            item.path,
            "this suppression has no reason and therefore no effect: add one after the bracket",
            item.span,
            f"evalpolicy: ignore[{names}] <the reason>",
            "",
            ",".join(item.selectors),
        )


@rule("EVP003", "suppression-unknown-rule", "error")
def suppression_unknown_rule(waivers: Waivers) -> Iterator[Hit]:
    """A suppression names an unknown rule.

    ## Why

    A misspelt id suppresses nothing, although its author believes that it does.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    # evalpolicy: ignore[LBL999] the label is set by build.sh
    LABEL eval.benchmark.tasks="400"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    # evalpolicy: ignore[label-repeated] the old runner reads the first of them
    LABEL eval.benchmark.tasks="400"
    LABEL eval.benchmark.tasks="1172"
    ```
    """
    for item, selector, why in waivers.unknown():
        yield Hit(item.path, f"this suppression has no effect: {why}", item.span, "", "", selector)


@rule("EVP004", "baseline-stale", "warning")
def baseline_stale(waivers: Waivers) -> Iterator[Hit]:
    """Findings in the baseline no longer occur, or occur less often than recorded.

    One finding, at the first such row. The baseline (`.evalpolicy-baseline.json`, or
    `--baseline FILE`) records the findings that existed when the policy was adopted:
    `evalpolicy baseline write` creates it.

    ## Why

    Somebody fixed a legacy finding: thank you. As long as its row stays, the same mistake can
    return unnoticed.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="400"
    ```

    ```json .evalpolicy-baseline.json
    {
    "version": 1,
    "rules": "0.1.0",
    "findings": [
    {"rule": "LBL006", "path": "containers/benchmarks/arc/Dockerfile", "subject": "arc"},

    null
    ]
    }
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="400"
    ```

    ```json .evalpolicy-baseline.json
    {
    "version": 1,
    "rules": "0.1.0",
    "findings": [

    null
    ]
    }
    ```

    ## Exempt

    A row for a rule that was not run, or for a path that is not reported or could not be read.
    """
    if waivers.baseline is None:
        return
    stale = list(waivers.stale())
    if not stale:
        return
    total = sum(waivers.baseline.rows.values())
    gone = sum(row.allowed - row.occurs for row in stale)
    unknown = sorted({row.row.rule for row in stale if not row.known})
    verb = "matches" if gone == 1 else "match"
    retired = f"; there is no rule {', '.join(unknown)}" if unknown else ""
    yield Hit(
        waivers.baseline.path,
        f"{gone:,} of {counted(total, 'baseline entry', 'baseline entries')} no longer {verb}"
        f"{retired}",
        Span.at(min(row.line for row in stale)),
        "evalpolicy baseline prune",
    )
