"""PIN007: an allowance that covers no finding. It is about all rules, so it has its own module."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.facts.waivers.applying import Waivers
from evalpolicy.policy.rule import Hit, rule


@rule("PIN007", "allowance-unused", "warning")
def allowance_unused(waivers: Waivers) -> Iterator[Hit]:
    """An `[[allow]]` table covers no finding.

    ## Why

    What it allowed was fixed or moved. If it stays, it allows the next mistake of this kind
    unreviewed.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ```toml evalpolicy.toml
    [[allow]]
    rule = "LBL006"
    path = "containers/benchmarks/arc/Dockerfile"
    match = "eval.benchmark.tasks"
    reason = "two scripts read one each"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    An allowance for a rule that was not run (`--select`, `--ignore`, off).

    ## Configuration

    An allowance covers a finding if `rule` (an id, a name or a family) selects its rule,
    the glob `path` matches its path, and `match` occurs literally in its subject, in its
    distinguishing key, in its message or in the source text that it points at. `match` is
    optional; `reason` is required.
    """
    for item in waivers.unused_allowances():
        what = f"{item.rule} in {item.path}" + (f' with "{item.match}"' if item.match else "")
        yield Hit(
            waivers.allowances.source,
            f"this allowance is unused: there is no finding of {what}; remove it",
            Span.at(item.line),
            "",
            item.rule,
            f"{item.path} {item.match}".rstrip(),
        )
