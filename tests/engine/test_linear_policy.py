"""What takes findings back, and what says where it stands, grows with the number of rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest
from tests.fleets import FLEET, judge, repository
from tests.growth import assert_linear

from evalpolicy.__main__ import main
from evalpolicy.artifacts import gate_settings
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.artifacts.syntax.toml_reader import parse_toml
from evalpolicy.config import reading as config
from evalpolicy.config.allowance import Allowance
from evalpolicy.errors import NotCheckedError
from evalpolicy.facts.waivers.allowances import Allowances
from evalpolicy.matching import json_schema
from evalpolicy.matching.json_schema import violations
from evalpolicy.policy.rule import Finding
from evalpolicy.rules.rule_set import BUILT_IN
from evalpolicy.snapshot import open_snapshot


def _allow(number: int, path: str = "a/{}/Dockerfile") -> str:
    return f'[[allow]]\nrule = "LBL001"\npath = "{path.format(number)}"\nreason = "x"\n'


CONFIGURATIONS: dict[str, Callable[[int], str]] = {
    "allowances": lambda n: "".join(map(_allow, range(n))),
    "levels": lambda n: "[rules]\n" + "".join(f'R{number} = "off"\n' for number in range(n)),
    "plug-ins": lambda n: "plugins = [\n" + "".join(f'"p{number}",\n' for number in range(n)) + "]",
    "blanks behind a bracket": lambda n: "plugins = [\n" + "[" + " " * n + "1],\n]\n",
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_lines_of_a_configuration(case: str) -> None:
    def places(text: str) -> None:
        lines = parse_toml(text.encode())
        for number in range(text.count("\n") // 4):
            lines.line_of("allow", number, "path")

    assert_linear(places, CONFIGURATIONS[case], largest=1 << 14)


def test_a_configuration_of_many_allowances() -> None:
    def parse(content: bytes) -> None:
        read = config.parse(content, "evalpolicy.toml")
        assert read is not None
        assert read.allowances[-1].line == content.count(b"\n") - 3

    assert_linear(parse, lambda n: CONFIGURATIONS["allowances"](n).encode(), largest=1 << 11)


def test_rows_of_a_baseline() -> None:
    def content(n: int) -> bytes:
        rows = [{"rule": "LBL001", "path": f"a/{number}/Dockerfile"} for number in range(n)]
        return json.dumps({"version": 1, "findings": rows}, indent=0).encode()

    assert_linear(gate_settings.baseline, content, largest=1 << 13)


def test_allowances_of_many_findings(tmp_path) -> None:
    def made(n: int) -> tuple[Allowances, list[Finding]]:
        items = [Allowance("LBL001", f"a/{number}/Dockerfile", "x") for number in range(n)]
        findings = [Finding("LBL001", "n", "error", f"a/{m}/Dockerfile", Span.at(1), "m") for m in
                    range(n)]  # fmt: skip
        return Allowances(tuple(items), "evalpolicy.toml", snapshot, BUILT_IN), findings

    def settle(given: tuple[Allowances, list[Finding]]) -> None:
        allowances, findings = given
        assert all(allowances.covers(finding) for finding in findings)
        assert not list(allowances.unused())

    with open_snapshot(repository(tmp_path / "r")) as snapshot:
        assert_linear(settle, made, largest=1 << 12)


def test_the_first_place_of_a_value_is_where_it_stands_and_no_comment() -> None:
    text = b"# \"a/b\"\n[allowlist]\npaths = ['a/b']\n"
    places = [one.span for one in gate_settings.gitleaks(text).settings if one.value == "a/b"]
    assert places == [Span.at(3, 10, 5)]


def _twice(keyword: str, deep: int) -> dict[str, object]:
    """Forty definitions, each of which asks the next one twice: 2^40 steps."""
    each = {f"d{n}": {keyword: [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(deep)}
    return {"$defs": {**each, f"d{deep}": {"type": "string"}}, "$ref": "#/$defs/d0"}


def _nested(deep: int) -> dict[str, object]:
    contract: dict[str, object] = {}
    for _ in range(deep):
        contract = {"properties": {"a": contract}}
    return contract


@pytest.fixture
def a_small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_schema, "_STEPS", 5_000)


@pytest.mark.usefixtures("a_small_budget")
@pytest.mark.parametrize(
    "contract",
    [_twice("anyOf", 40), _twice("oneOf", 40), _twice("allOf", 40), _nested(300),
     {"enum": list(range(30_000))}],
    ids=["anyOf", "oneOf", "allOf", "nested", "long"],
)  # fmt: skip
def test_a_contract_over_its_budget_is_not_checked(contract: dict[str, object]) -> None:
    content = json.dumps(contract).encode()
    with pytest.raises(NotCheckedError, match=r"^c\.json:1: not checked: "):
        violations(content, {"a": "b"}, "c.json")


@pytest.mark.usefixtures("a_small_budget")
@pytest.mark.parametrize("contract", [_twice("allOf", 10), _nested(31), {"enum": [1] * 15_000}])
def test_a_contract_below_it_is(contract: dict[str, object]) -> None:
    content = json.dumps(contract).encode()
    for _ in range(10):  # each value has a budget of its own
        violations(content, {"a": "b"}, "c.json")


@pytest.mark.usefixtures("a_small_budget")
def test_a_contract_over_its_budget_ends_in_exit_3(tmp_path, capsys, monkeypatch) -> None:
    root = repository(
        tmp_path / "r",
        {
            **FLEET,
            "evalpolicy.toml": '[contracts]\nbenchmark = "c.json"\n',
            "c.json": json.dumps(_twice("anyOf", 40)),
        },
    )
    monkeypatch.chdir(root)
    assert main(["check", "--no-cache"]) == 3
    assert "c.json:1: not checked" in capsys.readouterr().err


def test_a_unit_of_many_empty_labels(tmp_path) -> None:
    def dockerfile(n: int) -> str:
        return 'FROM x:1\nLABEL eval.type="benchmark"\n' + "".join(
            f'LABEL a{number}=""\n' for number in range(n)
        )

    def made(n: int) -> Path:
        path = "containers/benchmarks/arc/Dockerfile"
        return repository(tmp_path / str(n), {**FLEET, path: dockerfile(n)})

    assert_linear(lambda root: judge(root, "LBL"), lru_cache(made), largest=1 << 11)
