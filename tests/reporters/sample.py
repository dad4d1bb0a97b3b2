"""Reports made by hand: what reporters are given, without a fleet."""

from __future__ import annotations

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.policy.fix import Edit, Fix
from evalpolicy.policy.report import Checked, FileProblem, Report, Waived
from evalpolicy.policy.rule import Finding, Rule, Severity

DOCKERFILE = "containers/benchmarks/arc/Dockerfile"


def _page(text):
    def function():
        yield from ()

    function.__doc__ = text
    return function


RULES = [
    Rule(
        "LBL001",
        "label-missing",
        "error",
        _page("A label is missing.\n\n## Why\n\nIt is read."),
        (),
    ),
    Rule("LBL006", "label-repeated", "warning", _page("One key twice.\n\n## Why\n\nOne wins."), ()),
    Rule("REL002", "fixture-not-released", "note", _page("Not released."), (), default=False),
]
NAMES = {rule.id: rule for rule in RULES}


def finding(
    rule: str = "LBL001",
    path: str = DOCKERFILE,
    span: Span | None = None,
    message: str = "eval.benchmark.description is missing: describe it in one line",
    help: str = "",
    subject: str = "arc",
    about: str = "",
    severity: Severity | None = None,
    fix: Fix | None = None,
    cause: str = "",
) -> Finding:
    known = NAMES[rule]
    return Finding(
        rule, known.name, severity or known.severity, path, span or Span.at(2, 1, 21), message,
        help, subject, about, fix, cause,
    )  # fmt: skip


def report(
    findings: list[Finding] | None = None,
    problems: list[FileProblem] | None = None,
    waived: list[Waived] | None = None,
    prefix: str = "",
    **more: object,
) -> Report:
    return Report(
        kind="worktree",
        revision=None,
        prefix=prefix,
        place="here",
        checked=Checked(4, 2, 1, 1, 0, 3),
        rules=RULES,
        findings=findings or [],
        problems=problems or [],
        waived=waived or [],
        **more,  # type: ignore[arg-type]  # any field of a report
    )


def sample() -> Report:
    """One of everything."""
    repeated = finding(
        "LBL006", span=Span(3, 7, 4, 12), about="eval.benchmark.tasks",
        message="eval.benchmark.tasks is overridden on line 5: remove one of the two",
        fix=Fix((Edit(Span(3, 1, 4, 1), ""),)),
    )  # fmt: skip
    return report(
        [
            finding(about="eval.benchmark.description", help='add `LABEL x="…"` below this FROM'),
            repeated,
            *(
                finding("REL002", path=path, span=Span(1, 1, 1, 1), cause="no label")
                for path in ("tests/fixtures/100%, a:b.jsonl", "tests/fixtures/b.jsonl")
            ),
        ],
        [FileProblem("containers/agents/ä/Dockerfile", 7, "is not UTF-8: save the file in UTF-8")],
        [
            Waived(finding(message="one more"), "comment", "set by build.sh"),
            Waived(finding("LBL006", message="old"), "baseline", "in .evalpolicy-baseline.json"),
            Waived(finding("LBL006", message="so be it"), "allowance", "two readers"),
        ],
        prefix="fleet/",
        excerpts={(DOCKERFILE, 2): "FROM python:3.12-slim"},
        line_hashes={(DOCKERFILE, 2): "8b7cf3e952e7aeb2:1"},
    )
