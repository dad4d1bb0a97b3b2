"""EVP: the policy's own exceptions: suppressions in files, and the baseline."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.facts.waivers.settling import Waivers
from evalpolicy.policy.rule import Hit, rule


@rule("EVP001", "suppression-unused", "warning")
def suppression_unused(waivers: Waivers) -> Iterator[Hit]:
    """A suppression hides nothing.

    A suppression is a comment of its file's language, and begins with `evalpolicy: ignore[…]`;
    in the brackets stand ids, names or families, behind them the reason. It covers its own line
    and, if nothing else stands on its line, the next line that is no comment. In a Dockerfile
    it has a line of its own, which may be one within a continued instruction; the body of a
    heredoc is no place for it. JSON has no comments: there, use `[[allow]]` or the baseline.

    ## Why

    What it excused is gone. Left in place it hides the next mistake on that line.

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
    `--no-suppressions` none is read.

    ## Fix

    Safe: the comment is taken out, or the ids that are not needed.
    """
    for item, idle in waivers.unused():
        names = ", ".join(idle)
        never = [word for word in idle if waivers.meant(word) == frozenset()]
        yield Hit(
            item.path,
            f"{', '.join(never)} judges suppressions, and cannot be suppressed: take it out"
            if len(never) == len(idle)
            else f"{names} finds nothing here that this could suppress: take it out",
            item.span,
            "evalpolicy check --fix takes it out",
            "",
            ",".join(idle),
            fix=item.without(idle),
        )


@rule("EVP002", "suppression-without-reason", "error")
def suppression_without_reason(waivers: Waivers) -> Iterator[Hit]:
    """A suppression gives no reason. It has no effect.

    ## Why

    Whoever reads the line next has to know whether the reason still holds.

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
            "this suppression gives no reason, so it has no effect: say why behind the bracket",
            item.span,
            f"evalpolicy: ignore[{names}] <the reason>",
            "",
            ",".join(item.selectors),
        )


@rule("EVP003", "suppression-unknown-rule", "error")
def suppression_unknown_rule(waivers: Waivers) -> Iterator[Hit]:
    """A suppression names something that is no rule.

    ## Why

    A mistyped id hides nothing, and whoever wrote it believes that it does.

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
    """A row of the baseline occurs no more, or less often than it may.

    The baseline (`.evalpolicy-baseline.json`, or `--baseline FILE`) holds the findings that
    were there when the policy came: `evalpolicy baseline write` makes it.

    ## Why

    Somebody mended a legacy finding: thank you. As long as its row stays, the same mistake can
    come back unseen.

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

    A row of a rule that was not run, and of a path that is not reported or could not be read.
    """
    if waivers.baseline is None:
        return
    for stale in waivers.stale():
        row = stale.row
        what = " ".join(filter(None, (row.rule, "in", row.path, row.about or row.subject)))
        times = f"{stale.occurs} times, not {stale.allowed}" if stale.occurs else "no more"
        yield Hit(
            waivers.baseline.path,
            f"{what} occurs {times}: run `evalpolicy baseline prune`"
            if stale.known
            else f"{row.rule} is no rule any more: run `evalpolicy baseline prune`",
            Span.at(stale.line),
            "evalpolicy baseline prune",
            row.subject,
            " ".join(row),
        )
