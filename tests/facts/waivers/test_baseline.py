"""The baseline: what it hides, what it asks for, and how branches that change it merge."""

from __future__ import annotations

import json
import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fleets import BENCHMARK, COMPOSE, FLEET, found, git, judge, repository, write

from evalpolicy.__main__ import main
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.errors import UsageError
from evalpolicy.facts.waivers import baseline
from evalpolicy.facts.waivers.baseline import BASELINE_FILE, Baseline, BaselineRow
from evalpolicy.policy.rule import Finding

DOCKERFILE = "containers/benchmarks/{}/Dockerfile"
# Four labels are missing from it, and one is there twice, two times over.
POOR = """\
FROM python:3.12-slim
LABEL eval.type="benchmark" eval.benchmark.name="{0}" eval.benchmark.tasks="1"
LABEL eval.benchmark.tasks="2"
LABEL eval.benchmark.tasks="3"
"""
EMPTY = '{"version": 1, "rules": "0", "findings": []}'


def poor(*names):
    files = {DOCKERFILE.format(name): POOR.format(name) for name in names}
    for name in names:
        folder = DOCKERFILE.format(name).rpartition("/")[0]
        files[f"{folder}/README.md"] = f"# {name}\n"
        files[f"{folder}/compose.yaml"] = COMPOSE.replace("MARK: arc", f"MARK: {name}")
    return files


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    root = repository(tmp_path / "fleet", {**FLEET, **poor("a", "b", "c")})
    monkeypatch.chdir(root)
    monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(tmp_path / "cache"))
    return root


def rows(root):
    return json.loads((root / BASELINE_FILE).read_bytes())["findings"][:-1]


