"""STR: each rule both ways, and each exemption."""

from __future__ import annotations

import pytest
from tests.fleets import found, judge, write

ARC = "containers/benchmarks/arc"
CODEX = "containers/agents/codex"
COMPOSE = f"{ARC}/compose.yaml"
SHARED = "containers/compose/services.yaml"
BENCH = 'FROM a:1\nLABEL eval.type="benchmark"\n'
TEST = 'FROM a:1\nLABEL eval.type="benchmark" eval.benchmark.env="test"\n'
INCLUDE = "include:\n  - path: ../../compose/services.yaml\n"
RUNNER = "services:\n  runner:\n    environment:\n      BENCHMARK: arc\n"
GATEWAY = "services:\n  gateway:\n    image: x:1\n"


def where(rule: str, files: dict[str, str], tmp_path):
    report = judge(write(tmp_path, files), rule)
    assert not report.problems
    return [(path, line) for _, path, line in found(report)]


def abouts(rule: str, files: dict[str, str], tmp_path):
    report = judge(write(tmp_path, files), rule)
    return sorted((finding.subject, finding.about) for finding in report.findings)


FULL = {f"{ARC}/Dockerfile": BENCH, COMPOSE: INCLUDE, f"{ARC}/README.md": "# ARC\n"}
AGENT = {f"{CODEX}/Dockerfile": "FROM a:1\n", f"{CODEX}/README.md": "# Codex\n"}


@pytest.mark.parametrize("missing", sorted(FULL))
def test_benchmark_incomplete(missing, tmp_path):
    files = {path: text for path, text in FULL.items() if path != missing} | AGENT
    assert abouts("STR001", files, tmp_path) == [("arc", missing.rpartition("/")[2])]


@pytest.mark.parametrize("missing", sorted(AGENT))
def test_agent_incomplete(missing, tmp_path):
    files = {path: text for path, text in AGENT.items() if path != missing} | FULL
    assert abouts("STR001", files, tmp_path) == [("codex", missing.rpartition("/")[2])]


def test_complete_and_exempt(tmp_path):
    carrier = {f"{ARC}/Dockerfile": TEST, COMPOSE: INCLUDE}
    other = {
        "containers/benchmarks/_chart/Chart.yaml": "a: 1\n",
        "containers/core/x/Dockerfile": "FROM a:1\n",
    }
    assert where("STR001", FULL | AGENT | other, tmp_path / "a") == []
    assert where("STR001", carrier, tmp_path / "b") == []


@pytest.mark.parametrize(
    ("readme", "lines"),
    [
        ("3 benchmarks, 1 agents", [1]),
        ("x\n**3** benchmarks", [2]),
        ("1,040 benchmarks", [1]),
        ("3 AI benchmarks", [1]),
        ("2 benchmarks, 4 agents", [1]),
        ("![b](https://img.shields.io/badge/benchmarks-5-blue)", [1]),
        ("9+ benchmarks", [1]),
        ("2 benchmarks, 1 agents", []),
        ("**2** benchmarks × [1 agents](x)", []),
        ("1+ benchmarks", []),
        ("2 benchmarks, of which 7 benchmarks", []),
        ("version 1.3 benchmarks, many benchmarks", []),
        ("nothing is claimed", []),
    ],
)
def test_counts(readme, lines, tmp_path):
    files = (
        FULL
        | AGENT
        | {
            "containers/benchmarks/two/Dockerfile": BENCH,
            "containers/benchmarks/smoke/Dockerfile": TEST,
            "README.md": readme,
        }
    )
    assert where("STR002", files, tmp_path) == [("README.md", line) for line in lines]


@pytest.mark.parametrize(
    ("compose", "more", "expected"),
    [
        (INCLUDE + RUNNER, {}, []),
        ("include: [../../compose/services.yaml]\n" + RUNNER, {}, []),
        (INCLUDE + "services: {runner: {environment: [BENCHMARK=arc]}}\n", {}, []),
        ("x: &e {BENCHMARK: arc}\n" + INCLUDE
         + "services: {runner: {environment: {<<: *e}}}\n", {}, []),
        (INCLUDE + "services: {runner: {extends: base}, base: {environment: [BENCHMARK=arc]}}\n",
         {}, []),
        (INCLUDE + "services: {runner: {extends: {file: ../x.yaml, service: r}}}\n",
         {"containers/benchmarks/x.yaml": RUNNER.replace("runner", "r")}, []),
        (RUNNER, {}, ["include"]),
        ("include: [other.yaml]\n" + RUNNER, {}, ["include"]),
        (INCLUDE + RUNNER + "  gateway: {image: 'y:1'}\n", {}, ["gateway"]),
        ("include: [../../compose/services.yaml, more.yaml]\n" + RUNNER + "  db: {image: 'y:1'}\n",
         {f"{ARC}/more.yaml": "include: [deep.yaml]\n",
          f"{ARC}/deep.yaml": "services: {db: {image: 'z:1'}}\n"}, ["db"]),
        (INCLUDE, {}, ["runner"]),
        (INCLUDE + "services:\n  runner:\n", {}, ["runner"]),
        (INCLUDE + RUNNER.replace("arc", "gsm8k"), {}, ["BENCHMARK"]),
        (INCLUDE + RUNNER.replace("arc", "${B:-arc}"), {}, ["BENCHMARK"]),
        (INCLUDE + "services: {runner: {image: 'x:1'}}\n", {}, ["BENCHMARK"]),
        (INCLUDE + "services: {runner: {extends: runner}}\n", {}, ["BENCHMARK"]),
        (INCLUDE + "services: {runner: {environment: [BENCHMARK]}}\n", {}, ["BENCHMARK"]),
    ],
)  # fmt: skip
def test_compose_shared(compose, more, expected, tmp_path):
    files = FULL | {COMPOSE: compose, SHARED: GATEWAY} | more
    assert [about for _, about in abouts("STR003", files, tmp_path)] == expected


