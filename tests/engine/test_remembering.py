"""Verdicts that are kept are those that a run without a cache would give."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.fleets import git

from evalpolicy.config import reading as configuration
from evalpolicy.engine.check import check
from evalpolicy.engine.remembering import Remembering, RuleResult, Subject
from evalpolicy.facts.facts import Facts
from evalpolicy.policy.report import FileProblem, Report
from evalpolicy.policy.rule import Hit, Rule
from evalpolicy.rules import all_rules
from evalpolicy.snapshot import Snapshot, open_snapshot
from evalpolicy.snapshot.cache import Cache, open_cache

EXAMPLE = Path(__file__).parents[2] / "examples" / "fleet"
STEPS = 25
RACY_SECONDS = 2
KEPT = [rule for rule in all_rules() if rule.judges(None) and not rule.on_waivers]


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(tmp_path / "cache"))
    root = tmp_path / "fleet"
    shutil.copytree(EXAMPLE, root)
    (root / ".pre-commit-config.yaml").write_text(
        "repos:\n- repo: https://example.org/gitleaks\n  rev: v8.24.3\n  hooks:\n"
        "  - id: gitleaks\n- repo: https://example.org/hooks\n  rev: v5.0.0\n  hooks:\n"
        "  - id: check-added-large-files\n    args: [--maxkb=1]\n    exclude: fox\n"
    )
    (root / ".gitleaks.toml").write_text(
        "[extend]\nuseDefault = true\n[[allowlists]]\npaths = ['''fixtures/''']\n"
    )
    git(root, "init", "-q")
    git(root, "add", "-A")
    _age(root)
    return root


def _age(root: Path) -> None:
    """Gives every file times that are old enough to be trusted."""
    for file in root.rglob("*"):
        if file.is_file() and not file.is_symlink():
            seconds = os.stat(file).st_mtime - 10
            os.utime(file, (seconds, seconds))


def judged(root: Path, cache: Cache, staged: bool) -> Report:
    with open_snapshot(root, staged=staged) as snapshot:
        report = check(snapshot, configuration.load(snapshot), cache=cache)
    cache.save()
    return report


def same(root: Path, staged: bool) -> bool:
    kept = judged(root, open_cache(str(root)), staged)
    fresh = judged(root, Cache(None), staged)
    return (kept.findings, kept.problems, kept.waived, kept.checked) == (
        fresh.findings, fresh.problems, fresh.waived, fresh.checked
    )  # fmt: skip


def _change(root: Path, dice: random.Random) -> str:
    files = sorted(p for p in root.rglob("*") if p.is_file() and ".git/" not in f"{p}/")
    file = dice.choice(files)
    kind = dice.choice(["append", "drop", "double", "delete", "copy", "mode", "link", "large"])
    text = file.read_bytes().splitlines(keepends=True) or [b"\n"]
    at = dice.randrange(len(text))
    if kind == "append":
        file.write_bytes(b"".join(text) + b"# more\n")
    elif kind == "drop":
        file.write_bytes(b"".join([*text[:at], *text[at + 1 :]]))
    elif kind == "double":
        file.write_bytes(b"".join([*text[: at + 1], text[at], *text[at + 1 :]]))
    elif kind == "delete":
        file.unlink()
    elif kind == "copy":
        shutil.copy(file, file.with_name(f"z{dice.randrange(100)}-{file.name}"))
    elif kind == "mode":
        file.chmod(file.stat().st_mode ^ 0o111)
    elif kind == "large":
        file.write_bytes(b"".join(text) + b"\n" * 3000)
    else:
        file.unlink()
        file.symlink_to(dice.choice(files).name)
    return f"{kind} {file.relative_to(root)}"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("staged", [False, True])
def test_no_change_is_missed(fleet: Path, seed: int, staged: bool) -> None:
    dice = random.Random(seed)
    assert same(fleet, staged)
    done = []
    for _ in range(STEPS):
        done.append(_change(fleet, dice))
        git(fleet, "add", "-A")
        _age(fleet)
        assert same(fleet, staged), done


def test_a_verdict_is_taken_from_the_cache(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str | None, str]] = []
    run = Remembering._run

    def noted(self: Remembering, subject: Subject, rule: Rule) -> Iterator[Hit]:
        ran.append((subject.path, rule.id))
        return run(self, subject, rule)

    first = judged(fleet, open_cache(str(fleet)), staged=True)
    monkeypatch.setattr(Remembering, "_run", noted)
    assert judged(fleet, open_cache(str(fleet)), staged=True).findings == first.findings
    assert ran == []
    dockerfile = fleet / "containers/agents/shell/Dockerfile"
    dockerfile.write_bytes(dockerfile.read_bytes() + b"# a remark\n")
    git(fleet, "add", "-A")
    judged(fleet, open_cache(str(fleet)), staged=True)
    assert {path for path, _ in ran} == {"containers/agents/shell/Dockerfile"}
    # Of the unit's rules some read the Dockerfile itself; the others look at labels.
    of_dockerfiles = {rule.id for rule in KEPT if rule.per_dockerfile}
    assert {id for _, id in ran} == {*of_dockerfiles, "HYG006", "LBL006", "LBL009"}


def test_a_run_of_some_rules_keeps_what_others_found(
    fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    called = Remembering._run

    def counted(self: Remembering, subject: Subject, rule: Rule) -> Iterator[Hit]:
        calls.append(rule.id)
        return called(self, subject, rule)

    monkeypatch.setattr(Remembering, "_run", counted)

    def run(*chosen: str) -> set[str]:
        calls.clear()
        cache = open_cache(str(fleet))
        with open_snapshot(fleet, staged=True) as snapshot:
            check(snapshot, configuration.load(snapshot), cache=cache, chosen=chosen)
        cache.save()
        return set(calls)

    assert run("LBL004") == {"LBL004"}
    assert run("LBL005", "LBL006") == {"LBL005", "LBL006"}
    assert run("LBL004", "LBL006") == set()
    assert run("PRV001", "FIX010") == {"PRV001", "FIX010"}
    assert run("PRV002", "PRV001", "FIX010") == {"PRV002"}
    assert run("PRV001", "PRV002") == set()


def test_a_file_written_twice_within_its_clock_is_read_again(fleet: Path) -> None:
    path = fleet / "containers/benchmarks/arithmetic/README.md"
    path.write_text("[gone](a.md)\n")
    before = judged(fleet, open_cache(str(fleet)), staged=False)
    times = path.stat()
    path.write_text("[gone](b.md)\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = judged(fleet, open_cache(str(fleet)), staged=False)
    assert {f.message for f in after.findings} != {f.message for f in before.findings}
    assert same(fleet, staged=False)


def test_a_stamp_is_trusted_once_the_clock_has_gone_on(
    fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_snapshot(fleet) as snapshot:
        path = "containers/benchmarks/arithmetic/README.md"
        assert snapshot.stamp(path) is None
        now = time.time_ns() + 10 * RACY_SECONDS * 10**9
        monkeypatch.setattr(time, "time_ns", lambda: now)
        assert snapshot.stamp(path) is not None
        assert snapshot.stamp("containers/benchmarks") is None


def _lines(root: Path, *rules: str) -> list[tuple[str, int]]:
    """What a run with what is kept finds, staged; it must be what a fresh one does."""
    git(root, "add", "-A")
    _age(root)
    assert same(root, staged=True)
    report = judged(root, open_cache(str(root)), staged=True)
    return [(f.path, f.span.line) for f in report.findings if f.rule in rules]


def test_labels_that_move_or_change_are_seen(fleet: Path) -> None:
    dockerfile = fleet / "containers/benchmarks/arithmetic/Dockerfile"
    text = dockerfile.read_text()
    assert 'released="true"' in text
    assert not _lines(fleet, "REL001", "REL002")
    dockerfile.write_text(text.replace('released="true"', 'released="soon"'))
    [(_, line)] = _lines(fleet, "REL002")
    dockerfile.write_text("# above\n" + dockerfile.read_text())
    assert _lines(fleet, "REL002") == [(f"{dockerfile.relative_to(fleet)}", line + 1)]


def test_what_settled_facts_read_is_seen(fleet: Path) -> None:
    provenance = fleet / "tests/run/replay/fixtures/provenance.json"
    text = provenance.read_text()
    assert not _lines(fleet, "PRV001", "PRV002")
    provenance.write_text("{}\n")
    assert _lines(fleet, "PRV001", "PRV002")
    provenance.write_text(text)
    assert not _lines(fleet, "PRV001", "PRV002")


def test_what_is_known_by_its_id_alone_is_seen(fleet: Path) -> None:
    """Links are kept by a document's content: then nothing reads the document again."""
    readme = fleet / "containers/benchmarks/arithmetic/README.md"
    text = readme.read_text()
    assert not _lines(fleet, "STR005")
    (fleet / "README.md").write_text("other\n")
    _lines(fleet, "STR005")
    readme.write_text(text + "\n[gone](nowhere.md)\n")
    assert len(_lines(fleet, "STR005")) == 1


