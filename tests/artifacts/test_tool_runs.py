"""Where a workflow runs this tool, and what of that becomes weaker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.silencers import RUNS, SCRIPT, step

from evalpolicy.artifacts.tool_runs import runs, weaker

TWO = RUNS + "      - run: uvx evalpolicy check --staged\n"


def script(text: str) -> str:
    lines = "".join(f"          {line}\n" for line in text.split("\n"))
    return SCRIPT.replace("run: evalpolicy check --base main\n", f"run: |\n{lines}")


def what(before: str, after: str) -> list[str]:
    return [one.what for one in weaker(runs(before.encode()), runs(after.encode()))]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (TWO, RUNS, ["uvx evalpolicy check --staged no longer runs"]),
        (RUNS, "jobs: [", ["evalpolicy/evalpolicy no longer runs"]),
        (SCRIPT, SCRIPT.replace("main", "main || true"), ["evalpolicy check --base main becomes evalpolicy check --base main || true"]),  # noqa: E501
        (SCRIPT, script("{ evalpolicy check --base main; } || true"), ["evalpolicy check --base main becomes evalpolicy check --base main || true"]),  # noqa: E501
        (SCRIPT, script("set +e; evalpolicy check --base main; true"), ["evalpolicy check --base main becomes evalpolicy check --base main (dropped)"]),  # noqa: E501
        (SCRIPT, script("evalpolicy check --base main |\n cat"), ["evalpolicy check --base main becomes evalpolicy check --base main (pipe)"]),  # noqa: E501
        (SCRIPT, script("evalpolicy check --base main \\\n  --fail-on never"), ["evalpolicy check --base main becomes evalpolicy check --base main --fail-on never"]),  # noqa: E501
        (SCRIPT, script("cat <<E\nevalpolicy check --base main\nE"), ["evalpolicy check --base main no longer runs"]),  # noqa: E501
        (RUNS, RUNS.replace("@v0.1.0", ""), ["evalpolicy/evalpolicy changes from v0.1.0 to no revision: a different version may run"]),  # noqa: E501
        (step("with: {replay: true}"), RUNS, ["the input replay of evalpolicy/evalpolicy is changed to empty"]),  # noqa: E501
        (step("with: {select: 'LBL,PIN'}"), step("with: {select: PIN}"), ["the input select of evalpolicy/evalpolicy is changed to PIN"]),  # noqa: E501
    ],
)  # fmt: skip
def test_weaker(before, after, words):
    assert what(before, after) == words


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (RUNS, RUNS),
        (RUNS, TWO),
        (RUNS, RUNS.replace("v0.1.0", "v0.10.0")),
        (step("with: {select: PIN}"), step("with: {select: 'LBL PIN'}")),
        (step("with: {select: PIN}"), RUNS),
        (step("with: {ignore: PIN, baseline: x.json, fail-on: never}"), RUNS),
        (RUNS, step("with: {sarif-file: x.sarif, upload-sarif: true, python: python3.12}")),
        (RUNS, "# moved\n" + RUNS.replace("ubuntu-latest", "ubuntu-24.04")),
        ("jobs: {}\n", RUNS),
        (SCRIPT, script("set -e\n# evalpolicy\nevalpolicy check \\\n  --base main\necho done")),
    ],
)
def test_not_weaker(before, after):
    assert what(before, after) == []


@given(
    content=st.binary(max_size=80) | st.text(max_size=80).map(lambda t: f"evalpolicy {t}".encode())
)
def test_nothing_raises(content):
    list(weaker(runs(content), runs(content)))