def test_shared_services_that_are_gone(tmp_path):
    files = FULL | {COMPOSE: INCLUDE + RUNNER}
    assert where("STR003", files, tmp_path) == [(COMPOSE, 2)]


def test_a_broken_compose_file_is_a_problem(tmp_path):
    report = judge(write(tmp_path, FULL | {COMPOSE: "a: [\n"}), "STR003")
    assert [problem.path for problem in report.problems] == [COMPOSE]


@pytest.mark.parametrize(
    ("image", "fires"),
    [
        ("x/y:${EVAL_AGENT_VERSION:-latest}", True),
        ("x/y:$EVAL_VERSION", True),
        ("${EVAL_REGISTRY:-ghcr.io/exgentic}/core/x:${OTEL_VERSION}", True),
        ("ghcr.io/exgentic/core/x:${OTEL_VERSION}", True),
        ("x/y:${EVAL_AGENT_TAG:-latest}", False),
        ("postgres:${POSTGRES_VERSION:-16}", False),
        ("ghcr.io/exgentic/core/x:latest", False),
    ],
)
def test_tag_axis(image, fires, tmp_path):
    files = FULL | {SHARED: f"services:\n  a:\n    image: {image}\n"}
    assert where("STR004", files, tmp_path) == ([(SHARED, 3)] if fires else [])


@pytest.mark.parametrize(
    ("target", "dead"),
    [
        ("gone.md", True),
        ("../gone/", True),
        ("/docs/gone.md", True),
        ("gone.md#part", True),
        ("other.md", False),
        ("other.md#part", False),
        ("#part", False),
        ("./a%20b.md", False),
        ("../containers", False),
        ("../containers/agents/", False),
        ("/docs/other.md", False),
        ("other.md?plain=1", False),
        ("../../issues/1", False),
        ("https://h/gone.md", False),
        ("mailto:a@b", False),
        ("{{ url }}", False),
    ],
)
def test_dead_link(target, dead, tmp_path):
    files = FULL | AGENT | {
        "docs/page.md": f"x\n[a](<{target}>)\n", "docs/other.md": "", "docs/a b.md": "",
    }  # fmt: skip
    assert where("STR005", files, tmp_path) == ([("docs/page.md", 2)] if dead else [])


@pytest.mark.parametrize(
    ("path", "named", "dead"),
    [
        ("RULES.md", "containers/gone.sh", True),
        ("docs/RULES.md", "containers/gone/", True),
        ("RULES.md", "containers/agents/codex/README.md", False),
        ("containers/RULES.md", "agents/codex/README.md", False),
        ("RULES.md", "containers/<agent>/README.md", False),
        ("RULES.md", "output/result.json", False),
        ("docs/page.md", "containers/gone.sh", False),
    ],
)
def test_paths_named_in_rules(path, named, dead, tmp_path):
    files = FULL | AGENT | {path: f"x\nsee `{named}`\n"}
    assert where("STR005", files, tmp_path) == ([(path, 2)] if dead else [])


@pytest.mark.parametrize(
    ("heading", "dead"),
    [
        ("# Changelog", False),
        ("## CHANGELOG ##", False),
        ("## Changelog\n\n### 2026", False),
        ("## Changelog\n\n## Notes", True),
        ("## Changes", True),
        ("```\n## Changelog\n```", True),
    ],
)
def test_a_changelog_tells_what_was_there(heading, dead, tmp_path):
    text = f"# Rules\n\n{heading}\n\n[a](gone.md), `containers/gone.sh`\n"
    found = where("STR005", FULL | {"RULES.md": text}, tmp_path)
    assert [path for path, _ in found] == ["RULES.md"] * (2 * dead)


