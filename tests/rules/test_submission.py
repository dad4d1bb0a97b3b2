"""SUB, case by case: references, sign-offs, documents, fixtures, gates, exemptions."""

from __future__ import annotations

import pytest
from tests.fleets import found, git, write
from tests.submissions import FIXTURES, MESSAGE, SIGNED, commit, judge, start, submission

from evalpolicy.snapshot.submission.asked import SubmissionOptions
from evalpolicy.snapshot.submission.event import Event

FLEET = {
    "containers/benchmarks/arc/Dockerfile": (
        'FROM python:3.12-slim\nLABEL eval.type="benchmark" eval.benchmark.released="true"\n'
        "COPY *.sh /\n"
    ),
    "containers/agents/codex/Dockerfile": 'FROM node:22-slim\nLABEL eval.type="agent"\n',
    f"{FIXTURES}/arc-0-codex.traces.jsonl": "{}\n",
}


def by_message(root, text, *select):
    """What a commit-msg hook is told of a message."""
    if not (root / ".git").exists():
        start(root)
    file = root / ".git/COMMIT_EDITMSG"
    file.write_text(text)
    return judge(root, *select, asked=SubmissionOptions(message=str(file)))


def pull_request(root, body, **fields):
    head, base = (git(root, "rev-parse", name).strip() for name in ("work", "main"))
    fields = {"title": "Change something", "number": 7, **fields}
    return SubmissionOptions(event=Event("pull_request", head, base, body=body, **fields))


