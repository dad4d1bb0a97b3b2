"""Content that once ended the run: it is judged, or refused as its writer's error, and no bug."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fleets import DOCKERFILES, FIXTURES, write
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.__main__ import main
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.matching.json_schema import violations
from evalpolicy.matching.re2 import MAX_CLASSES, PatternError, compiled, excess
from evalpolicy.scanners.credentials.hosts import HostPattern
from evalpolicy.scanners.gitleaks.goregex import GoRegex, RefusedPattern, compile_go

FIXTURE = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
PROVENANCE = f"{FIXTURES}/provenance.json"
SOUND = lines(litellm_row("an answer"))
LONE = "\ud800"

NUMBERS = ["1e308", "-1e308", "1" + "0" * 400, "1.7976931348623157e308", "-" + "9" * 4000]


@pytest.mark.parametrize("field", ["startTime", "endTime", "response_cost", "completion_tokens"])
@pytest.mark.parametrize("number", NUMBERS, ids=lambda text: text[:8])
@pytest.mark.parametrize("status", ["failure", "success"])
@pytest.mark.parametrize("command", ["check", "fixtures list", "fixtures show arc-0-codex"])
def test_numbers_of_any_size(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    field: str,
    number: str,
    status: str,
    command: str,
) -> None:
    row = json.dumps({"status": status, "response": "x", field: "NUMBER"})
    content = row.replace('"NUMBER"', number).encode() + b"\n"
    root = write(tmp_path / "fleet", {**DOCKERFILES, FIXTURE: content})
    monkeypatch.chdir(root)
    main(command.split())
    assert "internal error" not in "".join(capfd.readouterr())


ENTRY = {"benchmark": "arc", "agent": "codex", "task_id": "0"}
DOCUMENTS = [
    {LONE: {}},
    {LONE: LONE},
    {f"arc-0-codex{LONE}": {**ENTRY, LONE: 1}},
    *({"arc-0-codex": {**ENTRY, f: LONE}} for f in ("captured", "sha256", "model", "release_tag")),
    {"arc-0-codex": {**ENTRY, "evidence": {"captured": f"{LONE} trace", LONE: LONE}}},
    {"arc-0-codex": {**ENTRY, "reward": 10**400, "captured": [[LONE]]}},
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=ascii)
@pytest.mark.parametrize("command", ["check", "provenance verify", "fixtures list", "fleet"])
def test_surrogates_in_provenance(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    document: object,
    command: str,
) -> None:
    files = {**DOCKERFILES, FIXTURE: SOUND, PROVENANCE: json.dumps(document).encode()}
    monkeypatch.chdir(write(tmp_path / "fleet", files))
    main(command.split())
    assert "internal error" not in "".join(capfd.readouterr())


def _deep(depth: int, head: str, tail: str) -> str:
    return f"{head * depth}{{}}{tail * depth}"


CONTRACTS = [
    '{"$schema": 5}',
    '{"$schema": ["\\ud800"]}',
    '{"$schema": {}}',
    '{"$id": 5}',
    '{"$ref": 5}',
    '{"pattern": "\\ud800"}',
    '{"patternProperties": {"\\ud800": {}}}',
    '{"properties": {"a": {"patternProperties": {"a\\ud800": {}}}}}',
    _deep(100_000, '{"not": ', "}"),
]
DEEP_CONTRACTS = [
    _deep(300, '{"properties": {"a": ', "}}"),
    _deep(300, '{"allOf": [', "]}"),
]


@pytest.mark.parametrize("schema", CONTRACTS, ids=lambda schema: schema[:40])
def test_a_contract_that_cannot_be_used_is_its_writers_error(schema: str) -> None:
    with pytest.raises(UsageError, match="of-ours"):
        violations(schema.encode(), {"a": "b"}, "of-ours")


@pytest.mark.parametrize("schema", DEEP_CONTRACTS, ids=lambda schema: schema[:40])
def test_a_contract_that_nests_too_deep_is_not_checked(schema: str) -> None:
    with pytest.raises(NotCheckedError, match="of-ours"):
        violations(schema.encode(), {"a": "b"}, "of-ours")


@pytest.mark.parametrize("value", [LONE, f"a{LONE}b", "\udcff.txt"], ids=ascii)
def test_text_that_is_not_unicode_is_matched_as_go_matches_it(value: str) -> None:
    assert isinstance(compile_go(value), RefusedPattern)
    dot = compile_go("^.+$")
    assert isinstance(dot, GoRegex)
    assert dot.finds(value)
    assert dot.find_all(value) == [(0, len(value))]
    schema = json.dumps({"properties": {"a": {"pattern": "^[a-z?.]*$"}}}).encode()
    assert [v.keyword for v in violations(schema, {"a": value}, "c.json")] == ["pattern"]


CLASSES = r"\pL" * (MAX_CLASSES + 1)


def test_a_pattern_of_many_unicode_classes_never_reaches_re2(monkeypatch) -> None:
    """16,000 of them in 48 KB took RE2 2 s and 600 MB before it refused them."""
    import re2

    def never(*_: object) -> None:
        raise AssertionError("RE2 was given the pattern")

    monkeypatch.setattr(re2, "compile", never)
    for pattern in (CLASSES, CLASSES.replace("p", "P"), f"(?i)[^{CLASSES}]"):
        with pytest.raises(PatternError, match="Unicode classes"):
            compiled(pattern)
        refused = compile_go(pattern)
        assert isinstance(refused, RefusedPattern)
        assert not refused.certain
        with pytest.raises(ValueError, match="Unicode classes"):
            HostPattern(pattern)


def test_as_many_classes_as_may_be_are_compiled() -> None:
    assert compiled(r"\p{Lu}|" * 20 + "a").search("a")
    assert excess(CLASSES.removesuffix(r"\pL")) is None


@pytest.mark.parametrize("pattern", ["(", "(?=x)", "[z-a]", "\ud800"])
def test_a_pattern_that_re2_rejects_is_reported_as_text(pattern: str) -> None:
    with pytest.raises(PatternError) as raised:
        compiled(pattern)
    start, _, reason = str(raised.value).partition(" is not an RE2 expression: ")
    assert start == repr(pattern)
    assert reason
    assert not reason.startswith("b'")