FORM = """\
# Rules

**Status:** Active
**Date:** May 2026

## Abstract
## Terminology
## Requirements

1. **One.** MUST.
2. **Two.** MUST.

## References
## Changelog

| 2026-05-31 | Initial version. |
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", []),
        ("Active", "Fine", ["lacks a status (Draft, Active, Superseded)"]),
        ("**Date:** May 2026", "", ["lacks a date"]),
        ("## Abstract\n", "", ["lacks Abstract"]),
        ("1. **One.** MUST.\n2. **Two.** MUST.\n", "", ["lacks numbered requirements"]),
        ("# Rules\n", "", ["lacks a title"]),
        ("2. **Two", "1a. **A\n1a. **Two", ["has two requirements with the number 1a"]),
        ("| 2026-05-31", "| once", ["has a Changelog without a dated row"]),
        ("## Abstract\n## Terminology\n", "## Terminology\n## Abstract\n",
         ["has its section Terminology out of order"]),
        ("## References\n## Changelog", "## Changelog\n| 2026-05-31 | x |\n## References",
         ["has its section Changelog out of order"]),
    ],
)  # fmt: skip
def test_rules_document_form(old, new, said, tmp_path):
    files = FULL | {".agents/RULES.md": FORM.replace(old, new, 1), "docs/page.md": "x"}
    report = judge(write(tmp_path, files), "STR006")
    assert [f.message.removeprefix("the rules document ") for f in report.findings] == said


BAKE = """\
variable "REGISTRY" {{ default = "example" }}
target "base" {{
  context = "containers/core/base"
  tags = ["${{REGISTRY}}/core/base:1"]
}}
target "tool" {{
  context = "containers/core/tool"
  tags = ["${{REGISTRY}}/core/tool:1"] # why
}}
target "arc" {{
  context = "containers/benchmarks/arc"
  {}
}}
"""
ON_BASE = "ARG REGISTRY=example\nFROM ${REGISTRY}/core/base:1\n"


@pytest.mark.parametrize(
    ("arc", "dockerfile", "lines"),
    [
        ('contexts = { "${REGISTRY}/core/base" = "target:base" }', ON_BASE, []),
        ('contexts = {\n    "${REGISTRY}/core/base" = "target:base"\n'
         '    "${REGISTRY}/core/tool" = "target:tool"\n  }', ON_BASE, [14]),
        ('contexts = { "${REGISTRY}/core/base" = "target:tool" }', ON_BASE, [12]),
        ('contexts = { "${REGISTRY}/core/base" = "target:gone" }', ON_BASE, [12]),
        ('contexts = { "${REGISTRY}/core/base" = "target:base" }',
         ON_BASE + "COPY --from=example/core/tool:1 /a /a\n", [10]),
        ('contexts = { "${REGISTRY}/core/base" = "target:base" }\n  args = { T = TOOL }',
         "ARG T=example/core/tool:1\nFROM ${T} AS t\n" + ON_BASE, []),
        ('contexts = { "${REGISTRY}/core/base" = "target:base" }',
         "ARG T=example/core/tool:1\nFROM ${T} AS t\n" + ON_BASE, [10]),
        ('contexts = { "${REGISTRY}/core/base" = "target:base" }\n  inherits = ["base"]',
         ON_BASE + "COPY --from=example/core/tool:1 /a /a\n", []),
        ('contexts = { "src" = "./src" }', ON_BASE + "COPY --from=src /a /a\n", [10]),
        ('contexts = { "src" = "./src", "${REGISTRY}/core/base" = "target:base" }',
         ON_BASE + "RUN --mount=from=src,target=/src true\n", []),
        ('contexts = { "${OTHER}/base" = "target:base-${X}" }', ON_BASE.replace("core/", ""), []),
        ("# contexts = { x = y }", ON_BASE, []),
        ('dockerfile = "gone.Dockerfile"\n  contexts = { "x/y" = "target:base" }', ON_BASE, [13]),
        ('}\nvariable "DEAD" {', ON_BASE, [13]),
        ('}\nvariable "USED" {}\ntarget "x" { tags = ["${USED}/x"]', ON_BASE, []),
    ],
)  # fmt: skip
def test_contexts_of_a_bake_file(arc, dockerfile, lines, tmp_path):
    files = {
        "docker-bake.hcl": BAKE.format(arc),
        "containers/benchmarks/arc/Dockerfile": dockerfile,
        "containers/core/base/Dockerfile": "FROM a:1\n",
        "containers/core/tool/Dockerfile": "FROM a:1\n",
    }
    assert where("STR007", files, tmp_path) == [("docker-bake.hcl", line) for line in lines]


@pytest.mark.parametrize(
    "text", ["", "{", 'target "a" {', 'target "a" { contexts = { "', "a = [", '"']
)
def test_what_is_no_bake_file_has_no_targets_to_compare(text, tmp_path):
    assert where("STR007", FULL | {"docker-bake.hcl": text}, tmp_path) == []