class TestLiving:
    def test_what_is_written_is_known_and_what_is_new_is_not(self, fleet, capfd):
        assert main(["check", "-q"]) == 1
        assert main(["baseline", "write"]) == 0
        assert main(["check", "--fail-on", "note"]) == 0
        assert "18 in the baseline" in " ".join(capfd.readouterr().out.split())
        write(fleet, poor("new"))
        assert main(["check", "-q"]) == 1
        out = capfd.readouterr().out
        assert "benchmarks/new/Dockerfile" in out
        assert "benchmarks/a/Dockerfile" not in out

    def test_a_mended_finding_asks_for_prune_and_prune_mends_it(self, fleet, capfd):
        main(["baseline", "write"])
        before = rows(fleet)
        write(fleet, {DOCKERFILE.format("a"): BENCHMARK.replace('"arc"', '"a"')})
        assert main(["check", "--fail-on", "warning"]) == 1
        said = capfd.readouterr().out
        assert "6 of 18 baseline entries no longer match" in said
        assert "evalpolicy baseline prune" in said
        assert "5:1" in said
        assert main(["baseline", "prune"]) == 0
        assert main(["check", "--fail-on", "note"]) == 0
        assert rows(fleet) == [row for row in before if "/a/" not in row["path"]]
        content = (fleet / BASELINE_FILE).read_bytes()
        assert main(["baseline", "prune"]) == 0
        assert (fleet / BASELINE_FILE).read_bytes() == content

    def test_prune_takes_nothing_in(self, fleet):
        main(["baseline", "write"])
        before = rows(fleet)
        write(fleet, poor("new"))
        assert main(["baseline", "prune"]) == 0
        assert rows(fleet) == before

    def test_one_row_may_stand_for_several_findings(self, fleet, capfd):
        main(["baseline", "write"])
        repeated = [row for row in rows(fleet) if row["rule"] == "LBL006"]
        assert [row["count"] for row in repeated] == [2, 2, 2]
        text = POOR.format("a") + 'LABEL eval.benchmark.tasks="4"\n'
        write(fleet, {DOCKERFILE.format("a"): text})
        assert main(["check", "-q", "--fail-on", "warning"]) == 1
        assert capfd.readouterr().out.count("LBL006") == 1
        write(
            fleet,
            {
                DOCKERFILE.format("a"): POOR.format("a").replace(
                    'LABEL eval.benchmark.tasks="2"\n', ""
                )
            },
        )
        assert main(["check", "-q", "--fail-on", "warning"]) == 1
        assert "1 of 18 baseline entries no longer matches" in capfd.readouterr().out
        main(["baseline", "prune"])
        assert "count" not in next(r for r in rows(fleet) if r["rule"] == "LBL006")

    def test_lines_may_move(self, fleet):
        main(["baseline", "write"])
        write(fleet, {DOCKERFILE.format("a"): "# a\n\n# b\n" + POOR.format("a")})
        assert main(["check", "--fail-on", "note"]) == 0

    def test_only_what_ran_and_is_reported_can_be_stale(self, fleet, capfd):
        main(["baseline", "write"])
        write(fleet, {DOCKERFILE.format("a"): BENCHMARK.replace('"arc"', '"a"')})
        for arguments in (["--select", "REL,EVP"], ["containers/benchmarks/b"]):
            assert main(["check", "-q", "--fail-on", "note", *arguments]) == 0, arguments
        assert main(["check", "-q", "--fail-on", "note", "containers/benchmarks/a"]) == 1
        assert main(["check", "-q", "--fail-on", "note", "--select", "EVP004"]) == 1
        said = capfd.readouterr().out.splitlines()[1:]
        assert len(said) == 2
        assert all("EVP004 baseline-stale: 6 of 18 baseline" in line for line in said)

    def test_a_rule_that_is_no_more_is_stale(self, fleet, capfd):
        row = '{"rule": "LBL999", "path": "x"}'
        write(fleet, {BASELINE_FILE: EMPTY.replace("[]", f"[{row}]")})
        main(["check", "-q", "--select", "EVP004"])
        assert "there is no rule LBL999" in capfd.readouterr().out

    def test_what_could_not_be_checked_is_neither_stale_nor_pruned(self, fleet, capfd):
        main(["baseline", "write"])
        content = (fleet / BASELINE_FILE).read_bytes()
        write(fleet, {DOCKERFILE.format("a"): b"\xff"})
        assert main(["check", "-q"]) == 3
        assert "EVP004" not in capfd.readouterr().out
        assert main(["baseline", "prune"]) == 3
        assert "a/Dockerfile:1: not checked: is not UTF-8" in capfd.readouterr().err
        assert (fleet / BASELINE_FILE).read_bytes() == content
        write(fleet, {DOCKERFILE.format("b"): BENCHMARK.replace('"arc"', '"b"')})
        assert main(["baseline", "prune"]) == 3
        assert {row["path"] for row in rows(fleet)} == {DOCKERFILE.format(x) for x in "ac"}
        assert main(["baseline", "write"]) == 3
        assert {row["path"] for row in rows(fleet)} == {DOCKERFILE.format("c")}
        assert main(["check", "-q"]) == 3

    def test_a_commit_is_judged_by_its_own(self, fleet):
        main(["baseline", "write"])
        assert main(["check", "--rev", "HEAD", "-q"]) == 1
        assert main(["check", "--staged", "-q"]) == 1
        git(fleet, "add", "-A")
        assert main(["check", "--staged", "--fail-on", "note"]) == 0
        git(fleet, "commit", "-qm", "baseline")
        (fleet / BASELINE_FILE).unlink()
        assert main(["check", "--rev", "HEAD", "--fail-on", "note"]) == 0

    def test_findings_about_exceptions_are_never_taken_in(self, fleet, capfd):
        path = DOCKERFILE.format("a")
        write(fleet, {path: POOR.format("a") + "# evalpolicy: ignore[REL001] so\n"})
        main(["baseline", "write"])
        assert "EVP001" not in {row["rule"] for row in rows(fleet)}
        assert main(["check", "-q", "--fail-on", "warning"]) == 1
        assert "EVP001" in capfd.readouterr().out

    def test_another_file(self, fleet, tmp_path, capfd):
        file = str(tmp_path / "known.json")
        assert main(["baseline", "write", "--baseline", file]) == 0
        assert main(["check", "--baseline", file, "--fail-on", "note"]) == 0
        assert main(["check", "-q"]) == 1
        capfd.readouterr()
        assert main(["baseline", "show", "--baseline", file]) == 0
        shown = capfd.readouterr().out
        assert "LBL006 containers/benchmarks/a/Dockerfile a eval.benchmark.tasks (2 times)" in shown
        assert "findings, by rule set" in shown

    def test_the_fixes_are_not_applied_to_what_is_known(self, fleet):
        main(["baseline", "write"])
        main(["check", "--fix", "--unsafe-fixes"])
        assert git(fleet, "diff", "--stat") == ""

    def test_bytes_that_are_no_utf8_come_back(self, tmp_path):
        row = BaselineRow("LBL001", "a\udcff/Dockerfile", 'x"\n', "é")
        content = baseline.render(Baseline({row: 3}))
        assert baseline.parse(content, "b").rows == {row: 3}
        assert content == baseline.render(baseline.parse(content, "b"))


def test_a_fingerprint_does_not_run_its_parts_together():
    parts = [
        ("L", "p", "ab", "c"),
        ("L", "p", "a", "bc"),
        ("L", "pa", "b", "c"),
        ("Lp", "", "", ""),
    ]
    findings = [
        Finding(rule, "n", "error", path, Span.at(1), "m", "", subject, about)
        for rule, path, subject, about in parts
    ]
    assert len({finding.fingerprint for finding in findings}) == len(parts)


