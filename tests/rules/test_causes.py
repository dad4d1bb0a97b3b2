"""Which findings of a rule share a cause, and which do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fleets import AGENT, BENCHMARK, COMPOSE, FIXTURES, FLEET, judge, write
from tests.samples.trajectories import lines, litellm_row

ARC = "containers/benchmarks/arc/Dockerfile"
MATH = "containers/benchmarks/math/Dockerfile"
GSM = "containers/benchmarks/gsm8k/Dockerfile"


def recording(name: str, **of: object) -> dict[str, bytes]:
    return {f"{FIXTURES}/{name}.trajectory.jsonl": lines(litellm_row("4", **of))}


def without(*keys: str) -> str:
    kept = [line for line in BENCHMARK.split("\n") if not any(f".{key}=" in line for key in keys)]
    return "\n".join(kept)


def agent(name: str) -> dict[str, str]:
    path = f"containers/agents/{name}/Dockerfile"
    return {path: AGENT.replace('name="codex"', f'name="{name}"')}


FAILED = litellm_row(status="failure", response={}, error_str="BadRequest: no tool is known")
TWO_BASES = "FROM example.org/a/x:latest AS one\nFROM example.org/a/y:latest\n"

CASES = {
    "no entry in one file": (
        "PRV001",
        recording("arc-0-codex") | recording("arc-1-codex") | {f"{FIXTURES}/provenance.json": "{}"},
        [2],
    ),
    "two labels that one file lacks": ("LBL001", {ARC: without("tasks", "internet")}, [2]),
    "one label that two files lack": (
        "LBL001", dict.fromkeys((ARC, GSM), without("tasks")), [2],
    ),
    "another label in each file": ("LBL001", {ARC: without("tasks"), GSM: without("env")}, [1, 1]),
    "one agent recorded two": (
        "FIX006",
        recording("arc-0-codex", user_agent="claude-cli/2.1")
        | recording("arc-1-codex", user_agent="claude-cli/2.2"),
        [2],
    ),
    "another agent each": (
        "FIX006",
        recording("arc-0-codex", user_agent="claude-cli/2.1")
        | recording("arc-1-codex", user_agent="opencode/1.0"),
        [1, 1],
    ),
    "two names confuse the same benchmarks": (
        "FIX002",
        {MATH: BENCHMARK, "containers/benchmarks/math-500/Dockerfile": BENCHMARK}
        | recording("math-500-0-codex")
        | recording("math-500-1-codex"),
        [2],
    ),
    "benchmarks and agents are confused": (
        "FIX002",
        {MATH: BENCHMARK, "containers/benchmarks/math-500/Dockerfile": BENCHMARK}
        | agent("mini-codex")
        | recording("math-500-0-codex")
        | recording("arc-0-mini-codex"),
        [1, 1],
    ),
    "one folder that is gone": (
        "STR005",
        {"docs/a.md": "[x](../old/b/x.md) and [y](../old/c/y.md)\n", "b.md": "[z](old/z.md)\n"},
        [3],
    ),
    "one path from the root": (
        "STR005",
        {f".agents/{name}/RULES.md": "See `tests/gone.md`.\n" for name in "ab"} | {"tests/x": ""},
        [2],
    ),
    "two files that are gone": ("STR005", {"docs/a.md": "[x](x.md) and [y](y.md)\n"}, [1, 1]),
    "one base in two files": (
        "PIN001",
        {ARC: "FROM example.org/a/x:latest\n", GSM: "FROM example.org/a/x:latest\n"},
        [2],
    ),
    "two bases in one file": ("PIN001", {ARC: TWO_BASES}, [1, 1]),
    "one service that two files declare again": (
        "STR003",
        {
            "containers/compose/services.yaml": "services:\n  runner:\n    image: example/r:1\n",
            "containers/benchmarks/math/compose.yaml": COMPOSE.replace("arc", "math"),
            MATH: BENCHMARK,
        },
        [2],
    ),
    "the same missing file of two benchmarks": (
        "STR001",
        {f"containers/benchmarks/{name}/Dockerfile": "FROM x\n" for name in "ab"},
        [2, 2],
    ),
    "one error of two gateways": (
        "FIX008",
        {
            f"{FIXTURES}/arc-{n}-codex.trajectory.jsonl": lines(FAILED, FAILED, litellm_row("4"))
            for n in range(2)
        },
        [2],
    ),
    "one platform": (
        "HYG009",
        dict.fromkeys((ARC, GSM), "FROM --platform=linux/amd64 python:3.12-slim\n"),
        [2],
    ),
    "unreleased": (
        "REL002", recording("arc-0-codex") | {GSM: BENCHMARK} | recording("gsm8k-0-codex"), [2],
    ),
    "one variable as ARG and as ENV, and another": (
        "SEC003",
        {ARC: "FROM x\nARG HF_TOKEN\nENV HF_TOKEN=$HF_TOKEN\nARG OTHER_TOKEN\n"},
        [2, 1],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "files", "sizes"), CASES.values(), ids=CASES)
def test_findings_share_a_cause(
    rule: str, files: dict[str, str | bytes], sizes: list[int], tmp_path: Path
) -> None:
    report = judge(write(tmp_path, {**FLEET, **files}), rule)
    assert [len(cause.findings) for cause in report.causes] == sizes
