"""One fault costs one problem: each rule, fact and reader is made to raise, and nothing else moves.

The faults are put in through what the engine takes (a set of rules, a class of facts) or through
content that a reader cannot take; the rest of the report has to be that of a run without the fault.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.fleets import git

from evalpolicy import errors
from evalpolicy.__main__ import main
from evalpolicy.config import reading as configuration
from evalpolicy.engine import check as engine
from evalpolicy.errors import EXIT_NOT_CHECKED, NotCheckedError, UsageError
from evalpolicy.facts.facts import Facts, names
from evalpolicy.policy.report import Report
from evalpolicy.policy.rule import Hit, Rule
from evalpolicy.rules import FAMILIES, all_rules
from evalpolicy.rules.rule_set import RuleSet
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.cache import Cache, open_cache

EXAMPLE = Path(__file__).parents[2] / "examples" / "fleet"
WHAT = "ValueError: a made-up fault"
# The ground that everything stands on: without it nothing can be judged, and the run says so.
GROUND = {"fleet", "layout", "snapshot", "config", "cache", "jobs"}
FACTS = sorted(names() - GROUND)
STANDING = [rule for rule in all_rules() if rule.judges(None) and rule.default]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("crashes") / "fleet"
    shutil.copytree(EXAMPLE, root)
    (root / "containers/benchmarks/zebra").mkdir()
    (root / "containers/benchmarks/zebra/Dockerfile").write_text("FROM ubuntu\n")
    (root / ".gitleaks.toml").write_text("[[allowlists]]\npaths = ['nowhere/.*']\n")
    (root / "bad.md").write_text("[dead](nowhere.md)\n")
    git(root, "init", "-q")
    git(root, "add", "-A")
    return root


@pytest.fixture(autouse=True)
def nothing_noted() -> Iterator[None]:
    errors.block()
    yield
    errors.block()


class Rules(RuleSet):
    """The built-in rules, one of which is another."""

    def __init__(self, other: Rule) -> None:
        super().__init__()
        self._other = other

    def family(self, letters: str) -> tuple[Rule, ...]:
        found = super().family(letters)
        return tuple(self._other if rule.id == self._other.id else rule for rule in found)

    def all(self) -> tuple[Rule, ...]:
        return tuple(rule for letters in FAMILIES for rule in self.family(letters))


def judged(root: Path, cache: Cache | None = None, **how: Any) -> Report:
    with open_snapshot(root) as snapshot:
        report = engine.check(snapshot, configuration.load(snapshot), cache=cache, **how)
    if cache is not None:
        cache.save()
    return report


def faulty(rule: Rule, error: Callable[[], BaseException], *, after: bool = False) -> Rule:
    """The rule, raising at once or when all that it finds has been taken."""

    def function(**facts: object) -> Iterator[Hit]:
        if after:
            yield from rule.function(**facts)
        raise error()

    return replace(rule, function=function)


def broken() -> BaseException:
    return ValueError("a made-up fault")


@pytest.fixture(scope="module")
def sound(fleet: Path) -> Report:
    report = judged(fleet)
    assert report.findings
    assert not report.problems
    return report


@pytest.mark.parametrize("rule", STANDING, ids=lambda rule: rule.id)
def test_a_rule_that_raises_costs_itself_alone(fleet: Path, sound: Report, rule: Rule) -> None:
    report = judged(fleet, known=Rules(faulty(rule, broken)))
    assert report.exit_code("error") == EXIT_NOT_CHECKED
    assert report.problems
    for problem in report.problems:
        assert problem.message.startswith(f"{rule.id} could not be checked: internal error: {WHAT}")
        of_files = rule.per_unit or rule.per_dockerfile
        assert (problem.path in _files(fleet)) if of_files else (problem.path == ".")
    others = [finding for finding in sound.findings if finding.rule != rule.id]
    assert [f for f in report.findings if f.rule != "EVP001"] == [
        f for f in others if f.rule != "EVP001"
    ]
    assert "a made-up fault" in (errors.block() or "")


def test_what_a_rule_found_before_it_raised_is_kept(fleet: Path, sound: Report) -> None:
    for id in ("PIN001", "LBL001", "STR005", "EVP001"):
        rule = next(rule for rule in STANDING if rule.id == id)
        report = judged(fleet, known=Rules(faulty(rule, broken, after=True)))
        assert report.findings == sound.findings
        assert report.problems


@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("name", FACTS)
def test_a_fact_that_raises_costs_what_rests_on_it(
    fleet: Path, sound: Report, name: str, keeps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    class Faulty(Facts):
        pass

    def raising(_: Facts) -> object:
        nonlocal asked
        asked += 1
        raise ValueError("a made-up fault")

    setattr(Faulty, name, property(raising))
    monkeypatch.setattr(engine, "Facts", Faulty)
    cache = open_cache(str(fleet)) if keeps else None
    report = judged(fleet, cache, use_comments=name != "suppressions")
    if not asked:
        return
    lost = {word for p in report.problems for word in p.message.partition(" could")[0].split(", ")}
    assert report.exit_code("never") == EXIT_NOT_CHECKED
    assert [f for f in report.findings if f.rule not in lost and f.rule[:3] != "EVP"] == [
        f for f in sound.findings if f.rule not in lost and f.rule[:3] != "EVP"
    ]
    # Once for what is the fleet's, however many rules ask for it, and once a unit.
    assert len(report.problems) == len({problem.path for problem in report.problems})


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("deep"), OSError(24, "files")])
def test_exceptions_of_the_machine_cost_no_more(
    fleet: Path, sound: Report, error: BaseException
) -> None:
    rule = STANDING[0]
    report = judged(fleet, known=Rules(faulty(rule, lambda: error)))
    assert {p.message.partition(" ")[0] for p in report.problems} == {rule.id}
    assert len(report.findings) == len([f for f in sound.findings if f.rule != rule.id])


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, SystemExit, BrokenPipeError, UsageError, NotCheckedError]
)
@pytest.mark.parametrize("id", ["LBL001", "PIN001", "STR005", "EVP001"])
def test_what_ends_a_run_on_purpose_ends_it(
    fleet: Path, error: type[BaseException], id: str
) -> None:
    rule = next(rule for rule in STANDING if rule.id == id)
    with pytest.raises(error):
        judged(fleet, known=Rules(faulty(rule, error)))


def test_a_fault_is_not_kept(fleet: Path, sound: Report) -> None:
    """What raised once, for want of memory perhaps, is judged by the next run."""
    for rule in STANDING[::5]:
        judged(fleet, open_cache(str(fleet)), known=Rules(faulty(rule, broken)))
        again = judged(fleet, open_cache(str(fleet)))
        assert (again.findings, again.problems) == (sound.findings, [])


CACHED = ("check", "fixtures list", "fixtures scan")
LISTINGS = [
    ("fixtures list", "evalpolicy.facts.fixture_rows.naming", "fixtures", EXIT_NOT_CHECKED),
    (
        "fixtures list",
        "evalpolicy.facts.recordings.reading.parse_stream",
        "fixtures",
        EXIT_NOT_CHECKED,
    ),
    (
        "fixtures scan",
        "evalpolicy.facts.recordings.reading.parse_stream",
        "fixtures",
        EXIT_NOT_CHECKED,
    ),
    ("fixtures redact", "evalpolicy.engine.fixing.redaction.redact", "fixtures", EXIT_NOT_CHECKED),
    ("fleet", "evalpolicy.reporters.tables.fleet.ListedUnit", "containers", EXIT_NOT_CHECKED),
    ("fleet", "evalpolicy.fleet.fleet.DockerfileSummary.of", "containers", EXIT_NOT_CHECKED),
    ("check", "evalpolicy.fleet.fleet.DockerfileSummary.of", "containers", EXIT_NOT_CHECKED),
    (
        "gitleaks explain",
        "evalpolicy.scanners.gitleaks.evaluate.evaluate",
        ".gitleaks",
        EXIT_NOT_CHECKED,
    ),
]


@pytest.mark.parametrize(("words", "name", "folder", "code"), LISTINGS)
def test_a_listing_has_a_row_for_what_it_could_not_read(
    fleet: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    words: str,
    name: str,
    folder: str,
    code: int,
) -> None:
    """The first call of one of its readers raises; the others go on."""
    monkeypatch.chdir(fleet)
    monkeypatch.setenv("COLUMNS", "200")
    assert main([*words.split()]) < EXIT_NOT_CHECKED
    plain = len("".join(capfd.readouterr()).splitlines())
    monkeypatch.setattr(name, _once(name))
    assert main([*words.split(), *(["--no-cache"] if words in CACHED else [])]) == code
    out, err = capfd.readouterr()
    said = " ".join((out + err).split())
    before, _after = said.split(f"internal error: {WHAT}")
    assert folder in before
    assert err.count("Traceback") <= 1
    assert len(out.splitlines()) >= (plain - 3 if words != "gitleaks explain" else 0)


OTHERS = [
    ("replay plan", "evalpolicy.replay.plan.selection.naming", "fixtures/"),
    ("replay plan", "evalpolicy.replay.plan.selection.served_turns", "fixtures/"),
    ("replay plan --shard=1/1", "evalpolicy.replay.plan.planning._group", "fixtures/"),
    ("replay plan", "evalpolicy.replay.plan.planning.container_name", "fixtures/"),
    ("replay plan", "evalpolicy.replay.plan.images.asked_secrets", "Dockerfile"),
    ("replay plan", "evalpolicy.replay.plan.images.copied_paths", ""),
    ("report --output=page", "evalpolicy.engine.survey.surveying.naming", "fixtures/"),
    ("report --output=page", "evalpolicy.facts.fixture_rows.naming", "fixtures/"),
    ("report --output=page", "evalpolicy.engine.survey.surveying.SurveyedBenchmark", "containers/"),
    ("report --output=page", "evalpolicy.engine.survey.surveying.Sized", ""),
    ("report --output=page", "evalpolicy.engine.survey.surveying._ranked", "fixtures/"),
    ("provenance backfill --diff", "evalpolicy.provenance.backfill.entry", "fixtures/"),
    ("provenance verify", "evalpolicy.facts.recordings.reading.parse_stream", "fixtures/"),
]


@pytest.mark.parametrize(("words", "name", "path"), OTHERS)
def test_a_command_goes_on_behind_what_it_could_not_read(
    fleet: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    words: str,
    name: str,
    path: str,
) -> None:
    root = tmp_path / "fleet"
    shutil.copytree(fleet, root)
    monkeypatch.chdir(root)
    git(root, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "first")
    if words.startswith("provenance backfill"):
        (root / "tests/run/replay/fixtures/provenance.json").unlink()
    if words.startswith("replay plan"):
        shutil.rmtree(root / "containers/benchmarks/zebra")
    monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(tmp_path / "kept"))
    monkeypatch.setenv("COLUMNS", "300")
    assert main(words.split()) < EXIT_NOT_CHECKED
    plain = _told(root, capfd)
    monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(tmp_path / "none"))
    monkeypatch.setattr(name, _once(name))
    assert main(words.split()) == EXIT_NOT_CHECKED
    told = _told(root, capfd)
    said = " ".join(" ".join(told).split())
    assert re.search(rf"{path}.{{0,200}} internal error: {WHAT}", said)
    assert said.count("Traceback") == 1
    assert len({*plain} & {*told}) >= len(plain) // 3


def _told(root: Path, capfd: pytest.CaptureFixture[str]) -> list[str]:
    page = root / "page" / "index.html"
    written = page.read_text().replace("<li", "\n<li") if page.exists() else ""
    return "".join([*capfd.readouterr(), re.sub("<[^>]*>", "", written)]).splitlines()


def _once(name: str) -> Callable[..., Any]:
    """What raises when it is first called, and does what `name` does from then on."""
    module, _, last = name.rpartition(".")
    try:
        real = getattr(import_module(module), last)
    except ModuleNotFoundError:
        outer, _, kind = module.rpartition(".")
        real = getattr(getattr(import_module(outer), kind), last)
    called = False

    def function(*given: Any, **named: Any) -> Any:
        nonlocal called
        if not called:
            called = True
            raise ValueError("a made-up fault")
        return real(*given, **named)

    return function


def _files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