class TestMerging:
    """Real git, with the strategy that it uses by itself and with the older one."""

    @pytest.mark.parametrize("strategy", ["ort", "recursive"])
    @pytest.mark.parametrize("seed", range(12))
    def test_two_branches_that_each_prune_merge(self, tmp_path, seed, strategy):
        chance = random.Random(seed)
        number = chance.choice([2, 3, 10, 200])
        every = {
            BaselineRow(f"LBL{chance.randint(1, 12):03}", f"benchmarks/{n}/Dockerfile", str(n)): 1
            for n in range(number)
        }
        whole = baseline.render(Baseline(every))
        root = repository(tmp_path, {BASELINE_FILE: whole})
        left = []
        for branch in ("one", "other"):
            if seed % 2:
                kept = {row: 1 for row in every if chance.random() < 0.5}
            else:
                start = chance.randrange(number)
                rows = sorted(every)
                kept = dict.fromkeys(rows[:start] + rows[chance.randrange(start, number) + 1 :], 1)
            left.append(kept)
            git(root, "checkout", "-q", "-b", branch, "main")
            write(root, {BASELINE_FILE: baseline.pruned(whole, Baseline(every), kept)})
            git(root, "commit", "-q", "--allow-empty", "-am", branch)
        git(root, "merge", "-q", "-s", strategy, "--no-edit", "one")
        merged = (root / BASELINE_FILE).read_bytes()
        assert dict(baseline.parse(merged, "b").rows) == {
            row: 1 for row in every if all(row in kept for kept in left)
        }
        again = baseline.pruned(merged, baseline.parse(merged, "b"), every)
        assert again == merged

    def test_neighbours_the_last_and_a_count(self, tmp_path):
        every = {BaselineRow("LBL001", str(n)): 3 for n in range(4)}
        whole = baseline.render(Baseline(every))
        root = repository(tmp_path, {BASELINE_FILE: whole})
        for branch, gone in (("one", (1, 3)), ("other", (2,))):
            git(root, "checkout", "-q", "-b", branch, "main")
            kept = {row: 2 if row.path == "0" else 3 for row in every if int(row.path) not in gone}
            write(root, {BASELINE_FILE: baseline.pruned(whole, Baseline(every), kept)})
            git(root, "commit", "-q", "-am", branch)
        git(root, "merge", "-q", "--no-edit", "one")
        merged = baseline.parse((root / BASELINE_FILE).read_bytes(), "b")
        assert dict(merged.rows) == {BaselineRow("LBL001", "0"): 2}


class TestARowThatStandsTwice:
    """As two branches that each took it in leave it: it counts once, at its larger count."""

    ROW, OTHER = BaselineRow("LBL001", "a"), BaselineRow("LBL002", "b")

    def file(self, *counts):
        """Each count is a row of its own; the other row stands between them."""
        lines = [f'{{"rule": "LBL001", "path": "a", "count": {n}}},' for n in counts]
        lines.insert(1, '{"rule": "LBL002", "path": "b"},')
        return "\n".join(['{"version": 1, "rules": "0", "findings": [', *lines, "null]}"]).encode()

    @pytest.mark.parametrize("counts", [(2, 2), (1, 3), (3, 1), (1, 1, 1)])
    def test_load_takes_the_larger_count_and_the_first_line(self, counts):
        read = baseline.parse(self.file(*counts), "b")
        assert dict(read.rows) == {self.ROW: max(counts), self.OTHER: 1}
        assert dict(read.lines) == {self.ROW: 2, self.OTHER: 3}

    def test_prune_leaves_it_once_in_its_first_place(self):
        content = self.file(2, 2)
        kept = baseline.pruned(content, baseline.parse(content, "b"), {self.ROW: 2})
        assert kept == content.replace(b'{"rule": "LBL002", "path": "b"},\n', b"").replace(
            b'{"rule": "LBL001", "path": "a", "count": 2},\nnull', b"null"
        )
        fewer = baseline.pruned(content, baseline.parse(content, "b"), {self.ROW: 1, self.OTHER: 1})
        assert fewer.count(b"LBL001") == 1
        assert dict(baseline.parse(fewer, "b").rows) == {self.ROW: 1, self.OTHER: 1}

    def test_it_hides_no_finding_more_than_it_says(self, tmp_path):
        label, place = "eval.benchmark.tasks", DOCKERFILE.format("a")
        row = {"rule": "LBL006", "path": place, "subject": "a", "about": label, "count": 1}
        text = {"version": 1, "rules": "0", "findings": [row, row]}
        files = {**poor("a"), BASELINE_FILE: json.dumps(text)}
        report = judge(repository(tmp_path, files), "LBL006")
        assert found(report) == [("LBL006", place, 3)]
        assert report.baselined == 1


