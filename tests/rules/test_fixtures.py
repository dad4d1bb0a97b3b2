"""FIX: names, content, quality and the broken manifest, both ways and each exemption."""

from __future__ import annotations

import json

import pytest
from tests.fleets import AGENT, BENCHMARK, FIXTURES, judge, write
from tests.samples.trajectories import START, failed_row, lines, litellm_row, otlp_row

CODEX = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
TRACES = f"{FIXTURES}/arc-0-codex.traces.jsonl"
OTHER = f"{FIXTURES}/arc-1-codex.trajectory.jsonl"
BROKEN = f"{FIXTURES}/broken.json"
PROVENANCE = f"{FIXTURES}/provenance.json"
GOOD = lines(litellm_row())
PROMPT = [{"role": "system", "content": "You are Claude Code, Anthropic's official CLI for Claude"}]
CLAUDE = litellm_row(user_agent="claude-cli/2.1")
REFUSAL = lines(litellm_row("I'm sorry, but I cannot assist with that."))
SECOND = f"{FIXTURES}/arc-1-codex.trajectory.jsonl"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 9\n"


def reply(text: str, **changes: object) -> dict[str, object]:
    row = litellm_row(text, **changes)
    row["response"]["id"] = f"reply-{text}-{changes.get('startTime')}"
    return row


def turns(*texts: str, **changes: object) -> bytes:
    return lines(*(reply(text, startTime=START + n, **changes) for n, text in enumerate(texts)))


def with_finish(reason: str) -> bytes:
    row = litellm_row()
    row["response"]["choices"][0]["finish_reason"] = reason
    return lines(row)


def entry(**fields: object) -> bytes:
    return json.dumps({"arc-0-codex": fields}).encode()


def broken(*names: str, reason: str = "refuses") -> bytes:
    return json.dumps({"broken": [{"fixture": n, "reason": reason} for n in names]}).encode()


def models(*names: str) -> bytes:
    return lines(*(reply(str(n), model=name) for n, name in enumerate(names)))


