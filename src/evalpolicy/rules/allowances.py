"""PIN007: an allowance that allows nothing. It belongs to no one rule, so it stands alone."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.facts.waivers.settling import Waivers
from evalpolicy.policy.rule import Hit, rule


@rule("PIN007", "allowance-unused", "warning")
def allowance_unused(waivers: Waivers) -> Iterator[Hit]:
    """An `[[allow]]` table covers no finding.

    ## Why

    What it excused was mended, or moved. Left in place it excuses the next mistake of the kind
    before anybody has looked at it.

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

    An allowance covers a finding where `rule` (an id, a name, a family) stands for its rule,
    the glob `path` matches its path, and `match` occurs, letter for letter, in its subject, in
    what it is about, in its message or in the source text that it points at. `match` may be
    left out; `reason` may not.
    """
    for item in waivers.unused_allowances():
        what = f"{item.rule} in {item.path}" + (f' with "{item.match}"' if item.match else "")
        yield Hit(
            waivers.allowances.source,
            f"nothing is allowed here: no finding is {what}; take it out",
            Span.at(item.line),
            "",
            item.rule,
            f"{item.path} {item.match}".rstrip(),
        )
