"""A whole run takes twice the time for twice as much of anything that a fleet may have many of."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
from tests.fleets import BENCHMARK, FIXTURES, FLEET, write
from tests.growth import assert_linear
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.config import reading as configuration
from evalpolicy.engine.check import check
from evalpolicy.engine.survey.surveying import Survey, survey
from evalpolicy.facts.facts import Facts
from evalpolicy.facts.waivers import baseline as baselines
from evalpolicy.policy.report import Report
from evalpolicy.reporters import FORMATS, render
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.cache import Cache

Files = dict[str, str | bytes]
ARC = "containers/benchmarks/arc/Dockerfile"
START = 256
TASKS = "eval.benchmark.tasks"
ENTRY = {"benchmark": "arc", "agent": "codex", "task": "0", "model": "m"}


def _benchmark(name: str) -> str:
    return BENCHMARK.replace('"arc"', f'"{name}"').replace('"400"', '"many"')


def _benchmarks(n: int) -> Files:
    return {
        f"containers/benchmarks/b{each}/Dockerfile": _benchmark(f"b{each}") for each in range(n)
    }


def _fixtures(n: int) -> Files:
    names = [f"arc-{each}-codex" for each in range(n)]
    row = lines(litellm_row("4", user_agent="codex_exec/1.0"))
    return {
        **{f"{FIXTURES}/{name}.traces.jsonl": row for name in names},
        f"{FIXTURES}/provenance.json": json.dumps(dict.fromkeys(names, ENTRY), indent=1),
    }


def _allowances(n: int) -> Files:
    paths = [f"containers/benchmarks/b{each}/Dockerfile" for each in range(n)]
    rows = [f'[[allow]]\nrule = "LBL003"\npath = "{path}"\nreason = "x"\n' for path in paths]
    return {**_benchmarks(n), "evalpolicy.toml": "".join(rows)}


def _baseline(n: int) -> Files:
    rows = {
        baselines.BaselineRow(
            "LBL003", f"containers/benchmarks/b{each}/Dockerfile", f"b{each}", TASKS
        ): 1
        for each in range(n)
    }
    return {
        **_benchmarks(n),
        ".evalpolicy-baseline.json": baselines.render(baselines.Baseline(rows)),
    }


def _comments(n: int) -> Files:
    pairs = "".join(
        f"# evalpolicy: ignore[PIN006] x\nRUN npm install -g a{each}\n" for each in range(n)
    )
    return {ARC: BENCHMARK + pairs}


def _findings_in_one_file(n: int) -> Files:
    return {ARC: BENCHMARK + "".join(f"RUN npm install -g a{each}\n" for each in range(n))}


def _files_in_a_folder(n: int) -> Files:
    return {f"containers/benchmarks/arc/data/{each}.txt": "x" for each in range(4 * n)}


def _documents(n: int) -> Files:
    return {f"docs/{each}.md": f"[x](no{each}.md) and `no/{each}`\n" for each in range(n)}


def _workflows(n: int) -> Files:
    steps = "    steps:\n      - run: ruff check || true\n"
    text = f"on: pull_request\njobs:\n  a:\n    runs-on: x\n{steps}"
    return {f".github/workflows/{each}.yml": text for each in range(n)}


def _contract(n: int) -> Files:
    properties = {f"a{each}": {"type": "string"} for each in range(n)}
    return {
        "evalpolicy.toml": '[contracts]\nbenchmark = "c.json"\n',
        "c.json": json.dumps({"type": "object", "properties": properties}),
    }


SHAPES: dict[str, tuple[Callable[[int], Files], str]] = {
    "benchmarks": (_benchmarks, "findings"),
    "fixtures": (_fixtures, "findings"),
    "allowances": (_allowances, "waived"),
    "rows of a baseline": (_baseline, "waived"),
    "comments": (_comments, "waived"),
    "findings in one file": (_findings_in_one_file, "findings"),
    "files in a folder": (_files_in_a_folder, ""),
    "documents": (_documents, "findings"),
    "workflows": (_workflows, "findings"),
    "properties of a contract": (_contract, ""),
}
"""Each with what the report has as many of."""


def _checked(root: Path) -> Report:
    with open_snapshot(root) as snapshot:
        return check(snapshot, configuration.load(snapshot), jobs=1)


@pytest.mark.parametrize("name", SHAPES)
def test_a_check(name: str, tmp_path: Path) -> None:
    files, as_many = SHAPES[name]

    @cache
    def made(n: int) -> Path:
        return write(tmp_path / str(n), {**FLEET, **files(n)})

    report = _checked(made(START))
    assert not report.problems
    assert not as_many or len(getattr(report, as_many)) >= START
    assert_linear(_checked, made, start=START, largest=8 * START)


def test_a_report_in_every_format(tmp_path: Path) -> None:
    @cache
    def made(n: int) -> Report:
        return _checked(write(tmp_path / str(n), {**FLEET, **_findings_in_one_file(n)}))

    for form in FORMATS:
        assert_linear(partial(render, form), made, start=START, largest=8 * START)


def test_a_survey(tmp_path: Path) -> None:
    @cache
    def made(n: int) -> Path:
        return write(tmp_path / str(n), {**FLEET, **_fixtures(n)})

    def surveyed(root: Path) -> Survey:
        with open_snapshot(root) as snapshot:
            return survey(Facts(snapshot, configuration.load(snapshot), Cache(None), jobs=1))

    assert len(surveyed(made(START)).stories) >= START
    assert_linear(surveyed, made, start=START, largest=8 * START)
