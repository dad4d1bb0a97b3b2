"""A fleet with a fixture in every state: what the web page is tested and shown with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256

from tests.fleets import FIXTURES
from tests.samples.trajectories import START, lines, litellm_row

from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.facts.replays.verdict import Judgement, ReplayEvidence, Verdict, Wanted

REVISION = "210d026faf9955653af8916fad021475a3f00453"
BENCHMARKS = (
    "anagrams", "bug-hunt", "chess-endings", "commit-log", "crosswords", "date-math",
    "floor-plans", "geometry", "git-tangles", "haiku", "kitchen-sink", "logic-grids",
    "map-reading", "proofs", "regex-golf", "shell-riddles", "sql-riddles", "word-count",
    "word-count-hard",
)  # fmt: skip
CLIENTS = {
    "claude-code": "claude-cli/2.1",
    "cline": "Cline/3.1",
    "codex": "codex_exec/1.0",
    "copilot-cli": "copilot-cli/1.2",
    "crush": "Charm Crush/0.9",
    "gemini-cli": "GeminiCLI/0.30",
    "mini-swe-agent": "Python-urllib/3.12",
    "opencode": "opencode/1.1",
    "qwen-code": "QwenCode/0.5",
    "swe-agent": "Python-urllib/3.12",
}
"""Each agent and the user agent that it sends; two send a library's, which tells nothing."""
STATES = (
    "recorded", "reproduced", "recorded", "unprovenanced", "reproduced", "other-agent", "recorded",
    "reproduced", "stale", "recorded", "reproduced", "unprovenanced", "bad", "recorded",
    "reproduced", "known-bad", "recorded", "not-reproduced", "reproduced", "contradicted",
    "recorded", "unreadable", "reproduced", "recorded", "unprovenanced",
)  # fmt: skip
AMBIGUOUS = "word-count-4-mini-swe-agent"
POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    f"oid sha256:{'ab' * 32}\nsize 4000000\n"
)  # fmt: skip


def files() -> dict[str, str | bytes]:
    """The whole fleet, by path."""
    found: dict[str, str | bytes] = {
        "README.md": "# Riddles\n",
        "evalpolicy.toml": '[[allow]]\nrule = "FIX008"\nreason = "the gateway was being mended"\n'
        f'path = "{FIXTURES}/*"\n',
        "containers/compose/services.yaml": "services:\n  gateway:\n    image: example/gateway:1\n",
        "docs/floor-plan.svg": "<svg/>" * 100_000,
    }
    for number, name in enumerate(BENCHMARKS):
        folder = f"containers/benchmarks/{name}"
        found[f"{folder}/Dockerfile"] = _benchmark(number, name)
        found[f"{folder}/README.md"] = f"# {name}\n"
        found[f"{folder}/compose.yaml"] = (
            "include:\n  - path: ../../compose/services.yaml\nservices:\n  runner:\n"
            f"    image: example/{name}:1.0\n    environment:\n      BENCHMARK: {name}\n"
        )
    for name in CLIENTS:
        found[f"containers/agents/{name}/Dockerfile"] = _agent(name)
        found[f"containers/agents/{name}/README.md"] = f"# {name}\n"
    entries: dict[str, object] = {}
    broken = []
    for stem, benchmark, task, agent, state in fixtures():
        path = f"{FIXTURES}/{stem}.trajectory.jsonl"
        content = _recording(len(found), agent, state)
        found[path] = content
        if state in ("unprovenanced", "ambiguous"):
            continue
        entries[stem] = _entry(benchmark, task, agent, state, content)
        if state == "known-bad":
            reason = "loops from turn 3 on; to be recorded anew"
            broken.append({"fixture": path.rpartition("/")[2], "reason": reason})
    found[f"{FIXTURES}/provenance.json"] = json.dumps(entries, indent=2) + "\n"
    found[f"{FIXTURES}/broken.json"] = json.dumps({"broken": broken}, indent=2) + "\n"
    return found


