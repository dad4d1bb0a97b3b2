"""PRV, rule by rule: what fires, what does not, and each exemption."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fleets import BENCHMARK, FIXTURES, FLEET, git, judge, repository, write
from tests.samples.trajectories import lines, litellm_row, otlp_row

from evalpolicy.fleet.build_inputs import build_inputs_id
from evalpolicy.fleet.run_inputs import run_inputs
from evalpolicy.snapshot import open_snapshot

FILE = f"{FIXTURES}/provenance.json"
FIXTURE = f"{FIXTURES}/arc-0-codex.traces.jsonl"
CONTENT = lines(otlp_row())
REVISION = "210d026faf9955653af8916fad021475a3f00453"
ARC = "containers/benchmarks/arc"

ENTRY: dict[str, Any] = {
    "benchmark": "arc",
    "task_id": "0",
    "agent": "codex",
    "agent_version": "0.120.0",
    "model": "openai/gpt-x",
    "benchmark_data_revision": REVISION,
    "captured": "2026-06-15T08:30:00Z",
    "release_tag": "v0.1.0",
}


def entry(**changes: Any) -> dict[str, Any]:
    """A whole entry with these changes; `absent` takes a field away."""
    return {key: value for key, value in (ENTRY | changes).items() if value != "absent"}


def fleet(
    root: Path, value: object = None, *, content: bytes = CONTENT, name: str = FIXTURE, **more: Any
) -> Path:
    """The small fleet with one fixture, and a provenance file unless `value` is None."""
    files = FLEET | {name: content} | more.get("files", {})
    if value is not None:
        files |= {FILE: value if isinstance(value, bytes) else json.dumps(value, indent=2)}
    return write(root, files)


def told(root: Path, rule: str) -> list[tuple[str, int, str]]:
    """Path, line and subject of what one rule finds; nothing may be left unchecked."""
    report = judge(root, rule)
    assert not report.problems
    return [(f.path, f.span.line, f.subject) for f in report.findings]


class TestMissing:
    def test_without_a_file_once(self, tmp_path):
        more = {f"{FIXTURES}/arc-{n}-codex.traces.jsonl": CONTENT for n in (1, 2)}
        [finding] = judge(fleet(tmp_path, files=more), "PRV001").findings
        assert (finding.path, finding.severity) == (FIXTURE, "error")
        assert finding.message == "3 of 3 recordings have no provenance entry"
        assert finding.help == "evalpolicy provenance backfill"

    def test_without_a_fixture(self, tmp_path):
        assert told(repository(tmp_path), "PRV001") == []

    def test_with_a_file_at_each_fixture(self, tmp_path):
        more = {f"{FIXTURES}/arc-1-codex.traces.jsonl": CONTENT}
        root = fleet(tmp_path, {"_comment": "c"}, files=more)
        assert told(root, "PRV001") == [
            (FIXTURE, 1, "arc-0-codex"),
            (FIXTURE.replace("arc-0", "arc-1"), 1, "arc-1-codex"),
        ]

    def test_an_entry_is_enough(self, tmp_path):
        assert told(fleet(tmp_path, {"arc-0-codex": entry()}), "PRV001") == []

    def test_the_layout_says_where_the_file_is(self, tmp_path):
        fleet(tmp_path, files={"evalpolicy.toml": '[layout]\nprovenance = "where.json"\n'})
        assert told(tmp_path, "PRV001") == [(FIXTURE, 1, "")]
        write(tmp_path, {"where.json": json.dumps({"arc-0-codex": entry()})})
        assert told(tmp_path, "PRV001") == []


class TestOrphan:
    def test_an_entry_without_a_fixture_at_its_key(self, tmp_path):
        root = fleet(tmp_path, {"arc-0-codex": entry(), "arc-9-codex": entry()})
        assert told(root, "PRV002") == [(FILE, 12, "arc-9-codex")]

    def test_a_comment_is_none(self, tmp_path):
        assert told(fleet(tmp_path, {"arc-0-codex": entry(), "_old": {}}), "PRV002") == []


BREACHES = [
    ({"task_id": 0}, 4, "task_id"),
    ({"release_tag": "absent"}, 2, "release_tag is missing"),
    ({"agent": None}, 2, "no evidence"),
    ({"agent": None, "evidence": {}}, 11, "agent is null"),
    ({"agent": None, "evidence": {"agent": "git"}}, 12, "must be a reason"),
    ({"evidence": {"agent": "hearsay"}}, 12, "evidence of agent"),
    ({"captured": "yesterday"}, 9, "captured"),
    ({"sha256": "ab"}, 11, "sha256"),
    ({"reward": 7}, 11, "reward"),
]


class TestInvalid:
    @pytest.mark.parametrize(("changes", "line", "words"), BREACHES)
    def test_what_the_schema_refuses(self, tmp_path, changes, line, words):
        findings = judge(fleet(tmp_path, {"arc-0-codex": entry(**changes)}), "PRV003").findings
        assert [(f.path, f.span.line, f.subject) for f in findings] == [(FILE, line, "arc-0-codex")]
        assert words in findings[0].message

    def test_a_duplicate_key_at_the_later_one(self, tmp_path):
        one = json.dumps({"arc-0-codex": entry()})[1:-1]
        root = fleet(tmp_path, f"{{{one},\n{one}}}".encode())
        assert [(p, n) for p, n, _ in told(root, "PRV003")] == [(FILE, 2)]

    @pytest.mark.parametrize(
        "good",
        [
            entry(),
            entry(eval_skills="on"),
            entry(agent=None, evidence={"agent": "unknown: it does not show"}),
        ],
    )
    def test_both_forms_are_taken(self, tmp_path, good):
        assert told(fleet(tmp_path, {"_comment": 1, "arc-0-codex": good}), "PRV003") == []

    @pytest.mark.parametrize(
        ("content", "line"), [(b"[\n]", 1), (b'{\n"a": nope}', 2), (b"", 1), (b'{"a":\n"\xff"}', 2)]
    )
    def test_no_json_object_is_a_problem_with_its_line_and_nothing_else(
        self, tmp_path, content, line
    ):
        report = judge(fleet(tmp_path, content), "PRV")
        assert [(p.path, p.line) for p in report.problems] == [(FILE, line)]
        assert report.findings == []
        assert report.exit_code("error") == 3

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.one_of(
            st.binary(max_size=60),
            st.recursive(
                st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
                lambda some: st.lists(some) | st.dictionaries(st.text(), some),
            ).map(lambda value: json.dumps({"arc-0-codex": value}).encode()),
            st.dictionaries(
                st.sampled_from([*ENTRY, "evidence", "sha256", "benchmark_tree", "reward"]),
                st.none() | st.integers() | st.text() | st.lists(st.text()),
            ).map(lambda value: json.dumps({"arc-0-codex": value}).encode()),
        )
    )
    def test_any_bytes_are_judged_and_never_raise(self, tmp_path, content):
        report = judge(fleet(tmp_path, content), "PRV")
        assert report.problems or report.findings or json.loads(content)


CLAUDE = lines(litellm_row(user_agent="claude-cli/2.1.104 (external)"))
SECOND = {"containers/benchmarks/arc-agi/Dockerfile": BENCHMARK.replace('"arc"', '"arc-agi"')}


class TestContradicts:
    @pytest.mark.parametrize(
        ("changes", "line"),
        [({"benchmark": "aime"}, 3), ({"task_id": "1"}, 4), ({"agent": "aider"}, 5)],
    )
    def test_another_than_the_name_says(self, tmp_path, changes, line):
        root = fleet(tmp_path, {"arc-0-codex": entry(**changes)})
        assert told(root, "PRV004") == [(FILE, line, "arc-0-codex")]

    def test_another_agent_than_recorded(self, tmp_path):
        name = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
        root = fleet(tmp_path, {"arc-0-codex": entry()}, content=CLAUDE, name=name)
        [finding] = judge(root, "PRV004").findings
        assert (finding.span.line, finding.about) == (5, "agent-recorded")
        assert "claude-code" in finding.message

    def test_another_model_than_recorded(self, tmp_path):
        root = fleet(tmp_path, {"arc-0-codex": entry(model="openai/gpt-y")})
        assert told(root, "PRV004") == [(FILE, 7, "arc-0-codex")]

    @pytest.mark.parametrize("model", ["gpt-x", "azure/gpt-x", "gpt-x-2026-03-01", None])
    def test_one_model_has_many_names(self, tmp_path, model):
        assert told(fleet(tmp_path, {"arc-0-codex": entry(model=model)}), "PRV004") == []

    def test_an_agent_that_is_null(self, tmp_path):
        name = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
        value = {"arc-0-codex": entry(agent=None)}
        assert told(fleet(tmp_path, value, content=CLAUDE, name=name), "PRV004") == []

    @pytest.mark.parametrize(("benchmark", "task"), [("arc-agi", "0"), ("arc", "agi-0")])
    def test_an_entry_settles_a_name_with_two_readings(self, tmp_path, benchmark, task):
        value = {"arc-agi-0-codex": entry(benchmark=benchmark, task_id=task)}
        name = f"{FIXTURES}/arc-agi-0-codex.traces.jsonl"
        assert told(fleet(tmp_path, value, name=name, files=SECOND), "PRV004") == []

    def test_a_reading_of_neither(self, tmp_path):
        value = {"arc-agi-0-codex": entry(benchmark="arc", task_id="0")}
        name = f"{FIXTURES}/arc-agi-0-codex.traces.jsonl"
        assert len(told(fleet(tmp_path, value, name=name, files=SECOND), "PRV004")) == 1

    def test_a_name_that_says_nothing(self, tmp_path):
        value = {"x-0-y": entry()}
        assert told(fleet(tmp_path, value, name=f"{FIXTURES}/x-0-y.traces.jsonl"), "PRV004") == []

    def test_an_agent_by_its_prompt_as_well(self, tmp_path):
        prompt = [{"role": "system", "content": "You are Claude Code, Anthropic's official CLI"}]
        content = lines(otlp_row(gen_ai__input__messages=json.dumps(prompt)))
        root = fleet(tmp_path, {"arc-0-codex": entry()}, content=content)
        assert told(root, "PRV004") == [(FILE, 5, "arc-0-codex")]


SUPPLIED = BENCHMARK.replace(f'data_revision="{REVISION}"', 'data_revision="${REF}"').replace(
    "LABEL", "ARG REF\nLABEL", 1
)


class TestStaleRevision:
    def test_another_than_the_label(self, tmp_path):
        root = fleet(tmp_path, {"arc-0-codex": entry(benchmark_data_revision="d4f1")})
        assert told(root, "PRV005") == [(FILE, 8, "arc-0-codex")]

    @pytest.mark.parametrize("revision", [REVISION, None])
    def test_the_same_or_none(self, tmp_path, revision):
        root = fleet(tmp_path, {"arc-0-codex": entry(benchmark_data_revision=revision)})
        assert told(root, "PRV005") == []

    def test_without_the_label(self, tmp_path):
        bare = {f"{ARC}/Dockerfile": 'FROM x\nLABEL eval.type="benchmark"\n'}
        assert told(fleet(tmp_path, {"arc-0-codex": entry()}, files=bare), "PRV005") == []

    def test_what_the_build_supplies_is_looked_for_in_the_folder(self, tmp_path):
        files = {
            f"{ARC}/Dockerfile": SUPPLIED.replace(REVISION, "x"),
            f"{ARC}/build.sh": f"docker build --build-arg REF={REVISION} .\n",
        }
        root = fleet(tmp_path, {"arc-0-codex": entry()}, files=files)
        assert told(root, "PRV005") == []
        write(root, {f"{ARC}/build.sh": 'docker build --build-arg "REF=$1" .\n'})
        [finding] = judge(root, "PRV005").findings
        assert (finding.severity, finding.span.line) == ("note", 8)


def inputs(root) -> dict[str, str]:
    with open_snapshot(root) as snapshot:
        return dict(run_inputs(snapshot, ARC))


COPYING = {f"{ARC}/Dockerfile": f"{BENCHMARK}COPY grade.sh data /\n"}


class TestStaleBenchmark:
    def test_one_finding_names_what_changed(self, tmp_path):
        root = fleet(tmp_path, {}, files=COPYING)
        tree = {"arc-0-codex": entry(benchmark_tree=inputs(root), captured="2026-04-15T10:00:00Z")}
        for task in (1, 2):
            tree[f"arc-{task}-codex"] = tree["arc-0-codex"] | {"task_id": str(task)}
        more = {f"{FIXTURES}/{stem}.traces.jsonl": CONTENT for stem in tree}
        fleet(root, tree, files=COPYING | more)
        assert told(root, "PRV006") == []
        write(root, {f"{ARC}/README.md": "words\n", f"{ARC}/compose.yaml": "services: {}\n"})
        assert told(root, "PRV006") == []
        write(root, {f"{ARC}/grade.sh": "exit 0\n", f"{ARC}/docker-bake.hcl": "x = 1\n"})
        [finding] = judge(root, "PRV006").findings
        assert finding.message == (
            "arc: 3 recordings predate changes to docker-bake.hcl, grade.sh since 2026-04-15"
        )
        assert (finding.path, finding.subject) == (FILE, "arc")
        assert "arc-0-codex, arc-1-codex, arc-2-codex" in finding.help

    def test_the_entry_states_the_commit(self, tmp_path):
        said = f"git: {ARC} at 54d26ac12345 (2026-04-15)"
        value = entry(benchmark_tree={}, evidence={"benchmark_tree": said})
        [finding] = judge(fleet(tmp_path, {"arc-0-codex": value}), "PRV006").findings
        assert finding.message.endswith("to Dockerfile since 54d26ac12345 (2026-04-15)")

    def test_an_entry_of_an_earlier_version(self, tmp_path):
        root = fleet(tmp_path, {})
        with open_snapshot(root) as snapshot:
            tree = build_inputs_id(snapshot, ARC)
        fleet(root, {"arc-0-codex": entry(benchmark_tree=tree)})
        assert told(root, "PRV006") == []
        write(root, {f"{ARC}/grade.sh": "exit 0\n"})
        [finding] = judge(root, "PRV006").findings
        assert f"changes to {ARC}" in finding.message

    @pytest.mark.parametrize("value", [entry(), entry(benchmark_tree=None)])
    def test_an_entry_without_a_tree(self, tmp_path, value):
        assert told(fleet(tmp_path, {"arc-0-codex": value}), "PRV006") == []

    def test_worktree_index_and_commit_agree(self, tmp_path):
        root = repository(tmp_path, FLEET | {FIXTURE: CONTENT})
        value = {"arc-0-codex": entry(benchmark_tree=inputs(root))}
        write(root, {FILE: json.dumps(value)})
        git(root, "add", "-A")
        git(root, "commit", "-qm", "entry")
        for how in ({}, {"staged": True}, {"revision": "HEAD"}):
            assert judge(root, "PRV006", **how).findings == []


VAGUE = [
    ("agent_version", "latest (npm-installed at build time; not pinned)", True),
    ("agent_version", "latest", True),
    ("agent_version", "the newest one", True),
    ("agent_version", "stable", True),
    ("agent_version", "2.1.104", False),
    ("agent_version", "v0.1.0-rc.1+build", False),
    ("agent_version", None, False),
    ("model_version", "latest", True),
    ("model_version", "2026-03-01", False),
    ("release_tag", "out-of-band (emergency capture for #149)", True),
    ("release_tag", "v0.1.0", False),
    ("captured", "2026-06-15", True),
    ("captured", "2026-06-15T08:30:00+02:00", False),
]


class TestVague:
    @pytest.mark.parametrize(("field", "value", "fires"), VAGUE)
    def test_a_version_is_one_word_and_a_time_has_an_hour(self, tmp_path, field, value, fires):
        findings = judge(fleet(tmp_path, {"arc-0-codex": entry(**{field: value})}), "PRV007")
        assert [f.about for f in findings.findings] == ([field] if fires else [])


class TestDigest:
    def test_one_changed_byte(self, tmp_path):
        value = {"arc-0-codex": entry(sha256=hashlib.sha256(CONTENT).hexdigest())}
        assert told(fleet(tmp_path, value), "PRV008") == []
        changed = CONTENT.replace(b"4", b"5", 1)
        assert told(fleet(tmp_path, value, content=changed), "PRV008") == [
            (FILE, 11, "arc-0-codex")
        ]

    @pytest.mark.parametrize(("oid", "count"), [("ab" * 32, 0), ("cd" * 32, 1)])
    def test_of_a_pointer_what_it_stands_for(self, tmp_path, oid, count):
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 5\n"
        value = {"arc-0-codex": entry(sha256="ab" * 32)}
        assert len(told(fleet(tmp_path, value, content=pointer.encode()), "PRV008")) == count

    @pytest.mark.parametrize("recorded", [CONTENT, lines(litellm_row())])
    def test_two_files_with_one_name_share_it(self, tmp_path, recorded):
        other = {f"{FIXTURES}/arc-0-codex.trajectory.jsonl": lines(litellm_row())}
        value = {"arc-0-codex": entry(sha256=hashlib.sha256(recorded).hexdigest())}
        assert told(fleet(tmp_path, value, files=other), "PRV008") == []

    @pytest.mark.parametrize("digest", [None, "absent"])
    def test_an_entry_without_one(self, tmp_path, digest):
        assert told(fleet(tmp_path, {"arc-0-codex": entry(sha256=digest)}), "PRV008") == []


def test_the_cache_changes_nothing_and_a_change_is_seen(tmp_path):
    from evalpolicy.config import reading as config
    from evalpolicy.engine.check import check
    from evalpolicy.snapshot.cache import open_cache

    def report() -> list[Any]:
        with open_snapshot(tmp_path) as snapshot:
            cache = open_cache(str(tmp_path))
            found = check(snapshot, config.load(snapshot), chosen=["PRV"], cache=cache)
            cache.save()
            return list(found.findings)

    value = {"arc-0-codex": entry(sha256="ab" * 32, model="other/model", reward=9)}
    fleet(tmp_path, value)
    cold = report()
    assert {f.rule for f in cold} == {"PRV003", "PRV004", "PRV008"}
    assert report() == cold == list(judge(tmp_path, "PRV").findings)
    fleet(tmp_path, {"arc-0-codex": entry()})
    assert report() == []
