"""Each reporter's whole output on one report.

`EVALPOLICY_RENEW_GOLDEN=1 pytest tests/reporters/test_golden.py` writes the files anew: read the
difference before you commit it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from tests.reporters.sample import sample

from evalpolicy.reporters import FORMATS, html, json, render, sarif

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {"json": "json", "sarif": "sarif", "junit": "xml", "markdown": "md", "html": "html"}


@pytest.mark.parametrize("name", FORMATS)
def test_the_output_is_the_golden_one(name, monkeypatch):
    for module in (json, sarif, html):
        monkeypatch.setattr(module, "__version__", "0.0.0")
    file = GOLDEN / f"{name}.{ENDINGS.get(name, 'txt')}"
    output = _without_assets(render(name, sample()))
    if os.environ.get("EVALPOLICY_RENEW_GOLDEN"):
        file.write_bytes(output.encode())
    assert output.encode() == file.read_bytes()


def _without_assets(page: str) -> str:
    """The web page without its style, its scripts and their hashes, one element a line."""
    if not page.startswith("<!doctype html>"):
        return page
    page = re.sub(
        r"(<(style|script|svg class=\"symbols\")[^>]*>).*?(?=</)", r"\1", page, flags=re.S
    )
    page = re.sub(r"sha256-[^&]+", "sha256-…", page)
    return re.sub(r"(?<=>)(?=<(?!/))", "\n", page)


def test_every_golden_file_belongs_to_a_format():
    assert {file.stem for file in GOLDEN.iterdir()} == set(FORMATS)