def before(now: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """The fleet as it was some commits ago: some mistakes are not made yet, others still are."""
    found = {path: text for path, text in now.items() if not path.startswith("docs/")}
    for name in ("crush", "codex"):
        found[f"containers/agents/{name}/Dockerfile"] = "FROM node:latest\n"
    for name in BENCHMARKS[5:9]:
        found.pop(f"containers/benchmarks/{name}/README.md")
    return found


def replays() -> list[Replayed]:
    """The replays of the fleet's fixtures."""
    return [
        replay(
            f"{FIXTURES}/{stem}.trajectory.jsonl",
            "reproduced" if state == "reproduced" else "exhausted",
            *(() if state == "reproduced" else ("2 of 5 calls came after the last turn",)),
        )
        for stem, *_, state in fixtures()
        if state in ("reproduced", "not-reproduced")
    ]


def replay(
    path: str, verdict: Verdict, *reasons: str, sha256: str = "", control: bool = False
) -> Replayed:
    """One replay, as far as the page reads it."""
    evidence = ReplayEvidence(Wanted(sha256, 1, "word-count", "4", control=control))
    return Replayed(path, path, evidence, Judgement(verdict, reasons))


def fixtures() -> Iterator[tuple[str, str, str, str, str]]:
    """Name, benchmark, task, agent and state of every fixture, spread over the matrix."""
    yield AMBIGUOUS, "word-count", "4", "mini-swe-agent", "ambiguous"
    agents = [agent for agent in CLIENTS if agent not in ("mini-swe-agent", "cline")]
    for number in range(75):
        benchmark = BENCHMARKS[number * 7 % (len(BENCHMARKS) - 2)]
        agent = agents[(number * 5 + number * number // 13) % len(agents)]
        task = str(number)
        yield f"{benchmark}-{task}-{agent}", benchmark, task, agent, STATES[number % len(STATES)]


def _benchmark(number: int, name: str) -> str:
    base = "python:latest" if number == 4 else "python:3.12-slim"
    revision = (
        "" if number in (2, 9, 14) else f' \\\n      eval.benchmark.data_revision="{REVISION}"'
    )
    released = ' \\\n      eval.benchmark.released="true"' if number % 2 or number < 9 else ""
    fetch = "pip install solver" if number in (1, 7) else f"fetch --revision {REVISION}"
    return (
        f"FROM {base}\n"
        'LABEL eval.type="benchmark" \\\n'
        f'      eval.benchmark.name="{name}" \\\n'
        f'      eval.benchmark.description="{name}, one riddle a task" \\\n'
        f'      eval.benchmark.tasks="{40 + number * 17}" \\\n'
        '      eval.benchmark.env="shared-env" \\\n'
        f'      eval.benchmark.internet="false"{revision}{released}\n'
        f"RUN {fetch}\n"
    )


def _agent(name: str) -> str:
    return (
        "FROM node:22-slim\nARG AGENT_VERSION=1.4.2\n"
        f'LABEL eval.type="agent" eval.agent.name="{name}" eval.agent.description="{name}"\n'
        'LABEL eval.agent.version="${AGENT_VERSION}"\n'
    )


def _recording(number: int, agent: str, state: str) -> bytes:
    if state == "unreadable":
        return POINTER.encode()
    client = CLIENTS["gemini-cli" if agent == "codex" else "codex"]
    if state != "other-agent":
        client = CLIENTS[agent]
    texts = [f"turn {turn} of run {number}: {'so it is. ' * (number % 40)}" for turn in range(5)]
    if state == "bad":
        texts.append("I'm sorry, but I cannot assist with that.")
    if state == "known-bad":
        texts = ["again"] * 8
    rows = [
        litellm_row(
            id=f"row-{number}-{turn}",
            response=_reply(f"reply-{number}-{turn}", text),
            startTime=START + 60 * turn,
            endTime=START + 60 * turn + 7,
            user_agent=client,
            prompt_tokens=900 + number,
            response_cost=0.004 * (turn + 1),
        )
        for turn, text in enumerate(texts)
    ]
    return lines(*rows)


def _reply(id: str, text: str) -> dict[str, object]:
    message = {"role": "assistant", "content": text}
    return {
        "id": id,
        "model": "default",
        "choices": [{"finish_reason": "stop", "message": message}],
    }


def _entry(
    benchmark: str, task: str, agent: str, state: str, content: bytes
) -> Mapping[str, object]:
    evidence = {"model": "recording: response.model", "captured": "option: --captured"}
    recorded: str | None = {"contradicted": "goose", "other-agent": None}.get(state, agent)
    if recorded is None:
        evidence["agent"] = "unknown: the recording shows another one than its name"
    return {
        "benchmark": benchmark,
        "task_id": task,
        "agent": recorded,
        "agent_version": "1.4.2",
        "model": "openai/gpt-x",
        "benchmark_data_revision": "0" * 40 if state == "stale" else REVISION,
        "captured": "2026-06-15T08:30:00Z",
        "release_tag": "v0.1.0",
        "sha256": sha256(content).hexdigest(),
        "reward": 1,
        "evidence": evidence,
    }