CASES = [
    ("FIX001", {f"{FIXTURES}/arc-codex.trajectory.jsonl": GOOD}, 1),
    ("FIX001", {f"{FIXTURES}/arcs-0-codex.trajectory.jsonl": GOOD}, 1),
    ("FIX001", {f"{FIXTURES}/arc-0-codec.trajectory.jsonl": GOOD}, 1),
    ("FIX001", {f"{FIXTURES}/a.trajectory.jsonl": GOOD}, 1),
    ("FIX001", {CODEX: GOOD}, 0),
    ("FIX002", {f"{FIXTURES}/arc-agi-0-codex.trajectory.jsonl": GOOD}, 1),
    (
        "FIX002",
        {
            f"{FIXTURES}/arc-agi-0-codex.trajectory.jsonl": GOOD,
            PROVENANCE: b'{"arc-agi-0-codex": {"benchmark": "arc-agi"}}',
        },
        0,
    ),
    (
        "FIX002",
        {
            f"{FIXTURES}/arc-agi-0-codex.trajectory.jsonl": GOOD,
            PROVENANCE: b'{"arc-agi-0-codex": {"agent": "codex"}}',
        },
        1,
    ),
    (
        "FIX002",
        {
            f"{FIXTURES}/arc-agi-0-codex.trajectory.jsonl": GOOD,
            PROVENANCE: b'{"arc-agi-0-codex": {"benchmark": "gaia"}}',
        },
        1,
    ),
    ("FIX002", {CODEX: GOOD}, 0),
    ("FIX003", {CODEX: b""}, 1),
    ("FIX003", {CODEX: b"\n \n"}, 1),
    ("FIX003", {CODEX: GOOD + b"{}\n"}, 1),
    ("FIX003", {CODEX: GOOD + b"\xff\n"}, 1),
    ("FIX003", {CODEX: GOOD + b"{\n" + b"\x00\n" + GOOD[:40]}, 3),
    ("FIX003", {CODEX: LFS}, 1),
    ("FIX003", {CODEX: b"\x1f\x8b\x08\x00"}, 1),
    ("FIX003", {CODEX: GOOD + b"\n\n"}, 0),
    ("FIX004", {CODEX: lines(otlp_row())}, 1),
    ("FIX004", {TRACES: GOOD}, 1),
    ("FIX004", {TRACES: lines(otlp_row())}, 0),
    ("FIX004", {CODEX: GOOD}, 0),
    ("FIX004", {CODEX: b"{}\n"}, 0),
    ("FIX005", {CODEX: lines(otlp_row())}, 1),
    ("FIX005", {CODEX: lines(failed_row())}, 1),
    ("FIX005", {CODEX: lines(litellm_row(None))}, 1),
    ("FIX005", {CODEX: b"{}\n"}, 0),
    ("FIX005", {CODEX: b""}, 0),
    ("FIX005", {TRACES: b'{"resourceSpans": []}\n'}, 1),
    ("FIX005", {CODEX: lines(failed_row()) + GOOD}, 0),
    ("FIX006", {CODEX: lines(CLAUDE)}, 1),
    ("FIX006", {CODEX: lines(litellm_row(user_agent="Python-urllib/3", messages=PROMPT))}, 1),
    ("FIX006", {CODEX: lines(litellm_row(messages=PROMPT))}, 0),
    ("FIX006", {CODEX: GOOD}, 0),
    ("FIX006", {CODEX: lines(litellm_row(user_agent="OpenAI/Python 1.0"))}, 0),
    ("FIX006", {f"{FIXTURES}/arc-0-codex-x.trajectory.jsonl": GOOD}, 0),
    ("FIX006", {f"{FIXTURES}/arc-0-mini-codex.trajectory.jsonl": GOOD}, 0),
    (
        "FIX006",
        {
            f"{FIXTURES}/arc-0-mini-codex.trajectory.jsonl": GOOD,
            PROVENANCE: b'{"arc-0-mini-codex": {"agent": "mini-codex"}}',
        },
        1,
    ),
    ("FIX006", {f"{FIXTURES}/x.trajectory.jsonl": lines(CLAUDE)}, 0),
    ("FIX007", {CODEX: models("gpt-x", "gpt-y")}, 1),
    ("FIX007", {CODEX: GOOD, SECOND: models("gpt-x", "gpt-y")}, 1),
    ("FIX007", {CODEX: models("openai/gpt-x", "azure/gpt-x-2026-03-01")}, 0),
    ("FIX007", {CODEX: GOOD, PROVENANCE: entry(model="gpt-z")}, 1),
    ("FIX007", {CODEX: GOOD, PROVENANCE: entry(model="azure/gpt-x")}, 0),
    ("FIX007", {CODEX: GOOD, "evalpolicy.toml": b'[fixtures]\nmodels = ["gpt-z"]\n'}, 1),
    ("FIX007", {CODEX: GOOD, "evalpolicy.toml": b'[fixtures]\nmodels = ["a", "gpt-x"]\n'}, 0),
    (
        "FIX007",
        {
            CODEX: GOOD,
            "evalpolicy.toml": b'[fixtures]\nmodels = ["gpt-z"]\n',
            PROVENANCE: entry(model="gpt-x"),
        },
        0,
    ),
    ("FIX008", {CODEX: GOOD + lines(failed_row(), failed_row())}, 1),
    ("FIX008", {CODEX: GOOD + lines(failed_row())}, 1),
    ("FIX008", {CODEX: GOOD}, 0),
    ("FIX009", {CODEX: REFUSAL}, 1),
    ("FIX009", {CODEX: with_finish("content_filter")}, 1),
    ("FIX009", {CODEX: with_finish("length")}, 1),
    ("FIX009", {CODEX: turns("a", "a", "a", "b")}, 1),
    ("FIX009", {CODEX: turns("a", "a", "b", "c")}, 0),
    ("FIX009", {CODEX: GOOD}, 0),
    ("FIX009", {CODEX: REFUSAL, BROKEN: broken("arc-0-codex.trajectory.jsonl")}, 0),
    ("FIX009", {CODEX: REFUSAL, BROKEN: broken("arc-1-codex.trajectory.jsonl")}, 1),
    ("FIX009", {CODEX: REFUSAL, BROKEN: b"{"}, 1),
    ("FIX009", {CODEX: REFUSAL, "bad.json": broken("arc-0-codex.trajectory.jsonl"),
                "evalpolicy.toml": b'[layout]\nbroken = "bad.json"\n'}, 0),
    ("FIX010", {CODEX: GOOD, OTHER: GOOD}, 1),
    ("FIX010", {CODEX: GOOD, OTHER: lines(litellm_row(id="row-2", startTime=5.0))}, 1),
    ("FIX010", {CODEX: GOOD, OTHER: lines(litellm_row("5"))}, 0),
    ("FIX010", {CODEX: GOOD, OTHER: lines(litellm_row(messages=[]))}, 0),
    ("FIX010", {CODEX: b"", OTHER: b""}, 0),
    ("FIX011", {CODEX: lines(litellm_row(startTime=1_700_000_003))}, 1),
    ("FIX011", {CODEX: GOOD}, 0),
    ("FIX011", {CODEX: lines(litellm_row(startTime=None, endTime=None))}, 0),
    ("FIX012", {CODEX: GOOD, BROKEN: b"{"}, 1),
    ("FIX012", {CODEX: GOOD, BROKEN: b"[]"}, 1),
    ("FIX012", {CODEX: GOOD, BROKEN: b'{"broken": [{"fixture": 7}], "more": 1}'}, 3),
    ("FIX012", {CODEX: GOOD, BROKEN: broken("arc-0-codex.trajectory.jsonl", reason=" ")}, 1),
    ("FIX012", {CODEX: GOOD, BROKEN: broken("arc-7-codex.trajectory.jsonl")}, 1),
    (
        "FIX012",
        {CODEX: GOOD, BROKEN: broken(*["arc-0-codex.trajectory.jsonl"] * 2)},
        1,
    ),
    (
        "FIX012",
        {CODEX: GOOD, BROKEN: broken("arc-7-codex.trajectory.jsonl", reason="a loop; deleted")},
        0,
    ),
    ("FIX012", {CODEX: GOOD, BROKEN: broken("arc-0-codex.trajectory.jsonl")}, 0),
    ("FIX012", {CODEX: GOOD}, 0),
    ("FIX013", {CODEX: GOOD}, 0),
    ("FIX014", {"evalpolicy.toml": b'[layout]\nmodels = ["models/*"]\n'}, 1),
    ("FIX014", {CODEX: GOOD}, 0),
    ("FIX030", {CODEX: GOOD, f"{FIXTURES}/arc-1-codex.traces.json": b"{}"}, 1),
    ("FIX030", {CODEX: GOOD}, 0),
    ("FIX013", {CODEX: GOOD, "evalpolicy.toml": b'[fixtures]\nreplay_tests = ["t/*"]\n'}, 1),
    (
        "FIX013",
        {
            CODEX: GOOD,
            "evalpolicy.toml": b'[fixtures]\nreplay_tests = ["t/*"]\n',
            "t/a.rs": b"see arc-0-codex.",
        },
        0,
    ),
    (
        "FIX013",
        {
            CODEX: GOOD,
            "evalpolicy.toml": b'[fixtures]\nreplay_tests = ["t/*"]\n',
            "t/a.rs": b"arc-0-codex-x, xarc-0-codex",
        },
        1,
    ),
]  # fmt: skip


