"""Other tools on the rules' own examples: what the comparison says of them is what they say."""

from __future__ import annotations

import pytest
from docsite import comparison, others


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    return others.lay_out(tmp_path_factory.mktemp("examples"))


@pytest.mark.engine("hadolint", "gitleaks", "detect-secrets", "check-added-large-files")
@pytest.mark.parametrize("tool", others.TOOLS)
def test_the_comparison_is_what_they_say(tool, examples, need_tool):
    measured = others.found_by(others.TOOLS[tool](need_tool(tool), examples))
    written = {id: set(row[tool]) for id, row in comparison.rows().items() if tool in row}
    assert measured == written


@pytest.mark.engine("hadolint", "gitleaks", "detect-secrets", "check-added-large-files")
@pytest.mark.parametrize(
    ("tool", "path", "text"),
    [
        ("hadolint", "X/bad/Dockerfile", "FROM debian\n"),
        ("gitleaks", "X/bad/.env", "{{github-ghp}}\n"),
        ("detect-secrets", "X/bad/.env", "{{github-ghp}}\n"),
        ("check-added-large-files", "X/bad/large", "x" * 600_000),
    ],
)
def test_each_of_them_sees(tool, path, text, tmp_path, need_tool):
    from docsite.examples import made_up

    from evalpolicy.testing.repositories import start, write

    key = made_up("github-ghp")
    assert key is not None
    start(write(tmp_path, {path: text.replace("{{github-ghp}}", f"token = '{key}'")}))
    assert set(others.found_by(others.TOOLS[tool](need_tool(tool), tmp_path))) == {"X"}
