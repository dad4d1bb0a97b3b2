"""What the web page tells, without a browser: states, jobs, trend, replays."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace
from tests.fleets import BENCHMARK, FIXTURES, FLEET, repository, write
from tests.reporters.html import fleet
from tests.reporters.sample import finding, report, sample

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.config import reading as configuration
from evalpolicy.engine.survey import trend
from evalpolicy.engine.survey.jobs import jobs
from evalpolicy.engine.survey.model import STATES, Attribution
from evalpolicy.engine.survey.surveying import survey
from evalpolicy.errors import UsageError
from evalpolicy.facts.facts import Facts
from evalpolicy.policy.fix import Fix
from evalpolicy.policy.rule import Rule
from evalpolicy.reporters import render
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.cache import Cache


def surveyed(root, replays=()):
    with open_snapshot(root) as snapshot:
        facts = Facts(snapshot, configuration.load(snapshot), Cache(None))
        return survey(facts, replays)


@pytest.fixture(scope="module")
def riddles(tmp_path_factory):
    root = repository(tmp_path_factory.mktemp("fleet") / "riddles", fleet.files())
    return surveyed(root, fleet.replays())


class TestStates:
    def test_every_state_is_there(self, riddles):
        assert {state for story in riddles.stories for state in story.states} == set(STATES)

    def test_the_gravest_is_the_one_that_the_fleet_was_made_with(self, riddles):
        told = {story.row.fixture: story.states[0] for story in riddles.stories}
        made = {stem: state for stem, *_, state in fleet.fixtures()}
        assert told == made

    def test_states_do_not_depend_on_what_was_selected_or_suppressed(self, tmp_path):
        root = repository(tmp_path / "r", fleet.files())
        before = [story.states for story in surveyed(root).stories]
        write(root, {"evalpolicy.toml": '[rules]\nPRV = "off"\nFIX = "off"\n'})
        assert [story.states for story in surveyed(root).stories] == before
        assert ("unprovenanced",) in before

    def test_a_provenance_file_that_cannot_be_read_says_nothing_of_any_fixture(self, tmp_path):
        files = {
            f"{FIXTURES}/arc-0-codex.traces.jsonl": b"{}\n",
            f"{FIXTURES}/provenance.json": "[",
        }
        found = surveyed(repository(tmp_path / "r", FLEET | files))
        assert "unprovenanced" not in found.stories[0].states
        assert [problem.path for problem in found.problems] == [f"{FIXTURES}/provenance.json"]

    def test_what_cannot_be_told_is_not_stale(self, tmp_path):
        """Only the build supplies the revision, and the recorded one stands nowhere (PRV005)."""
        path = f"{FIXTURES}/arc-0-codex.traces.jsonl"
        unresolved = BENCHMARK.replace(
            'data_revision="210d026faf9955653af8916fad021475a3f00453"', 'data_revision="${REF}"'
        ).replace("LABEL", "ARG REF\nLABEL")
        entry = {"benchmark": "arc", "benchmark_data_revision": "d4f1"}
        files = {
            "containers/benchmarks/arc/Dockerfile": unresolved,
            path: b"{}\n",
            f"{FIXTURES}/provenance.json": json.dumps({"arc-0-codex": entry}),
        }
        found = surveyed(repository(tmp_path / "r", FLEET | files))
        assert "stale" not in found.stories[0].states
        entry["benchmark_data_revision"] = "${REF}"
        files["containers/benchmarks/arc/Dockerfile"] = BENCHMARK
        files[f"{FIXTURES}/provenance.json"] = json.dumps({"arc-0-codex": entry})
        found = surveyed(repository(tmp_path / "s", FLEET | files))
        assert "stale" in found.stories[0].states

    def test_a_fixture_without_bytes_is_unreadable_and_a_problem(self, tmp_path):
        root = repository(tmp_path / "r", FLEET)
        (root / FIXTURES).mkdir(parents=True)
        (root / FIXTURES / "arc-0-codex.traces.jsonl").symlink_to("nowhere")
        found = surveyed(root)
        assert found.stories[0].states[0] == "unreadable"
        assert found.problems


class TestSurvey:
    def test_benchmarks_and_agents_stand_by_name(self, riddles):
        assert [b.name for b in riddles.benchmarks] == sorted(fleet.BENCHMARKS)
        assert list(riddles.agents) == sorted(fleet.CLIENTS)
        assert riddles.benchmarks[1][2:] == ("57", "shared-env", "true")

    def test_sizes_are_told_the_largest_first(self, riddles):
        largest = riddles.sizes.largest
        assert [file.size for file in largest] == sorted((f.size for f in largest), reverse=True)
        assert {file.path for file in largest if file.is_over} == {"docs/floor-plan.svg"}
        assert riddles.sizes.total > riddles.sizes.fixtures > 0

    @pytest.mark.parametrize(
        ("path", "subject", "benchmark"),
        [
            ("containers/benchmarks/haiku/Dockerfile", "", "haiku"),
            ("containers/benchmarks/haiku/tests/x.sh", "geometry", "haiku"),
            (f"{FIXTURES}/{fleet.AMBIGUOUS}.trajectory.jsonl", "", "word-count"),
            (f"{FIXTURES}/provenance.json", fleet.AMBIGUOUS, "word-count"),
            ("README.md", "proofs", "proofs"),
            ("README.md", "", ""),
            ("containers/agents/codex/Dockerfile", "codex", ""),
        ],
    )
    def test_a_finding_concerns_a_benchmark(self, riddles, path, subject, benchmark):
        assert Attribution(riddles).benchmark(path, subject) == benchmark

    def test_the_story_knows_its_entry_and_its_manifest(self, riddles):
        by_state = {story.states[0]: story for story in riddles.stories}
        assert by_state["recorded"].entry["release_tag"] == "v0.1.0"
        assert by_state["unprovenanced"].entry is None
        assert by_state["known-bad"].manifest_reason.startswith("loops")
        assert len(by_state["ambiguous"].readings) == 2
        assert by_state["not-reproduced"].replayed.verdict == "exhausted"


def told(*findings, **more):
    """The jobs of findings that are given as (rule, severity, help)."""
    rules = {
        id: Rule(id, id.lower(), severity, lambda: iter(()), ()) for id, severity, _ in findings
    }
    made = [
        replace(finding(path=f"f{n}", help=help, **more), rule=id, severity=severity)
        for n, (id, severity, help) in enumerate(findings)
    ]
    return jobs(replace(report(made), rules=list(rules.values())))


class TestJobs:
    def test_one_rule_is_one_job(self):
        made = told(*[("PRV001", "error", "`evalpolicy provenance backfill`")] * 240)
        assert [(job.rule.id, len(job.findings), job.files) for job in made] == [
            ("PRV001", 240, 240)
        ]
        assert made[0].commands == ("evalpolicy provenance backfill",)
        assert not made[0].one_each

    def test_jobs_are_in_the_order_of_the_causes(self):
        mending = "`evalpolicy provenance backfill`"
        made = told(
            ("LBL005", "warning", mending),
            ("LBL001", "error", ""), ("LBL001", "error", ""),
            ("LBL002", "error", ""),
            ("PRV001", "error", mending),
            ("SEC001", "error", ""),
            ("SEC004", "warning", ""),
            ("FIX011", "note", mending),
        )  # fmt: skip
        assert [job.rule.id for job in made] == [
            "SEC001", "SEC004", "PRV001", "LBL001", "LBL002", "LBL005", "FIX011",
        ]  # fmt: skip

    def test_a_rule_of_two_severities_counts_as_the_worse(self):
        made = told(("FIX006", "warning", ""), ("FIX006", "error", ""), ("LBL005", "warning", ""))
        assert [(job.rule.id, job.severity) for job in made] == [
            ("FIX006", "error"), ("LBL005", "warning"),
        ]  # fmt: skip

    def test_a_fix_is_a_command_that_says_how_it_is_applied(self):
        assert told(("LBL006", "error", ""), fix=Fix(()))[0].commands == (
            "evalpolicy check --select LBL006 --fix",
        )
        assert told(("LBL006", "error", ""), fix=Fix((), safe=False))[0].commands == (
            "evalpolicy check --select LBL006 --fix --unsafe-fixes",
        )

    def test_commands_that_differ_mend_one_each(self):
        made = told(
            ("FIX002", "note", "`evalpolicy provenance record a`"),
            ("FIX002", "note", "`evalpolicy provenance record b`"),
        )
        assert made[0].one_each
        assert made[0].commands == (
            "evalpolicy provenance record a",
            "evalpolicy provenance record b",
        )

    def test_what_only_looks_is_no_command(self):
        assert told(("FIX009", "error", "`evalpolicy fixtures show a` shows it"))[0].commands == ()

    @pytest.mark.parametrize(
        "name",
        ["a; rm -rf ~", "$(id)", "a|b", "a>b", "a\nb", "a'b", 'a"b', "a&b", "~", "a*", "ä", "#a"],
    )
    def test_a_name_that_a_shell_would_read_is_in_no_command(self, name):
        made = told(("FIX002", "note", f"`evalpolicy provenance record {name}`"))
        assert made[0].commands == ()

    def test_help_is_told_once_where_it_is_shared(self):
        assert (
            told(("LBL001", "error", "add it"), ("LBL001", "error", "add it"))[0].help == "add it"
        )
        assert told(("LBL001", "error", "add a"), ("LBL001", "error", "add b"))[0].help == ""


class TestTrend:
    def earlier(self, made):
        return trend.read(render("json", made).encode(), "before.json")

    def test_nothing_changed(self):
        found = trend.compare(sample(), self.earlier(sample()))
        assert (found.new, found.gone) == (frozenset(), ())
        assert found.by_rule["LBL001"] == (1, 1)

    def test_new_and_gone_are_told_by_fingerprint_whatever_the_line(self):
        before = report([finding(about="a"), finding(about="b", span=Span.at(9))])
        now = report([finding(about="b"), finding(about="c"), finding("REL002")])
        found = trend.compare(now, self.earlier(before))
        assert found.new == {1, 2}
        assert [gone.fingerprint for gone in found.gone] == [finding(about="a").fingerprint]
        assert found.by_rule == {"LBL001": (2, 2), "REL002": (0, 1)}

    def test_equal_fingerprints_are_counted(self):
        one, three = report([finding()]), report([finding()] * 3)
        assert len(trend.compare(three, self.earlier(one)).new) == 2
        assert len(trend.compare(one, self.earlier(three)).gone) == 2

    @pytest.mark.parametrize(
        "content", [b"", b"[]", b"{}", b"\xff", b"null", b'{"version": "1"}', b"[" * 100_000]
    )
    def test_what_is_no_report_is_wrong_usage(self, content):
        with pytest.raises(UsageError, match=r"x\.json is not a JSON report"):
            trend.read(content, "x.json")

    def test_another_version_is_wrong_usage(self):
        with pytest.raises(UsageError, match="version '2'"):
            trend.read(b'{"version": "2"}', "x.json")

    def test_a_finding_without_a_fingerprint_is_wrong_usage(self):
        document = json.loads(render("json", sample()))
        document["findings"][0]["fingerprint"] = 3
        with pytest.raises(UsageError):
            trend.read(json.dumps(document).encode(), "x.json")


class TestReplays:
    PATH = f"{FIXTURES}/arc-0-codex.traces.jsonl"

    def states(self, tmp_path, *replays):
        root = repository(tmp_path / "r", FLEET | {self.PATH: b"{}\n"})
        story = surveyed(root, replays).stories[0]
        return {"reproduced", "not-reproduced"} & set(story.states), story

    @pytest.mark.parametrize(
        ("verdict", "state"),
        [
            ("reproduced", {"reproduced"}),
            *((v, {"not-reproduced"}) for v in ("diverged", "exhausted", "unfinished", "failed")),
            ("not run", set()),
        ],
    )
    def test_a_verdict_is_a_state(self, tmp_path, verdict, state):
        assert self.states(tmp_path, fleet.replay(self.PATH, verdict))[0] == state

    def test_a_replay_of_other_content_says_nothing_of_this_one(self, tmp_path):
        row = fleet.replay(self.PATH, "reproduced", sha256="0" * 64)
        states, story = self.states(tmp_path, row)
        assert states == set()
        same = fleet.replay(self.PATH, "reproduced", sha256=story.row.sha256)
        assert self.states(tmp_path / "again", same)[0] == {"reproduced"}

    def test_a_control_is_no_replay_of_the_fixture(self, tmp_path):
        row = fleet.replay(self.PATH, "reproduced", control=True)
        assert self.states(tmp_path, row)[0] == set()