def fleet(files):
    return {
        "containers/benchmarks/arc/Dockerfile": BENCHMARK,
        "containers/benchmarks/arc-agi/Dockerfile": BENCHMARK.replace('"arc"', '"arc-agi"'),
        **{
            f"containers/agents/{name}/Dockerfile": AGENT.replace('"codex"', f'"{name}"')
            for name in ("codex", "claude-code", "codex-x", "mini-codex")
        },
        **files,
    }


@pytest.mark.parametrize(("rule", "files", "times"), CASES)
def test_a_rule_fires_as_often_as_it_should(rule, files, times, tmp_path):
    report = judge(write(tmp_path, fleet(files)), rule)
    assert [f.rule for f in report.findings] == [rule] * times
    assert not report.problems
    assert {f.path for f in report.findings} <= set(files)


def test_every_rule_of_the_family_is_in_the_table():
    from evalpolicy.rules import family

    for rule in family("FIX"):
        assert {bool(times) for name, _, times in CASES if name == rule.id} == {True, False}


@pytest.mark.parametrize(
    ("row", "severity"),
    [
        (CLAUDE, "error"),
        (litellm_row(user_agent="curl/8", messages=PROMPT), "warning"),
        (litellm_row(user_agent="claude-cli/2", messages=PROMPT), "error"),
    ],
)
def test_a_user_agent_is_proof_and_a_prompt_is_not(row, severity, tmp_path):
    report = judge(write(tmp_path, fleet({CODEX: lines(row)})), "FIX006")
    assert [f.severity for f in report.findings] == [severity]