def _spoil(root: Path) -> None:
    """Puts in, for one reader after the other, what it cannot read or understand."""
    arithmetic = root / "containers/benchmarks/arithmetic"
    large = b"# more\n" * (5 << 17)
    (arithmetic / "notes.sh").write_bytes(large)
    with (arithmetic / "Dockerfile").open("a") as file:
        file.write('ARG WHO\nLABEL eval.benchmark.data_revision="$WHO"\n')
    (root / "docker-bake.hcl").write_bytes(large)
    (root / "Makefile").write_bytes(large)
    (root / "compose.yaml").write_text("services:\n  a:\n    image: [\n")
    (root / ".github/workflows").mkdir(parents=True)
    (root / ".github/workflows/odd.yml").write_text("jobs: [\n")
    (root / ".pre-commit-config.yaml").write_text("repos: [\n")
    (root / ".gitattributes").symlink_to("nowhere")
    (root / "README.md").write_bytes(b"[x](y.md)\n" * (5 << 18))
    (root / "tests/run/replay/fixtures/arithmetic-7-shell.traces.jsonl").symlink_to("nowhere")
    git(root, "add", "-A")
    _age(root)


@pytest.mark.parametrize("staged", [False, True])
def test_what_could_not_be_read_is_reported_whoever_asked_first(fleet: Path, staged: bool) -> None:
    _spoil(fleet)
    assert same(fleet, staged)
    assert same(fleet, staged)
    assert len(judged(fleet, Cache(None), staged).problems) > 6
    for rule in KEPT:
        kept = _problems(fleet, open_cache(str(fleet)), staged, rule)
        assert kept == _problems(fleet, Cache(None), staged, rule), rule.id