class TestIssueReference:
    @pytest.mark.parametrize(
        "text",
        [
            "Fixes #12",
            "closes: #12.",
            "see (#12)",
            "#12, #13",
            "x\n\n* fix that (#12)",
            "owner/name#12",
            "GH-12",
            "fixes gh-12",
            "https://github.com/owner/name/issues/12",
            "https://git.example.org/owner/name/issues/12#issuecomment-1",
            "**#12**",
            "Refs:#12",
            "`code` and #12",
            "a\n```\n#1\n```\n#12",
            "(#12) (#13)",
        ],
    )
    def test_named(self, tmp_path, text):
        assert found(by_message(tmp_path, f"Subject\n\n{text}\n", "SUB001")) == []

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "fixes 12",
            "#0",
            "#x12",
            "a#12",
            "&#12;",
            "https://github.com/owner/name/pull/12",
            "https://example.org/page#12",
            "XGH-12",
            "<!-- Fixes #12 -->",
            "<!--\nFixes\n#12\n-->",
            "`#12`",
            "```\nFixes #12\n```",
            "~~~~\nFixes #12\n",
            "#12345678901",
        ],
    )
    def test_not_named(self, tmp_path, text):
        report = by_message(tmp_path, f"Subject (#7)\n\n{text}\n", "SUB001")
        assert found(report) == [("SUB001", ".git/COMMIT_EDITMSG", 1)]

    def test_the_finding_stands_on_the_subject(self, tmp_path):
        report = by_message(tmp_path, "\n\nSubject\n\n# On branch fix/#12\n#\n", "SUB001")
        assert found(report) == [("SUB001", ".git/COMMIT_EDITMSG", 3)]

    @pytest.mark.parametrize("subject", ["Merge branch 'x'", "fixup! x", "squash! x", "amend! x"])
    def test_messages_that_git_writes_are_exempt(self, tmp_path, subject):
        assert found(by_message(tmp_path, f"{subject}\n", "SUB001")) == []

    def test_one_commit_of_several_is_enough(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"}, message="no\n")
        [finding] = judge(tmp_path, "SUB001").findings
        assert finding.path == "a"
        assert git(tmp_path, "rev-parse", "work")[:12] in finding.message
        commit(tmp_path, {"a": "3\n"}, "x\n\nFixes #1\n")
        assert found(judge(tmp_path, "SUB001")) == []

    def test_a_pull_requests_text_counts_and_not_its_commits(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"})
        report = judge(tmp_path, "SUB001", asked=pull_request(tmp_path, "<!-- Fixes #1 -->"))
        assert found(report) == [("SUB001", "a", 1)]
        assert "#7" in report.findings[0].message
        for body in ("Fixes #12", "x\r\n\r\nfixes #12\r\n"):
            assert found(judge(tmp_path, "SUB001", asked=pull_request(tmp_path, body))) == []

    def test_its_own_number_is_no_issue(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"})
        assert found(judge(tmp_path, "SUB001", asked=pull_request(tmp_path, "this is #7")))
        assert not found(judge(tmp_path, "SUB001", asked=pull_request(tmp_path, "see #77")))

    @pytest.mark.parametrize(
        "fields",
        [{"labels": ("Skip-Issue",)}, {"bot": True}, {"login": "dependabot[bot]"}],
    )
    def test_exempt_pull_requests(self, tmp_path, fields):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"})
        assert found(judge(tmp_path, "SUB001", asked=pull_request(tmp_path, "", **fields))) == []

    def test_commits_of_bots_and_merges_are_not_judged(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "1\n"}, upstream={"a": "1\n", "m": "1\n"})
        git(tmp_path, "reset", "-q", "--hard", "main~1")
        commit(tmp_path, {"a": "2\n"}, "bump\n")
        git(tmp_path, "commit", "-q", "--amend", "--no-edit", "--author=dependabot[bot] <d@x>")
        git(tmp_path, "merge", "-q", "--no-edit", "main")
        assert found(judge(tmp_path, "SUB001", "SUB004")) == []

    def test_another_form(self, tmp_path):
        config = {"evalpolicy.toml": '[submission]\nissue_references = ["\\\\bEVAL-[0-9]+"]\n'}
        start(tmp_path)
        write(tmp_path, config)
        assert found(by_message(tmp_path, "EVAL-12: x\n", "SUB001")) == []
        assert found(by_message(tmp_path, "x\n\nFixes #12\n", "SUB001"))


class TestSignOff:
    @pytest.mark.parametrize(
        "line",
        [
            SIGNED,
            "signed-off-by: Test <test@example.org>  ",
            "Signed-off-by: Another Name <TEST@example.org>",
            "Signed-off-by: Test <new@example.org>",
            f"Signed-off-by: X <x@example.org>\n{SIGNED}",
        ],
    )
    def test_signed(self, tmp_path, line):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"}, message=f"x\n\n{line}\n")
        assert found(judge(tmp_path, "SUB004")) == []
        assert found(by_message(tmp_path, f"x\n\n{line}\n", "SUB004")) == []

    @pytest.mark.parametrize(
        "line",
        [
            "",
            "Signed-off-by: Test",
            "Signed-off-by: Test <nobody>",
            "Signed-off-by: X <x@example.org>",
            "Reviewed-by: Test <test@example.org>",
            "not Signed-off-by: Test <test@example.org>",
        ],
    )
    def test_not_signed(self, tmp_path, line):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"}, message=f"x\n\n{line}\n")
        assert found(judge(tmp_path, "SUB004")) == [("SUB004", "a", 1)]
        report = by_message(tmp_path, f"x\n\n{line}\n", "SUB004")
        assert found(report) == [("SUB004", ".git/COMMIT_EDITMSG", 1)]

    def test_each_commit_is_named(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"}, message="one\n")
        commit(tmp_path, {"a": "3\n"}, "two\n")
        messages = [finding.message for finding in judge(tmp_path, "SUB004").findings]
        assert len(messages) == 2
        assert any("'two'" in message for message in messages)

    def test_anyones(self, tmp_path):
        start(tmp_path)
        write(tmp_path, {"evalpolicy.toml": '[submission]\nsign_off = "anyone"\n'})
        text = "x\n\nSigned-off-by: X <x@example.org>\n"
        assert found(by_message(tmp_path, text, "SUB004")) == []

    def test_a_merge_where_configured(self, tmp_path):
        start(tmp_path)
        assert found(by_message(tmp_path, "Merge branch 'x'\n", "SUB004")) == []
        write(tmp_path, {"evalpolicy.toml": "[submission]\nmerge_commits = true\n"})
        assert found(by_message(tmp_path, "Merge branch 'x'\n", "SUB004"))


RULES = """\
# Tests

**Status:** Active

1. **Offline.** Tests MUST run offline.

2. **Fast.** Tests MUST be fast.

2a. **Small.** Tests MUST be small.

## Changelog

| Date | Change |
|------|--------|
| 2026-04-13 | Initial version |
"""
ROW = "| 2026-06-15 | more |\n"


class TestDocuments:
    def judged(self, tmp_path, after, *select, before=RULES, **more):
        files = {"tests/RULES.md": after} if after is not None else {"x": ""}
        submission(tmp_path, {"tests/RULES.md": before}, {**files, **more})
        return judge(tmp_path, *select)

    def test_with_documentation_alone(self, tmp_path):
        report = self.judged(tmp_path, RULES + ROW, "SUB002", **{"docs/x.md": "", "README.md": ""})
        assert found(report) == []

    def test_the_finding_stands_on_the_first_difference(self, tmp_path):
        after = RULES.replace("be fast", "be quick")
        assert found(self.judged(tmp_path, after, "SUB002", **{"x.py": ""})) == [
            ("SUB002", "tests/RULES.md", 7)
        ]

    @pytest.mark.parametrize(("path", "fires"), [("cli/x.rs", False), ("tests/x.rs", True)])
    def test_only_what_it_governs(self, tmp_path, path, fires):
        config = '[submission.governs]\n"tests/**" = ["tests/**"]\n'
        submission(
            tmp_path,
            {"tests/RULES.md": RULES, "evalpolicy.toml": config},
            {"tests/RULES.md": RULES + ROW, "evalpolicy.toml": config, path: ""},
        )
        assert bool(found(judge(tmp_path, "SUB002"))) == fires

    @pytest.mark.parametrize("select", ["SUB002", "SUB003", "SUB009"])
    def test_a_move_is_no_change(self, tmp_path, select):
        submission(tmp_path, {"tests/RULES.md": RULES}, {"new/RULES.md": RULES, "x.py": "new\n"})
        assert found(judge(tmp_path, select)) == []

    @pytest.mark.parametrize(
        "after",
        [
            RULES.replace("be fast", "be quick"),
            RULES.replace("Initial version", "The first version"),
            RULES.replace("be fast", "be quick") + "| June 2026 | more |\n",
            RULES.replace("be fast", "be quick") + "\n## Other\n\n| 2026-06-15 | no |\n",
            RULES.replace("be fast", "be quick") + f"<!--\n{ROW}-->\n",
            RULES.replace("be fast", "be quick") + f"```\n{ROW}```\n",
            RULES.partition("## Changelog")[0],
        ],
    )
    def test_no_new_row(self, tmp_path, after):
        assert [rule for rule, _, _ in found(self.judged(tmp_path, after, "SUB003"))] == ["SUB003"]

    @pytest.mark.parametrize(
        "row", [ROW, "- 2026-06-15: more\n", "### 2026-06-15\n", "| **2026-04-13** | two |\n"]
    )
    def test_a_new_row(self, tmp_path, row):
        after = RULES.replace("be fast", "be quick") + row
        assert found(self.judged(tmp_path, after, "SUB003")) == []

    def test_without_a_changelog_or_gone_or_turned_off(self, tmp_path):
        bare = RULES.partition("## Changelog")[0]
        assert not found(self.judged(tmp_path / "a", bare + "x\n", "SUB003", before=bare))
        assert not found(self.judged(tmp_path / "b", None, "SUB003"))
        config = {"evalpolicy.toml": "[submission]\nrules_changelog = false\n"}
        assert not found(self.judged(tmp_path / "c", RULES + "x\n", "SUB003", **config))

    def test_a_new_document_needs_a_row(self, tmp_path):
        report = self.judged(tmp_path, "x\n\n## Changelog\n", "SUB003", before="# Nothing\n")
        assert len(report.findings) == 1

    @pytest.mark.parametrize(
        ("after", "words"),
        [
            (
                RULES.replace("2a. **Small.** Tests MUST be small.\n", ""),
                ["2a (Small) was removed"],
            ),
            (RULES.replace("2. **Fast", "3. **Fast"), ["2 (Fast) is now 3"]),
            (
                RULES.replace("1. **Offline.** Tests MUST run offline.\n\n", "").replace(
                    "2. **Fast", "1. **Fast"
                ),
                ["1 (Offline) was removed", "2 (Fast) is now 1"],
            ),
            (
                RULES.replace("1. **Off", "9. **Off").replace("2. **F", "1. **F"),
                ["1 (Offline) is now 9", "2 (Fast) is now 1"],
            ),
            (None, ["3 numbered requirements"]),
        ],
    )
    def test_renumbered(self, tmp_path, after, words):
        messages = [f.message for f in self.judged(tmp_path, after, "SUB009").findings]
        assert len(messages) == len(words)
        for word in words:
            assert any(word in message for message in messages)

    @pytest.mark.parametrize(
        "after",
        [
            RULES.replace("**Fast.** Tests MUST be fast", "**Quick.** Tests MUST be quick"),
            RULES.replace("2a. **S", "2a. **Deprecated** (see 2). **S"),
            RULES.replace("2a.", "3. **New.** More.\n\n2a."),
            RULES.replace("1. **", "\n\n1. **"),
        ],
    )
    def test_not_renumbered(self, tmp_path, after):
        assert found(self.judged(tmp_path, after, "SUB009")) == []

    def test_a_draft_may(self, tmp_path):
        draft = RULES.replace("Active", "Draft")
        after = draft.replace("2. **Fast", "3. **Fast")
        assert found(self.judged(tmp_path, after, "SUB009", before=draft)) == []

    def test_lists_that_begin_anew_are_told_apart(self, tmp_path):
        two = RULES.replace("## Changelog", "## More\n\n1. **Other.** X.\n\n## Changelog")
        assert found(self.judged(tmp_path, two + ROW, "SUB009", before=two)) == []
        after = two.replace("1. **Other.**", "2. **Other.**")
        assert len(self.judged(tmp_path / "b", after, "SUB009", before=two).findings) == 1

    @pytest.mark.parametrize(
        ("after", "fires"),
        [("# C\n- x\n", True), ("# C\n## Unreleased\n- x\n", True), ("# C\n## v1.0\n", False)],
    )
    def test_changelog_out_of_release(self, tmp_path, after, fires):
        submission(tmp_path, {"CHANGELOG.md": "# C\n"}, {"CHANGELOG.md": after})
        assert bool(found(judge(tmp_path, "SUB010"))) == fires
        assert "SUB010" not in {rule.id for rule in judge(tmp_path, "SUB").rules}


ENTRY = '{"arc-0-codex": {"captured": "%s"}}'
NAME = f"{FIXTURES}/arc-0-codex.traces.jsonl"
PROVENANCE = f"{FIXTURES}/provenance.json"


class TestFixtures:
    def judged(self, tmp_path, before, after, *select, **how):
        submission(tmp_path, {"x": "x\n", **before}, {"x": "x\n", **after}, **how)
        return judge(tmp_path, *select)

    def test_added_with_its_entry_or_not(self, tmp_path):
        bad = self.judged(tmp_path / "a", {}, {NAME: "{}\n"}, "SUB005")
        assert found(bad) == [("SUB005", NAME, 1)]
        entry = {PROVENANCE: ENTRY % "2026-06-15"}
        assert not found(self.judged(tmp_path / "b", {}, {NAME: "{}\n", **entry}, "SUB005"))
        other = {PROVENANCE: '{"_arc-0-codex": {}, "other": {}}'}
        assert found(self.judged(tmp_path / "c", {}, {NAME: "{}\n", **other}, "SUB005"))

    def test_an_unreadable_provenance_file_is_a_problem(self, tmp_path):
        report = self.judged(tmp_path, {}, {NAME: "{}\n", PROVENANCE: "{"}, "SUB005")
        assert [problem.path for problem in report.problems] == [PROVENANCE]

    def test_a_rename_is_no_addition_and_no_deletion(self, tmp_path):
        moved = NAME.replace("codex", "claude")
        report = self.judged(
            tmp_path, {NAME: "{}\n"}, {moved: "{}\n"}, "SUB005", "SUB006", "SUB011"
        )
        assert found(report) == []

    def test_rewritten(self, tmp_path):
        assert found(self.judged(tmp_path, {NAME: "{}\n"}, {NAME: "[]\n"}, "SUB006")) == [
            ("SUB006", NAME, 1)
        ]

    def test_renamed_and_rewritten(self, tmp_path):
        long = "".join(f'{{"id": {n}}}\n' for n in range(50))
        moved = NAME.replace("codex", "claude")
        report = self.judged(tmp_path, {NAME: long}, {moved: long + "{}\n"}, "SUB006")
        assert found(report) == [("SUB006", moved, 1)]

    @pytest.mark.parametrize(
        ("then", "now", "fires"),
        [
            ("2026-06-15", "2026-06-17", False),
            ("2026-06-15", "2026-06-15", True),
            (None, "2026-06-17", False),
            ("2026-06-15", None, True),
        ],
    )
    def test_recorded_anew(self, tmp_path, then, now, fires):
        before = {NAME: "{}\n", **({PROVENANCE: ENTRY % then} if then else {})}
        after = {NAME: "[]\n", **({PROVENANCE: ENTRY % now} if now else {})}
        assert bool(found(self.judged(tmp_path, before, after, "SUB006"))) == fires

    @pytest.mark.parametrize(("reason", "fires"), [("a refusal", False), ("", True), (None, True)])
    def test_deleted(self, tmp_path, reason, fires):
        name = NAME.rpartition("/")[2]
        listed = f'{{"broken": [{{"fixture": "{name}", "reason": "{reason}"}}]}}'
        after = {f"{FIXTURES}/broken.json": listed} if reason is not None else {}
        report = self.judged(tmp_path, {NAME: "{}\n"}, after, "SUB011")
        assert found(report) == ([("SUB011", NAME, 1)] if fires else [])

    def test_replaced_by_the_other_format(self, tmp_path):
        other = NAME.replace(".traces.", ".trajectory.")
        long = "".join(f"{n} y\n" for n in range(99))
        assert not found(self.judged(tmp_path, {NAME: "{}\n"}, {other: long}, "SUB011"))

    @pytest.mark.parametrize("now", [None, "2026-06-17"])
    def test_replaced_by_its_stem_is_rewritten(self, tmp_path, now):
        other = NAME.replace(".traces.", ".trajectory.")
        after = {other: "".join(f"{n} y\n" for n in range(99))}
        after |= {PROVENANCE: ENTRY % now} if now else {}
        report = self.judged(tmp_path, {NAME: "{}\n"}, after, "SUB005", "SUB006", "SUB011")
        assert found(report) == ([] if now else [("SUB006", other, 1)])
        for finding in report.findings:
            assert f"(as {NAME})" in finding.message

    def test_another_stem_is_added_and_deleted(self, tmp_path):
        other = NAME.replace("arc-0", "arc-1")
        after = {other: "".join(f"{n} y\n" for n in range(99))}
        report = self.judged(tmp_path, {NAME: "{}\n"}, after, "SUB005", "SUB006", "SUB011")
        assert found(report) == [("SUB011", NAME, 1), ("SUB005", other, 1)]
        assert 'add it to tests/run/replay/fixtures/broken.json with its "reason"' in (
            report.findings[0].message
        )

    @pytest.mark.parametrize(
        ("path", "content", "fires"),
        [
            ("containers/benchmarks/arc/Dockerfile", None, True),
            ("containers/benchmarks/arc/run.sh", "x\n", True),
            ("containers/benchmarks/arc/docker-bake.hcl", 'target "arc" {}\n', True),
            ("containers/benchmarks/arc/README.md", "x\n", False),
            ("containers/benchmarks/arc/compose.yaml", "services: {}\n", False),
            ("containers/benchmarks/arc/not-copied.py", "x\n", False),
            ("containers/agents/codex/run.sh", "x\n", False),
            ("containers/benchmarks/arc-agi/run.sh", "x\n", False),
        ],
    )
    def test_the_benchmarks_build_inputs(self, tmp_path, path, content, fires):
        content = content or FLEET[path] + "RUN true\n"
        assert (
            bool(found(self.judged(tmp_path, FLEET, {**FLEET, path: content}, "SUB007"))) == fires
        )

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("LABEL eval.type", 'LABEL eval.benchmark.tasks="1"\nLABEL eval.type'),
            ("COPY", "# evalpolicy: ignore[PIN001] the registry has one\n\nCOPY"),
            ('released="true"', 'released="true" eval.benchmark.env="shared-env"'),
        ],
    )
    def test_words_that_no_run_sees(self, tmp_path, old, new):
        path = "containers/benchmarks/arc/Dockerfile"
        after = {**FLEET, path: FLEET[path].replace(old, new, 1)}
        assert after != FLEET
        assert found(self.judged(tmp_path, FLEET, after, "SUB007")) == []

    def test_a_folder_that_moves_is_the_same(self, tmp_path):
        after = {k.replace("containers/benchmarks", "benchmarks"): v for k, v in FLEET.items()}
        layout = {"evalpolicy.toml": '[layout]\nbenchmarks = ["**/benchmarks/*"]\n'}
        assert found(self.judged(tmp_path, FLEET | layout, after | layout, "SUB007")) == []
        path = "benchmarks/arc/Dockerfile"
        after[path] += "RUN true\n"
        report = self.judged(tmp_path / "b", FLEET | layout, after | layout, "SUB007")
        assert found(report) == [("SUB007", path, 2)]

    def test_not_released(self, tmp_path):
        fleet = {k: v.replace('released="true"', 'released="false"') for k, v in FLEET.items()}
        after = {**fleet, "containers/benchmarks/arc/run.sh": "x\n"}
        assert found(self.judged(tmp_path, fleet, after, "SUB007")) == []

    def test_a_fixture_that_comes_along_is_judged_without_a_release(self, tmp_path):
        fleet = {k: v.replace('released="true"', 'released="false"') for k, v in FLEET.items()}
        before = {k: v for k, v in fleet.items() if k != NAME}
        after = {**fleet, "containers/benchmarks/arc/run.sh": "x\n"}
        assert found(self.judged(tmp_path, before, after, "SUB007")) == [
            ("SUB007", "containers/benchmarks/arc/run.sh", 1)
        ]

    def test_recorded_together_and_nothing_says_when(self, tmp_path):
        after = {**FLEET, "containers/benchmarks/arc/run.sh": "x\n"}
        before = {k: v for k, v in FLEET.items() if k != NAME}
        [finding] = self.judged(tmp_path, before, after, "SUB007").findings
        assert "nothing shows" in finding.message

    @pytest.mark.parametrize("tree", ["0" * 40, "<git rev-parse HEAD:containers/benchmarks/arc>"])
    def test_recorded_together_against_a_named_tree(self, tmp_path, tree):
        after = {
            **FLEET,
            "containers/benchmarks/arc/run.sh": "x\n",
            PROVENANCE: f'{{"arc-0-codex": {{"benchmark_tree": "{tree}"}}}}',
        }
        before = {k: v for k, v in FLEET.items() if k != NAME}
        assert bool(found(self.judged(tmp_path, before, after, "SUB007"))) == (tree == "0" * 40)

    def test_the_base_changed_the_benchmark_meanwhile(self, tmp_path):
        before = {k: v for k, v in FLEET.items() if k != NAME}
        upstream = {**before, "containers/benchmarks/arc/run.sh": "x\n"}
        report = self.judged(tmp_path, before, FLEET, "SUB007", upstream=upstream)
        assert found(report) == [("SUB007", NAME, 1)]
        assert "changed on the base" in report.findings[0].message
        upstream = {**before, "containers/agents/codex/run.sh": "x\n"}
        assert not found(self.judged(tmp_path / "b", before, FLEET, "SUB007", upstream=upstream))


def hooks(*lines, id="lint", rev="v5.0.0", stages=""):
    extra = "".join(f"        {line}\n" for line in lines)
    repo = f"  - repo: https://example.org/hooks\n    rev: {rev}\n    hooks:\n"
    return f"repos:\n{repo}      - id: {id}\n{stages}{extra}"


CONFIG = ".pre-commit-config.yaml"
LARGE = "check-added-large-files"
WORKFLOW = ".github/workflows/ci.yml"
GITLEAKS = ".gitleaks.toml"
STEP = "on: push\njobs:\n  lint:\n    steps:\n      - run: make lint\n"


class TestGates:
    def judged(self, tmp_path, path, before, after, other="a.jsonl", content="x\n"):
        files = {path: before} if before is not None else {}
        now = {path: after} if after is not None else {}
        submission(tmp_path, {"x": "x\n", **files}, {"x": "x\n", **now, other: content})
        return judge(tmp_path, "SUB012")

    @pytest.mark.parametrize(
        ("path", "before", "after"),
        [
            (CONFIG, hooks(), hooks("exclude: '\\.jsonl$'")),
            (CONFIG, hooks("exclude: x$"), hooks("exclude: (x|l)$")),
            (CONFIG, hooks("exclude: '^b'"), hooks("exclude: |\n          (?x)^(\n          a # b\n          .*)$")),  # noqa: E501 - one row a case
            (CONFIG, hooks("exclude: '^b'"), hooks("exclude: '(?=a)'")),
            (CONFIG, hooks(), hooks("files: '\\.py$'")),
            (CONFIG, hooks(), f"exclude: l$\n{hooks()}"),
            (CONFIG, hooks(), hooks(id="other")),
            (CONFIG, hooks(), hooks(stages="        stages: [manual]\n")),
            (CONFIG, hooks(), hooks("args: [--ignore=E1]")),
            (CONFIG, hooks(), hooks("args:\n        - --exit-zero")),
            (CONFIG, hooks(), hooks(rev="main")),
            (CONFIG, hooks(), None),
            (GITLEAKS, "", "[allowlist]\npaths = ['''\\.jsonl$''']\n"),
            (GITLEAKS, "", "[[allowlists]]\nregexes = ['''to[k]en''']\n"),
            (GITLEAKS, "", "[[rules]]\nid = 'x'\n[[rules.allowlists]]\nstopwords = ['a']\n"),
            (GITLEAKS, "[extend]\nuseDefault = true\n", "[extend]\nuseDefault = false\n"),
            (GITLEAKS, "[[rules]]\nid = 'own'\n", ""),
            (GITLEAKS, "", "[extend]\ndisabledRules = ['jwt']\n"),
            ("evalpolicy.toml", "", '[rules]\nLBL001 = "warning"\n'),
            ("evalpolicy.toml", '[rules]\nSUB = "error"\n', '[rules]\nSUB = "off"\n'),
            (
                ".evalpolicy-baseline.json",
                '{"version": 1, "rules": "1", "findings": [null]}',
                '{"version": 1, "rules": "1", "findings": [{"rule": "X", "path": "a.jsonl"}]}',
            ),
            (".secrets.baseline", '{"results": {}}', '{"results": {"a.jsonl": [{"type": "T"}]}}'),
            (".trivyignore", "# x\n", "# x\nCVE-1\nCVE-2\n"),
            (".gitleaksignore", None, "a.jsonl:jwt:1\n"),
            (WORKFLOW, STEP, STEP + "        continue-on-error: true\n"),
            (WORKFLOW, STEP, STEP.replace("make lint", "make lint || true")),
            (WORKFLOW, STEP, STEP.replace("make lint", "timeout 9 make lint || true")),
            (WORKFLOW, STEP, STEP.replace("make lint", "|\n          {\n            make lint\n          } || exit 0")),  # noqa: E501
        ],
    )  # fmt: skip
    def test_looser(self, tmp_path, path, before, after):
        submission(
            tmp_path,
            {"x": "x\n", **({path: before} if before is not None else {})},
            {"x": "x\n", **({path: after} if after is not None else {}), "a.jsonl": "a token\n"},
        )
        report = judge(tmp_path, "SUB012")
        assert {rule for rule, _, _ in found(report)} == {"SUB012"}
        assert {where for _, where, _ in found(report)} == {path}
        assert not report.problems

    @pytest.mark.parametrize(
        ("path", "before", "after"),
        [
            (CONFIG, hooks(), hooks("exclude: '\\.lock$'")),
            (CONFIG, hooks("exclude: l$"), hooks("exclude: '\\.jsonl$'")),
            (CONFIG, hooks("exclude: l$"), hooks()),
            (CONFIG, hooks("files: '\\.py$'"), hooks()),
            (CONFIG, hooks("files: '\\.py$'"), hooks("files: '\\.pyi$'")),
            (CONFIG, hooks("files: '\\.py$'"), "repos: []\n"),
            (CONFIG, hooks(), hooks(rev="v6.0.0")),
            (CONFIG, hooks(), hooks("# a comment")),
            (CONFIG, None, hooks("exclude: l$")),
            (CONFIG, "repos: []\n", hooks("exclude: l$", "args: [--ignore=x]")),
            (GITLEAKS, "", "[allowlist]\npaths = ['''\\.lock$''']\n"),
            (GITLEAKS, "", "[allowlist]\nregexes = ['''nothing here''']\n"),
            (GITLEAKS, "[allowlist]\npaths = ['a']\n", "[[allowlists]]\npaths = ['a']\n"),
            (GITLEAKS, "[allowlist]\npaths = ['a']\n", None),
            ("evalpolicy.toml", '[rules]\nSUB = "off"\n', '[rules]\nSUB = "error"\n'),
            ("evalpolicy.toml", "", '[rules]\nSUB002 = "error"\n'),
            (".secrets.baseline", '{"results": {"a.jsonl": [{"type": "T"}]}}', '{"results": {}}'),
            (".secrets.baseline", '{"results": {}}', '{"results": {"x": [{"type": "T"}]}}'),
            (".trivyignore", "CVE-1\n", "# CVE-2\n"),
            (WORKFLOW, STEP, STEP + "        # continue-on-error: true\n"),
            (WORKFLOW, STEP, STEP.replace("make lint", "N=$(grep -c x y || true)")),
            (WORKFLOW, STEP, STEP + "        continue-on-error: false\n"),
            (WORKFLOW, None, STEP + "        continue-on-error: true\n"),
            (WORKFLOW, STEP, STEP.replace("make lint", "echo 'foo || true'")),
            (WORKFLOW, STEP, STEP + "        name: 'never continue-on-error: true'\n"),
            (WORKFLOW, STEP, STEP + "        name: never `|| true`\n"),
            (
                WORKFLOW,
                STEP,
                STEP.replace("make lint", "|\n          a <<E\n          b || true\n          E"),
            ),
        ],
    )
    def test_not_looser_or_not_needed(self, tmp_path, path, before, after):
        report = self.judged(tmp_path, path, before, after)
        assert [finding.message for finding in report.findings] == []

    @pytest.mark.parametrize(
        ("before", "after", "size", "fires"),
        [
            ("args: [--maxkb=10]", "args: [--maxkb=30]", 20_000, True),
            ("args: [--maxkb, '10']", "args: [--maxkb, '30']", 20_000, True),
            ("args: [--maxkb=10]", "args: [--maxkb=30]", 5_000, False),
            ("args: [--maxkb=30]", "args: [--maxkb=10]", 20_000, False),
            ("# default", "args: [--maxkb=900]", 600_000, True),
            ("args: [--maxkb=10]", "# default", 20_000, True),
        ],
    )
    def test_a_larger_limit(self, tmp_path, before, after, size, fires):
        report = self.judged(
            tmp_path, CONFIG, hooks(before, id=LARGE), hooks(after, id=LARGE), content="x" * size
        )
        assert bool(found(report)) == fires

    def test_in_a_submission_of_its_own(self, tmp_path):
        submission(tmp_path, {CONFIG: hooks()}, {CONFIG: "repos: []\n", ".trivyignore": "CVE-1\n"})
        assert found(judge(tmp_path, "SUB012")) == []

    def test_a_gate_that_moved_is_compared(self, tmp_path):
        old, new = "[allowlist]\npaths = ['b']\n", "# moved\n" * 9 + "[allowlist]\npaths = ['l$']\n"
        submission(tmp_path, {GITLEAKS: old}, {f".github/{GITLEAKS}": new, "a.jsonl": "x\n"})
        assert found(judge(tmp_path, "SUB012")) == [("SUB012", f".github/{GITLEAKS}", 11)]

    def test_many_lines_of_an_ignore_file_are_one_finding(self, tmp_path):
        lines = "".join(f"CVE-{n}\n" for n in range(30))
        [finding] = self.judged(tmp_path, ".trivyignore", "", lines).findings
        assert "and 29 more" in finding.message

    def test_what_is_no_yaml_is_a_problem(self, tmp_path):
        report = self.judged(tmp_path, CONFIG, hooks(), "repos: [\n")
        assert [problem.path for problem in report.problems] == [CONFIG]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12])