def test_a_finding_points_at_the_line_and_into_it(tmp_path):
    content = GOOD + REFUSAL.replace(b"reply-1", b"reply-2")
    (finding,) = judge(write(tmp_path, fleet({CODEX: content})), "FIX009").findings
    line = content.decode().split("\n")[finding.span.line - 1]
    assert finding.span.line == 2
    assert line[finding.span.column - 1 :].startswith("[{")
    assert "$" not in finding.message


GOOSE = "You are a general-purpose AI agent called goose, created by AAIF (Agentic AI Foundation)."
TITLE = "Generate a short title (four words or less) that describes the topic."


def prompted(number: int, prompt: str) -> dict[str, object]:
    row = litellm_row(user_agent="", messages=[{"role": "system", "content": f"Hi. {prompt}\nGo."}])
    row["id"] = row["response"]["id"] = f"reply-{number}"
    return row


class TestOtherAgent:
    def judged(self, tmp_path, files, **more):
        return judge(write(tmp_path, fleet(files) | more), "FIX006").findings

    def test_the_sentence_that_introduces_it_and_the_command(self, tmp_path):
        content = lines(prompted(1, TITLE), prompted(2, GOOSE), prompted(3, "x"))
        goose = {"containers/agents/goose/Dockerfile": 'FROM x\nLABEL eval.type="agent"\n'}
        [finding] = self.judged(tmp_path, {CODEX: content}, **goose)
        assert finding.message == (
            'recorded with goose, not codex (system prompt in 2 of 3 turns: "You are a '
            'general-purpose AI agent called goose")'
        )
        assert (finding.severity, finding.span.line) == ("warning", 2)
        to = CODEX.replace("codex", "goose")
        assert finding.help == f"`git mv {CODEX} {to}`, or record the run again with codex"
        write(tmp_path, {to: content})
        assert "exists already" in self.judged(tmp_path, {CODEX: content}, **goose)[0].help

    def test_an_agent_that_the_fleet_has_not(self, tmp_path):
        [finding] = self.judged(tmp_path, {CODEX: lines(prompted(1, GOOSE))})
        assert "git mv" not in finding.help
        assert "no agent goose" in finding.help

    def test_what_backfill_found_in_git_is_proof(self, tmp_path):
        said = "unknown: the name says codex, the recording shows goose (user agent: goose/1.2 (x))"
        entry = json.dumps({"arc-0-codex": {"agent": None, "evidence": {"agent": said}}})
        file = {f"{FIXTURES}/provenance.json": entry}
        [finding] = self.judged(tmp_path, {CODEX: lines(prompted(1, GOOSE))}, **file)
        assert finding.severity == "error"
        assert '(user agent in the git history: "goose/1.2 (x)")' in finding.message
        file = {f"{FIXTURES}/provenance.json": entry.replace("user agent", "prompt")}
        [finding] = self.judged(tmp_path, {CODEX: lines(prompted(1, GOOSE))}, **file)
        assert finding.severity == "warning"