def _problems(root: Path, cache: Cache, staged: bool, rule: Rule) -> Sequence[FileProblem]:
    with open_snapshot(root, staged=staged) as snapshot:
        return check(snapshot, configuration.load(snapshot), cache=cache, chosen=[rule.id]).problems


def test_what_a_rule_rests_on_does_not_depend_on_who_asked_first(fleet: Path) -> None:
    """Each rule on the fleet, behind all others and alone: the same looks, the same problems."""
    _spoil(fleet)
    rules = [rule for rule in KEPT if not (rule.per_unit or rule.per_dockerfile)]
    with open_snapshot(fleet) as snapshot:
        together = _verdicts(snapshot, [*rules, *reversed(rules)])
        for rule in rules:
            assert _verdicts(snapshot, [rule]) == {rule.id: together[rule.id]}, rule.id
    assert sum(bool(verdict.problems) for verdict in together.values()) > 10


def _verdicts(snapshot: Snapshot, rules: list[Rule]) -> dict[str, RuleResult]:
    """The last verdict of each rule: all of one set of facts."""
    facts = Facts(snapshot, configuration.load(snapshot), Cache(None))
    remembering = Remembering(facts, [])
    found = {rule.id: remembering.verdict(rule)[0] for rule in rules}
    return {id: verdict for id, verdict in found.items() if verdict is not None}