def test_a_label_exempts(tmp_path, number):
    """Every rule but SUB008: no label makes a conflict merge."""
    rule = f"SUB{number:03}"
    config = f'[submission.exempt_labels]\n{rule} = ["agreed"]\n'
    before = {
        **FLEET,
        "evalpolicy.toml": config,
        "RULES.md": RULES,
        CONFIG: hooks(),
        "CHANGELOG.md": "# C\n",
        f"{FIXTURES}/arc-1-codex.traces.jsonl": "1\n",
    }
    after = {
        **FLEET,
        "evalpolicy.toml": config,
        "RULES.md": RULES.replace("2. **F", "3. **F"),
        CONFIG: hooks("exclude: l$"),
        "CHANGELOG.md": "# C\nx\n",
        NAME: "[]\n",
        f"{FIXTURES}/arc-2-codex.traces.jsonl": "something else altogether\n",
        "containers/benchmarks/arc/run.sh": "x\n",
    }
    submission(tmp_path, before, after, message="x\n")
    bare = pull_request(tmp_path, "")
    assert {r for r, _, _ in found(judge(tmp_path, rule, asked=bare))} == {rule}
    agreed = pull_request(tmp_path, "", labels=("Agreed",))
    assert found(judge(tmp_path, rule, asked=agreed)) == []


def test_a_good_submission_is_clean(tmp_path):
    submission(tmp_path, FLEET, {**FLEET, "README.md": "x\n"}, message=MESSAGE)
    report = judge(tmp_path, "SUB")
    assert (found(report), list(report.problems)) == ([], [])
