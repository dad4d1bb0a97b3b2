"""Submissions that need a finding gone, and the ways in which they try to have it gone."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from tests.fleets import BENCHMARK, FIXTURES, FLEET
from tests.samples.credentials import by_id, token

ARC = "containers/benchmarks/arc/Dockerfile"
EVIL = "containers/benchmarks/evil/Dockerfile"
RECORDING = f"{FIXTURES}/arc-0-codex.traces.jsonl"
CONFIG = "evalpolicy.toml"
BASELINE = ".evalpolicy-baseline.json"
WORKFLOW = ".github/workflows/policy.yml"
HOOKS = ".pre-commit-config.yaml"
RUNS = """\
on:
  pull_request:
jobs:
  policy:
    runs-on: ubuntu-latest
    steps:
      - uses: evalpolicy/evalpolicy@v0.1.0
"""
SCRIPT = RUNS.replace("uses: evalpolicy/evalpolicy@v0.1.0", "run: evalpolicy check --base main")
KEY = token(by_id("anthropic"), random.Random(1))
CONTRACT = json.dumps({"type": "object", "required": ["eval.benchmark.tasks"]})

Files = Mapping[str, str | bytes | None]
BASE: Files = {**FLEET, CONFIG: "[rules]\n", WORKFLOW: RUNS}

WRONG_TASKS = {ARC: BENCHMARK.replace('"400"', '"many"')}
TASKS = '      eval.benchmark.tasks="'
BELOW = BENCHMARK.replace(TASKS, f"# evalpolicy: ignore[LBL003] x\n{TASKS}").replace("400", "many")
NET = '      eval.benchmark.internet="'
TWICE = BELOW.replace(f"{NET}false", f"# evalpolicy: ignore[LBL003] x\n{NET}maybe")


class Silencer(NamedTuple):
    """What a submission brings: a finding of `rule` in `offence`, and what is to hide it.

    `rule` is SUB012 where the finding is hidden, and that is reported.
    """

    name: str
    rule: str
    offence: Files
    silencer: Files
    base: Files = MappingProxyType({})
    message: str = "Change something\n\nFixes #12.\n\nSigned-off-by: Test <test@example.org>\n"
    arguments: tuple[str, ...] = ()
    folder: str = "."


def toml(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def allow(rule: str, path: str = "**") -> str:
    return toml("[[allow]]", f'rule = "{rule}"', f'path = "{path}"', 'reason = "x"')


def rows(*found: tuple[str, str, str], about: str = "") -> str:
    findings = [{"rule": r, "path": p, "subject": s, "about": about} for r, p, s in found]
    return json.dumps({"version": 1, "rules": "0.1.0", "findings": findings})


LABEL = ("LBL003", WRONG_TASKS)
LABEL_ROW = rows(("LBL003", ARC, "arc"), about="eval.benchmark.tasks")
KEYS = ("SEC001", {RECORDING: json.dumps({"key": KEY}) + "\n"})
BIG = ("SIZ001", {"data.bin": b"\0" * 900_000})
HOST = ("SEC002", {RECORDING: '{"url": "https://llm.corp.example/v1"}\n'})
HOSTS = toml("[secrets]", r"internal_hosts = ['[a-z0-9.-]+\.corp\.example']")
NEW = ("LBL001", {EVIL: "FROM ubuntu\n"})
ISSUE = ("SUB001", {"notes.txt": "x\n"})
NO_ISSUE = "x\n"
OFF = toml("[rules]", *(f'{family} = "off"' for family in ("LBL", "REL", "STR", "SUB", "EVP")))


def large_files(setting: str) -> str:
    url = "https://github.com/pre-commit/pre-commit-hooks"
    hook = f"{{id: check-added-large-files, {setting}}}"
    return f"repos:\n- {{repo: {url}, rev: v5.0.0, hooks: [{hook}]}}\n"


def step(*more: str) -> str:
    return RUNS + "".join(f"        {line}\n" for line in more)


SILENCERS = [
    # The ten of the first report.
    Silencer("key + allow SUB + baseline", *KEYS, {CONFIG: allow("SUB"), BASELINE: rows(("SEC001", RECORDING, RECORDING))}),  # noqa: E501
    Silencer("bots", *ISSUE, {CONFIG: toml("[submission]", 'bots = [".*"]')}, message=NO_ISSUE),
    Silencer("allow SUB", *ISSUE, {CONFIG: allow("SUB")}, message=NO_ISSUE),
    Silencer("narrow layout", *NEW, {CONFIG: toml("[layout]", 'dockerfiles = ["containers/agents/**/Dockerfile"]', 'benchmarks = ["containers/benchmarks/arc"]')}),  # noqa: E501
    Silencer("size limit", *BIG, {CONFIG: toml("[sizes]", "limit = 99999")}),
    Silencer("contract of its own", *LABEL, {CONFIG: toml("[contracts]", 'benchmark = "c.json"'), "c.json": "{}"}),  # noqa: E501
    Silencer("baselines = []", *LABEL, {CONFIG: toml("[submission]", "baselines = []"), BASELINE: LABEL_ROW}),  # noqa: E501
    Silencer("all rules off", *LABEL, {CONFIG: OFF}),
    Silencer("comment", *("LBL003", {ARC: BELOW}), {}),
    Silencer("internal hosts gone", *HOST, {CONFIG: "[rules]\n"}, base={CONFIG: HOSTS}),
    # Levels.
    Silencer("family off", *LABEL, {CONFIG: toml("[rules]", 'LBL = "off"')}),
    Silencer("rule by name to note", *LABEL, {CONFIG: toml("[rules]", 'label-invalid = "note"')}),
    Silencer("level that the base set, gone", "LBL003", WRONG_TASKS, {CONFIG: '[rules]\nLBL003 = "note"\n'}, base={CONFIG: '[rules]\nLBL003 = "error"\n'}),  # noqa: E501
    Silencer("SUB off", *ISSUE, {CONFIG: toml("[rules]", 'SUB = "off"')}, message=NO_ISSUE),
    Silencer("SUB012 off with a baseline", *LABEL, {CONFIG: toml("[rules]", 'SUB012 = "off"'), BASELINE: LABEL_ROW}),  # noqa: E501
    # Where the configuration stands.
    Silencer("configuration deleted", *HOST, {CONFIG: None}, base={CONFIG: HOSTS}),
    Silencer("evalpolicy.toml before pyproject", *HOST, {CONFIG: OFF}, base={CONFIG: None, "pyproject.toml": HOSTS.replace("[secrets]", "[tool.evalpolicy.secrets]")}),  # noqa: E501
    Silencer("moved into pyproject, emptier", *HOST, {CONFIG: None, "pyproject.toml": "[tool.evalpolicy]\n"}, base={CONFIG: HOSTS}),  # noqa: E501
    Silencer("a root of its own below", *LABEL, {"containers/evalpolicy.toml": OFF}, folder="containers"),  # noqa: E501
    Silencer("the root below deleted", "SEC002", {f"sub/{RECORDING}": HOST[1][RECORDING]}, {"sub/evalpolicy.toml": None}, base={"sub/evalpolicy.toml": HOSTS, **{f"sub/{p}": c for p, c in FLEET.items()}}, folder="sub"),  # noqa: E501
    Silencer("no configuration at the base, but a workflow", *LABEL, {CONFIG: OFF}, base={CONFIG: None}),  # noqa: E501
    Silencer("no configuration at the base, but a hook", *LABEL, {CONFIG: OFF}, base={CONFIG: None, WORKFLOW: None, HOOKS: "repos:\n- repo: https://github.com/evalpolicy/evalpolicy\n  rev: v0.1.0\n  hooks: [{id: evalpolicy}]\n"}),  # noqa: E501
    Silencer("no configuration at the base, but a baseline", *LABEL, {CONFIG: OFF}, base={CONFIG: None, WORKFLOW: None, BASELINE: rows()}),  # noqa: E501
    # Allowances.
    Silencer("allow the rule", *LABEL, {CONFIG: allow("LBL003")}),
    Silencer("allow SUB012 itself", *LABEL, {CONFIG: allow("SUB") + allow("LBL", "containers/**")}),
    Silencer("wider path of a known allowance", *LABEL, {CONFIG: allow("LBL003", "containers/**")}, base={CONFIG: allow("LBL003", "containers/agents/**")}),  # noqa: E501
    Silencer("known allowance without its match", *LABEL, {CONFIG: allow("LBL003", ARC)}, base={CONFIG: allow("LBL003", ARC) + 'match = "eval.benchmark.env"\n'}),  # noqa: E501
    # Baselines.
    Silencer("baseline write", *LABEL, {BASELINE: LABEL_ROW}),
    Silencer("one more of a known row", "LBL003", WRONG_TASKS, {BASELINE: LABEL_ROW}, base={BASELINE: rows(("LBL003", "elsewhere/Dockerfile", "arc"))}),  # noqa: E501
    Silencer("a tracked file by --baseline", *LABEL, {"known.json": LABEL_ROW}, arguments=("--baseline", "known.json")),  # noqa: E501
    Silencer("more in the file of --baseline", *LABEL, {"known.json": LABEL_ROW}, base={"known.json": rows()}, arguments=("--baseline", "known.json")),  # noqa: E501
    # Comments.
    Silencer("comment with a second copy", "LBL003", {ARC: TWICE}, {}, base={ARC: BELOW}),
    Silencer("comment in a new file", "LBL001", {EVIL: "# evalpolicy: ignore[LBL] x\nFROM ubuntu\n"}, {}),  # noqa: E501
    Silencer("comment for another rule than before", "LBL003", {ARC: BELOW}, {}, base={ARC: BENCHMARK.replace(TASKS, f"# evalpolicy: ignore[LBL005] x\n{TASKS}")}),  # noqa: E501
    # Layout.
    Silencer("benchmarks elsewhere", *NEW, {CONFIG: toml("[layout]", 'benchmarks = ["nowhere/*"]')}),  # noqa: E501
    Silencer("a benchmark by another role", *NEW, {CONFIG: toml("[layout]", 'benchmarks = ["containers/benchmarks/arc"]', 'gateways = ["containers/benchmarks/evil"]')}),  # noqa: E501
    Silencer("fixtures elsewhere", *KEYS, {CONFIG: toml("[layout]", 'fixtures = ["nowhere/*"]')}),
    # Fixtures.
    Silencer("one more model", *LABEL, {CONFIG: toml("[fixtures]", 'models = ["a", "b"]')}, base={CONFIG: toml("[fixtures]", 'models = ["a"]')}),  # noqa: E501
    Silencer("no replay tests", *LABEL, {CONFIG: "[rules]\n"}, base={CONFIG: toml("[fixtures]", 'replay_tests = ["t/*"]')}),  # noqa: E501
    Silencer("a refusal is right", *LABEL, {CONFIG: toml("[fixtures]", 'refusals = ["arc"]')}),
    # Contracts.
    Silencer("the contract's content", "LBL001", {ARC: BENCHMARK.replace('      eval.benchmark.tasks="400" \\\n', "")}, {"c.json": "{}"}, base={CONFIG: toml("[contracts]", 'benchmark = "c.json"'), "c.json": CONTRACT}),  # noqa: E501
    Silencer("the contract no longer named", "LBL001", {ARC: BENCHMARK}, {CONFIG: "[rules]\n"}, base={CONFIG: toml("[contracts]", 'benchmark = "c.json"'), "c.json": CONTRACT.replace("tasks", "owner"), ARC: "FROM python:3.12-slim\n"}),  # noqa: E501
    # Sizes, secrets, submission.
    Silencer("size limit gone", "SIZ001", {"data.bin": b"\0" * 300_000}, {CONFIG: "[rules]\n"}, base={CONFIG: toml("[sizes]", "limit = 100")}),  # noqa: E501
    Silencer("large-file hook", "SUB012", BIG[1], {HOOKS: large_files("args: [--maxkb=9999]")}),
    Silencer("exclude of a new large-file hook", "SUB012", BIG[1], {HOOKS: large_files("exclude: bin$")}),  # noqa: E501
    Silencer("issue references of anything", *ISSUE, {CONFIG: toml("[submission]", 'issue_references = ["."]')}, message=NO_ISSUE),  # noqa: E501
    Silencer("sign-off by anyone", *LABEL, {CONFIG: toml("[submission]", 'sign_off = "anyone"')}),
    Silencer("governs nothing", *LABEL, {CONFIG: toml("[submission.governs]", '"**/RULES.md" = []')}),  # noqa: E501
    Silencer("governs less", *LABEL, {CONFIG: toml("[submission.governs]", '"**/RULES.md" = ["a"]')}, base={CONFIG: toml("[submission.governs]", '"**/RULES.md" = ["a", "b"]')}),  # noqa: E501
    Silencer("provenance elsewhere", *LABEL, {CONFIG: toml("[layout]", 'provenance = "p.json"')}, base={f"{FIXTURES}/provenance.json": "{}"}),  # noqa: E501
    Silencer("exempt label", *ISSUE, {CONFIG: toml("[submission.exempt_labels]", 'SUB001 = ["x"]')}, message=NO_ISSUE),  # noqa: E501
    # What runs the tool.
    Silencer("fail-on never", *LABEL, {WORKFLOW: step("with:", "  fail-on: never")}),
    Silencer("select", *LABEL, {WORKFLOW: step("with:", "  select: SUB")}),
    Silencer("ignore", *LABEL, {WORKFLOW: step("with:", "  ignore: LBL")}),
    Silencer("baseline input", *LABEL, {WORKFLOW: step("with:", "  baseline: known.json")}),
    Silencer("path input", *LABEL, {WORKFLOW: step("with:", "  path: docs")}),
    Silencer("if: false", *LABEL, {WORKFLOW: step("if: false")}),
    Silencer("continue-on-error", *LABEL, {WORKFLOW: step("continue-on-error: true")}),
    Silencer("the step gone", *LABEL, {WORKFLOW: RUNS.partition("      - uses")[0] + "      - run: 'true'\n"}),  # noqa: E501
    Silencer("the workflow gone", *LABEL, {WORKFLOW: None}),
    Silencer("the event gone", *LABEL, {WORKFLOW: RUNS.replace("pull_request", "workflow_dispatch")}),  # noqa: E501
    Silencer("fewer paths", *LABEL, {WORKFLOW: RUNS.replace("pull_request:", "pull_request: {paths: [docs/**]}")}),  # noqa: E501
    Silencer("another action", *LABEL, {WORKFLOW: RUNS.replace("evalpolicy/ev", "someone/ev")}),
    Silencer("an older version", *LABEL, {WORKFLOW: RUNS.replace("v0.1.0", "v0.0.1")}),
    Silencer("another commit of the action", *LABEL, {WORKFLOW: RUNS.replace("v0.1.0", "a" * 40)}),
    Silencer("another command", *LABEL, {WORKFLOW: SCRIPT.replace("check", "check --fail-on never")}, base={WORKFLOW: SCRIPT}),  # noqa: E501
    Silencer("accepted by the workflow itself", *LABEL, {CONFIG: OFF, WORKFLOW: step("with:", "  accept-policy-changes: true")}),  # noqa: E501
]  # fmt: skip