class TestBadInput:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", ":1: not JSON"),
            (b'{\n"version": 1,\n', ":3: not JSON"),
            (b"<<<<<<< HEAD\n", ":1: not JSON"),
            (b'{"version": 1,\n"\xff"}', ":2: not UTF-8"),
            (b"[]", "it must contain exactly version, rules, findings"),
            (b"null", "it must contain exactly"),
            (EMPTY.replace("1", "2"), "version 2, but this tool reads version 1"),
            (EMPTY.replace("1", "true"), "version True"),
            (EMPTY.replace('"0"', "0"), "rules must be a string"),
            (EMPTY.replace("[]", "{}"), "findings a list"),
            (EMPTY.replace("[]", "[1]"), "row 1: not a finding"),
            (EMPTY.replace("[]", '[null, {"rule": "A", "path": "b"}]'), "row 1: not a finding"),
            (EMPTY.replace("[]", '[{"rule": "A"}]'), "must contain rule and path"),
            (EMPTY.replace("[]", '[{"rule": "A", "path": 1}]'), "must be strings"),
            (EMPTY.replace("[]", '[{"rule": "A", "path": "b", "line": 1}]'), "unknown key 'line'"),
            (EMPTY.replace("[]", '[{"rule": "A", "path": "b", "count": 0}]'), "whole number"),
            (EMPTY.replace("[]", '[{"rule": "A", "path": "b", "count": true}]'), "count must be"),
            ("[" * 100_000, "not"),
        ],
    )
    def test_it_is_refused_with_its_place(self, fleet, capfd, content, said):
        write(fleet, {BASELINE_FILE: content})
        for command in (["check"], ["baseline", "show"], ["baseline", "prune"]):
            assert main(command) == 2
            error = capfd.readouterr().err
            assert said in error
            assert BASELINE_FILE in error

    @pytest.mark.parametrize("command", [["check"], ["baseline", "show"], ["baseline", "prune"]])
    def test_no_such_file_and_a_folder(self, fleet, capfd, command):
        assert main([*command, "--baseline", "none.json"]) == 2
        assert "does not exist: run `evalpolicy baseline write`" in capfd.readouterr().err
        assert main([*command, "--baseline", "containers"]) == 2
        assert "is a folder: name a baseline file" in capfd.readouterr().err

    def test_the_default_one_is_a_folder(self, fleet, capfd):
        write(fleet, {f"{BASELINE_FILE}/x": ""})
        assert main(["check"]) == 2
        assert "a folder, not a baseline" in capfd.readouterr().err
        assert main(["baseline", "write"]) == 3
        assert "not a regular file" in capfd.readouterr().err

    def test_it_cannot_be_written(self, fleet, capfd):
        os.symlink("/dev/null", fleet / BASELINE_FILE)
        assert main(["baseline", "write", "--baseline", BASELINE_FILE]) == 3
        assert main(["baseline", "write", "--baseline", "none/b.json"]) == 3
        assert "cannot write none/b.json" in capfd.readouterr().err
        assert os.readlink(fleet / BASELINE_FILE) == "/dev/null"

    @given(st.binary(max_size=200))
    def test_any_bytes(self, content):
        try:
            baseline.parse(content, "b")
        except UsageError as error:
            assert str(error).startswith("b:")  # noqa: PT017  # one of many errors

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["version", "rules", "findings", "rule", "path", "count", "about"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        )
    )
    def test_any_json(self, value):
        for document in (value, {"version": 1, "rules": "0", "findings": value}):
            try:
                read = baseline.parse(json.dumps(document).encode(), "b")
            except UsageError:
                continue
            assert baseline.parse(baseline.render(read), "b").rows == read.rows

    @given(
        st.dictionaries(
            st.builds(BaselineRow, st.text(max_size=4), st.text(max_size=4), st.text(max_size=4)),
            st.integers(1, 4),
            max_size=6,
        ),
        st.data(),
    )
    def test_prune_leaves_what_occurs(self, every, data):
        whole = baseline.render(Baseline(every))
        occurs = {row: data.draw(st.integers(0, 5)) for row in every}
        left = baseline.parse(baseline.pruned(whole, Baseline(every), occurs), "b").rows
        assert left == {row: min(every[row], n) for row, n in occurs.items() if n}
        spread = json.dumps(json.loads(whole), indent=1).encode()
        assert baseline.parse(baseline.pruned(spread, Baseline(every), occurs), "b").rows == left


def test_a_report_without_a_baseline_has_none(tmp_path):
    report = judge(repository(tmp_path, poor("a")), "LBL006")
    assert report.baselined == 0
    assert len(found(report)) == 2