STATUS = (
    "litellm.BadRequestError: OpenAIException - litellm.BadRequestError: AzureException "
    "BadRequestError - Could not finish the message because max_tokens was reached. Try again."
)


@pytest.mark.parametrize(
    ("failed", "status", "severity", "help"),
    [
        (1, STATUS, "note", "raise max_tokens"),
        (2, STATUS, "warning", "raise max_tokens"),
        (2, "RateLimitError: slow down. Later.", "warning", "correct what"),
    ],
)
def test_a_failed_call_is_quoted(tmp_path, failed, status, severity, help):
    content = GOOD + GOOD.replace(b"reply-1", b"reply-2")
    content += lines(*[failed_row() | {"error_str": status}] * failed)
    [finding] = judge(write(tmp_path, fleet({CODEX: content})), "FIX008").findings
    quote = "slow down" if "slow" in status else STATUS.rpartition(" - ")[2].partition(".")[0]
    assert finding.message == (
        f'{failed} of {failed + 2} model calls failed, first on line 3: "{quote}"'
    )
    assert finding.severity == severity
    assert help in finding.help


def test_a_refusal_may_be_the_right_answer(tmp_path):
    files = fleet({CODEX: REFUSAL, CODEX.replace("arc-0", "arc-1"): with_finish("length")})
    files["evalpolicy.toml"] = '[fixtures]\nrefusals = ["ar*"]\n'
    assert [f.about for f in judge(write(tmp_path, files), "FIX009").findings] == ["token-limit"]
    files["evalpolicy.toml"] = '[fixtures]\nrefusals = ["other"]\n'
    assert len(judge(write(tmp_path, files), "FIX009").findings) == 2


def test_made_up_times_are_settled_by_the_entry(tmp_path):
    files = fleet({CODEX: lines(litellm_row(startTime=1_700_000_003))})
    for captured, count in (("2026-04-15T10:00:00Z", 0), (None, 1)):
        entry = {"arc-0-codex": {"captured": captured}}
        files[f"{FIXTURES}/provenance.json"] = json.dumps(entry)
        assert len(judge(write(tmp_path, files), "FIX011").findings) == count


@pytest.mark.parametrize(("other", "count"), [("arc-agi-7-codex", 0), ("arc-agi-x-codex", 1)])
def test_the_other_tasks_of_a_benchmark_settle_a_name(tmp_path, other, count):
    """`arc-1-mini-codex`: task 1, or 1-mini, of arc."""
    files = fleet({f"{FIXTURES}/arc-1-mini-codex.trajectory.jsonl": GOOD})
    task = other.removeprefix("arc-agi-").removesuffix("-codex")
    files[f"{FIXTURES}/arc-{task}-codex.trajectory.jsonl"] = GOOD
    assert len(judge(write(tmp_path, files), "FIX002").findings) == count


def test_an_unknown_part_of_a_name_has_its_nearest(tmp_path):
    name = f"{FIXTURES}/arc-0-codec.trajectory.jsonl"
    (finding,) = judge(write(tmp_path, fleet({name: GOOD})), "FIX001").findings
    assert "did you mean codex?" in finding.message


def test_no_line_of_a_fixture_is_shown(tmp_path):
    report = judge(write(tmp_path, fleet({CODEX: REFUSAL})), "FIX009", "SEC")
    assert report.findings
    assert report.excerpts == {}


def test_a_manifest_that_cannot_be_read_is_a_problem(tmp_path):
    write(tmp_path, fleet({CODEX: REFUSAL, BROKEN: b" " * (5 << 20)}))
    report = judge(tmp_path, "FIX009", "FIX012")
    assert [problem.path for problem in report.problems] == [BROKEN]
    assert [f.rule for f in report.findings] == ["FIX009"]
