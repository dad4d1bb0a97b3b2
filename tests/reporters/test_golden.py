"""Each reporter's whole output on one report.

`EVALPOLICY_RENEW_GOLDEN=1 pytest tests/reporters/test_golden.py` writes the files anew: read the
difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.reporters.sample import sample

from evalpolicy.reporters import FORMATS, json, render, sarif

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {"json": "json", "sarif": "sarif", "junit": "xml", "markdown": "md"}


@pytest.mark.parametrize("name", FORMATS)
def test_the_output_is_the_golden_one(name, monkeypatch):
    for module in (json, sarif):
        monkeypatch.setattr(module, "__version__", "0.0.0")
    file = GOLDEN / f"{name}.{ENDINGS.get(name, 'txt')}"
    output = render(name, sample())
    if os.environ.get("EVALPOLICY_RENEW_GOLDEN"):
        file.write_bytes(output.encode())
    assert output.encode() == file.read_bytes()


def test_every_golden_file_belongs_to_a_format():
    assert {file.stem for file in GOLDEN.iterdir()} == set(FORMATS)
