"""No report shows a credential of the sources that its findings point at, in any format."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from tests.fleets import DOCKERFILES, repository
from tests.samples.credentials import ALNUM, some, token

from evalpolicy.__main__ import main
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.engine.quoting import excerpts, without_credentials
from evalpolicy.policy.rule import Finding
from evalpolicy.reporters import FORMATS
from evalpolicy.scanners.credentials import SHAPES
from evalpolicy.snapshot import open_snapshot

UNIT = "containers/benchmarks/arc/Dockerfile"
KEY = token(next(shape for shape in SHAPES if shape.id == "anthropic"), random.Random(1))
BLOCK = [some(random.Random(number), ALNUM + "+/", 64) for number in range(4)]
DASHES = "-" * 5
PEM = "\n".join(
    [f"{DASHES}BEGIN PRIVATE KEY{DASHES}", *BLOCK, f"{DASHES}END PRIVATE KEY{DASHES}", ""]
)
PLACES = {
    "a line": f"FROM ubuntu AS {KEY}\n",
    "in a name": f"FROM registry.example/{KEY.lower()}\nFROM {KEY}/x\n",
    "what is installed": f"FROM ubuntu\nRUN pip install git+https://{KEY}@github.com/a/b\n",
    "a label": f'FROM ubuntu\nLABEL eval.type="benchmark" eval.benchmark.name="{KEY}"\n',
    "a label twice": f'FROM ubuntu\nLABEL eval.type="benchmark" a={KEY}\nLABEL a={KEY}\n',
    "where the line is cut": f"FROM ubuntu\nRUN pip install {'x' * 360} {KEY}\n",
    "escaped": f'FROM ubuntu\nRUN pip install "{KEY.replace("-", "%2D")}"\n',
    "two, glued": f"FROM ubuntu\nRUN pip install {KEY}-{KEY[::-1]}-{KEY}\n",
    "on many lines": f"FROM ubuntu\nRUN <<E\npip install x <<B\n{PEM}pip install y\nB\nE\n",
    "an unknown rule": f"# evalpolicy: ignore[{KEY}] because\nFROM ubuntu\n",
    "a reason": f"FROM ubuntu  # evalpolicy: ignore[LBL999] {KEY}\n",
}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("place", PLACES)
def test_no_format_shows_a_credential_of_a_source(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    place: str,
    kind: str,
) -> None:
    root = repository(tmp_path / "fleet", {**DOCKERFILES, UNIT: PLACES[place]})
    monkeypatch.chdir(root)
    main(["check", f"--format={kind}", "--fail-on=never"])
    said = "".join(capfd.readouterr())
    assert "Dockerfile" in said
    assert shown_of_secrets(said) == set()


def test_a_cause_is_told_apart_without_its_credentials() -> None:
    """An id is a hash that whoever reads a report can try secrets against."""
    one = Finding("PIN001", "x", "error", UNIT, Span.at(1), "x", cause=f"image {KEY}")
    (redacted,) = without_credentials([one])
    assert shown_of_secrets(redacted.cause) == set()
    assert redacted.cause_id != one.cause_id


def shown_of_secrets(said: str) -> set[str]:
    """Pieces of 16 characters of what is secret in the keys above."""
    secrets = [KEY[14:], *BLOCK]
    pieces = {secret[at : at + 16] for secret in secrets for at in range(len(secret) - 15)}
    plain = re.sub(r"%2[dD]", "-", said)
    return {piece for piece in pieces if piece in plain}


def test_each_line_is_quoted_without_credentials_and_by_its_number(tmp_path: Path) -> None:
    """A key on many lines is whole only in its file; glued ones show when others are gone."""
    text = f"first\n{PEM}{KEY}\n{'x' * 395} {KEY}\n{KEY}-{KEY}-{KEY[::-1]}{KEY}\nlast\n"
    root = repository(tmp_path / "fleet", {UNIT: text})
    count = text.count("\n")
    findings = [
        Finding("PIN001", "x", "error", UNIT, Span.at(line), "x") for line in range(1, count + 1)
    ]
    with open_snapshot(root) as snapshot:
        found = excerpts(snapshot, findings, ())
    assert shown_of_secrets("\n".join(found.values())) == set()
    assert (found[UNIT, 1], found[UNIT, count]) == ("first", "last")
    assert all(len(line) <= 400 for line in found.values())
