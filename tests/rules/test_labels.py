"""LBL: each rule both ways, and each exemption, over one small benchmark."""

from __future__ import annotations

import pytest
from tests.fleets import AGENT, BENCHMARK, FLEET, found, judge, write

ARC = "containers/benchmarks/arc/Dockerfile"
SHA = "210d026faf9955653af8916fad021475a3f00453"


def label(key: str, value: str) -> str:
    """The benchmark with one label's value replaced."""
    lines = [
        f'      eval.benchmark.{key}="{value}"' + (" \\" if line.endswith("\\") else "")
        if line.strip().startswith(f"eval.benchmark.{key}=")
        else line
        for line in BENCHMARK.splitlines()
    ]
    return "\n".join(lines) + "\n"


def without(*keys: str) -> str:
    """The benchmark, one label a line, without some of them."""
    pairs = [line.strip(" \\").removeprefix("LABEL ") for line in BENCHMARK.splitlines()[1:8]]
    kept = [p for p in pairs if p.split("=")[0] not in keys]
    return "FROM python:3.12-slim\n" + "".join(f"LABEL {p}\n" for p in kept) + f"RUN fetch {SHA}\n"


def plus(*lines: str, to: str = BENCHMARK) -> str:
    return to + "".join(f"{line}\n" for line in lines)


TABLE = "# x\n\n| Field | Value |\n|---|---|\n| {} | {} |\n"
MODEL = 'FROM x/litellm:{}\nLABEL eval.type="model" eval.model.litellm_version="{}"\n'

CASES = [
    ("LBL012", plus('LABEL eval.benchmark.upstream_base="x/y:latest"'), {}, 1),
    ("LBL012", plus('LABEL eval.benchmark.upstream_base="x/y:1.0"'), {}, 0),
    ("LBL012", plus('LABEL eval.benchmark.upstream_base="y:latest (built here)"'), {}, 0),
    # rule, Dockerfile of the benchmark, further files, how often it fires
    ("LBL001", BENCHMARK, {}, 0),
    ("LBL001", without("eval.benchmark.description"), {}, 1),
    ("LBL001", without("eval.benchmark.description", "eval.benchmark.data_revision"), {}, 2),
    ("LBL001", "FROM python:3.12-slim\n", {}, 7),
    ("LBL001", label("env", "test"), {}, 0),
    (
        "LBL001",
        without("eval.benchmark.description", "eval.benchmark.data_revision").replace(
            '"shared-env"', '"test"'
        ),
        {},
        0,
    ),
    ("LBL001", BENCHMARK.replace("slim\n", "slim AS base\n", 1) + "FROM base\n", {}, 0),
    ("LBL001", BENCHMARK + "FROM alpine:3.20\n", {}, 7),
    ("LBL002", label("description", ""), {}, 1),
    ("LBL002", label("description", "${NOBODY}"), {}, 1),
    ("LBL002", label("data_revision", "${REV}"), {"build.sh": "docker build --build-arg REV=1"}, 0),
    ("LBL002", label("data_revision", "${REV}"), {"build.sh": "docker build ."}, 1),
    ("LBL002", plus('LABEL eval.benchmark.url=""'), {}, 0),
    ("LBL003", BENCHMARK, {}, 0),
    ("LBL003", label("tasks", "1,040"), {}, 1),
    ("LBL003", label("tasks", "-1"), {}, 1),
    ("LBL003", label("tasks", "007"), {}, 1),
    ("LBL003", label("tasks", "0"), {}, 0),
    ("LBL003", label("tasks", "400\\n"), {}, 1),
    ("LBL003", label("env", "shared"), {}, 1),
    ("LBL003", label("internet", "True"), {}, 1),
    ("LBL003", plus('LABEL eval.benchmark.released="yes"'), {}, 1),
    ("LBL003", plus('LABEL eval.benchmark.url="arxiv.org/abs/1"'), {}, 1),
    ("LBL003", plus('LABEL eval.benchmark.url="https://arxiv.org/abs/1"'), {}, 0),
    ("LBL003", label("name", "ARC"), {}, 1),
    ("LBL003", label("tasks", "${N}"), {"build.sh": "docker build --build-arg=N=3 ."}, 0),
    ("LBL003", BENCHMARK.replace('"benchmark"', '"benchmrk"'), {}, 1),
    ("LBL003", BENCHMARK.replace('eval.type="benchmark"', 'eval.type="agent"'), {}, 1),
    ("LBL004", BENCHMARK, {}, 0),
    ("LBL004", label("name", "arc-agi"), {}, 1),
    ("LBL004", label("name", ""), {}, 0),
    ("LBL004", label("name", "${N}"), {"build.sh": 'docker build --build-arg "N=arc"'}, 0),
    ("LBL005", plus('LABEL eval.benchmark.data-revision="x"'), {}, 1),
    ("LBL005", plus('LABEL org.opencontainers.image.title="x"'), {}, 0),
    ("LBL005", plus('LABEL eval.benchmark.paper="https://example.org"'), {}, 0),
    ("LBL006", plus('LABEL eval.benchmark.tasks="400"'), {}, 1),
    ("LBL006", plus('LABEL eval.benchmark.tasks="1"', 'LABEL eval.benchmark.tasks="2"'), {}, 2),
    ("LBL006", BENCHMARK.replace("slim\n", "slim AS base\n", 1)
     + 'FROM base\nLABEL eval.benchmark.tasks="2"\n', {}, 0),
    ("LBL007", label("data_revision", "${REV}"), {}, 1),
    ("LBL007", label("data_revision", "${REV:-x}"), {}, 0),
    ("LBL007", label("data_revision", "${REV}"), {"build.sh": "# --build-arg REV=1\n"}, 1),
    (
        "LBL007",
        label("data_revision", "${REV}"),
        {"docker-bake.hcl": 'target "arc" {\n  args = {\n    REV = "${REF}"\n  }\n}\n'},
        0,
    ),
    (
        "LBL007",
        label("data_revision", "${REV}"),
        {"docker-bake.hcl": 'target "arc" {\n  args = {\n    OTHER = "REV = 1"\n  }\n}\n'},
        1,
    ),
    ("LBL007", label("description", "task ${EVAL_TASK_ID}"), {}, 0),
    ("LBL008", BENCHMARK, {}, 0),
    ("LBL008", label("data_revision", "main"), {}, 1),
    ("LBL008", label("data_revision", SHA[:12]), {}, 1),
    ("LBL008", label("data_revision", "sha256:" + "0" * 64), {}, 0),
    ("LBL008", label("data_revision", "${REV}"), {"build.sh": "docker build --build-arg REV=1"}, 0),
    ("LBL009", BENCHMARK, {}, 0),
    ("LBL009", BENCHMARK.replace(f"RUN fetch --revision {SHA}", "RUN fetch"), {}, 1),
    ("LBL009", BENCHMARK.replace("RUN fetch", "# RUN fetch"), {}, 1),
    ("LBL009", BENCHMARK.replace(f"RUN fetch --revision {SHA}", "RUN fetch"),
     {"fetch.py": f"load(revision='{SHA}')"}, 0),
    ("LBL009", BENCHMARK.replace(f"RUN fetch --revision {SHA}", "RUN fetch"),
     {"README.md": f"Data: {SHA}"}, 1),
    ("LBL009", "FROM scratch\n" + label("data_revision", "${REV}").replace(
        "FROM python:3.12-slim\n", f"FROM python:3.12-slim\nARG REV={SHA}\n").replace(
        f"RUN fetch --revision {SHA}", "RUN fetch ${REV}"), {}, 0),
    ("LBL009", "FROM scratch\n" + label("data_revision", "${REV}").replace(
        "FROM python:3.12-slim\n", f"FROM python:3.12-slim\nARG REV={SHA}\n").replace(
        f"RUN fetch --revision {SHA}", "RUN fetch"), {}, 1),
    ("LBL009", "FROM python:3.12-slim\n" + f'LABEL eval.benchmark.data_revision="{SHA}"\n'
     + f"RUN python3 <<EOF\nload('{SHA}')\nEOF\n", {}, 0),
    ("LBL010", BENCHMARK + "FROM alpine:3.20\n", {}, 7),
    ("LBL010", "FROM alpine:3.20 AS build\n" + BENCHMARK, {}, 0),
    ("LBL011", label("env", "per-task"), {}, 1),
    ("LBL011", plus("ARG EVAL_TASK_ID", to=label("env", "per-task")), {}, 0),
    ("LBL011", "ARG EVAL_TASK_ID\n" + label("env", "per-task"), {}, 0),
    ("LBL011", plus("ARG EVAL_TASK_ID"), {}, 1),
    ("LBL011", plus("ARG EVAL_TASK_ID", to=label("env", "test")), {}, 0),
    ("LBL011", plus("# ARG EVAL_TASK_ID", to=label("env", "per-task")), {}, 1),
    ("LBL012", BENCHMARK, {}, 0),
    ("LBL012", BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/arc:1.0"), {}, 1),
    ("LBL012", BENCHMARK.replace("python:3.12-slim", "docker.io/library/python:3.12"), {}, 0),
    ("LBL012", BENCHMARK.replace("python:3.12-slim", "scratch"), {}, 0),
    # PIN001 and PIN002 report that the base moves.
    ("LBL012", BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/arc:latest"), {}, 0),
    ("LBL012", BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/arc"), {}, 0),
    ("LBL012", plus('LABEL eval.benchmark.upstream_base="ghcr.io/x/arc:latest"',
     to=BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/arc:latest")), {}, 0),
    ("LBL012", plus('LABEL eval.benchmark.upstream_base="ghcr.io/x/a.${EVAL_TASK_ID}:latest"',
     to=BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/a.${TASK}:latest")), {}, 0),
    ("LBL012", plus('LABEL eval.benchmark.upstream_base="ghcr.io/x/other:latest"',
     to=BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/arc:latest")), {}, 1),
    ("LBL012", BENCHMARK.replace("python:3.12-slim", "${BASE}"), {}, 0),
    ("LBL012", BENCHMARK.replace("python:3.12-slim", "ghcr.io/me/core/base:latest"),
     {"../../core/base/Dockerfile": "FROM alpine:3.20\n"}, 0),
    ("LBL012", plus('LABEL eval.benchmark.upstream_base="ghcr.io/x/arc:1.0"',
     to=BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/arc:1.0")), {}, 0),
    ("LBL012", plus('LABEL eval.benchmark.upstream_base="ghcr.io/x/arc"',
     to=BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/arc:1.0")), {}, 1),
    ("LBL012", plus('LABEL eval.benchmark.upstream_base="ghcr.io/x/arc:latest"',
     to=BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/arc:1.0")), {}, 1),
    ("LBL012", plus('LABEL eval.benchmark.upstream_base="see the paper"',
     to=BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/arc:1.0")), {}, 1),
    ("LBL012", plus(f'LABEL eval.benchmark.upstream_base="ghcr.io/x/arc@sha256:{"0" * 64}"',
     to=BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/arc:1.0")), {}, 0),
    ("LBL012", plus('LABEL eval.benchmark.upstream_base="ghcr.io/x/arc.<task>:v1 (per task)"',
     to=BENCHMARK.replace("python:3.12-slim", "ghcr.io/x/arc.${EVAL_TASK_ID}:v1")), {}, 0),
    ("LBL013", BENCHMARK, {"README.md": TABLE.format("Tasks", "400")}, 0),
    ("LBL013", BENCHMARK, {"README.md": TABLE.format("Tasks", "401")}, 1),
    ("LBL014", BENCHMARK, {"../../models/m/Dockerfile": MODEL.format("1.0", "1.1.0")}, 1),
    ("LBL014", BENCHMARK, {"../../models/m/Dockerfile": MODEL.format("1.0", "main-v1.0-x")}, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "dockerfile", "files", "times"),
    CASES,
    ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)],
)
def test_a_rule_fires_as_often_as_it_should(rule, dockerfile, files, times, tmp_path):
    write(tmp_path, {ARC: dockerfile})
    write(tmp_path / "containers/benchmarks/arc", files)
    report = judge(tmp_path, rule)
    assert not report.problems
    assert [f.rule for f in report.findings] == [rule] * times, [f.message for f in report.findings]


def test_every_rule_of_the_family_is_in_the_table_both_ways():
    from evalpolicy.rules import family

    fires = {rule for rule, _, _, times in CASES if times}
    silent = {rule for rule, _, _, times in CASES if not times}
    assert fires == silent == {rule.id for rule in family("LBL")}


@pytest.mark.parametrize(
    ("fetch", "files", "path", "line"),
    [
        ("RUN load 'hf://datasets/o/n@~parquet/x'", {}, ARC, 9),
        ("COPY load.py /\nRUN python /load.py", {"load.py": "\nload_dataset('o/n')\n"},
         "containers/benchmarks/arc/load.py", 2),
    ],
)  # fmt: skip
def test_a_pinned_label_beside_a_fetch_that_moves_is_one_error_on_the_fetch(
    fetch, files, path, line, tmp_path
):
    text = BENCHMARK.replace(f"RUN fetch --revision {SHA}", fetch)
    write(tmp_path / "containers/benchmarks/arc", {"Dockerfile": text, **files})
    [finding] = judge(tmp_path, "LBL009", "HYG006").findings
    assert (finding.rule, finding.severity) == ("LBL009", "error")
    assert (finding.path, finding.span.line) == (path, line)
    assert finding.message.startswith(f"the label says {SHA[:12]}, but ")
    assert f"line {line} fetches" in finding.message
    assert f"ARG DATA_REVISION={SHA}" in finding.help
    assert "${DATA_REVISION}" in finding.help


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ("", "error"),
        ("latest", "error"),
        ("main", "error"),
        ("master", "error"),
        ("HEAD", "error"),
        ("refs/convert/parquet", "warning"),
        ("auto-parquet-ref", "warning"),
        ("v2.0", "note"),
        ("210d026", "note"),
    ],
)
def test_how_bad_a_mutable_revision_is(value, severity, tmp_path):
    report = judge(write(tmp_path, {ARC: label("data_revision", value)}), "LBL008")
    assert [f.severity for f in report.findings] == [severity]


def test_the_finding_points_at_the_from_of_the_final_stage(tmp_path):
    text = "# a comment\nFROM alpine:3.20 AS build\nFROM python:3.12-slim\n"
    report = judge(write(tmp_path, {ARC: text}), "LBL001")
    spans = {(f.span.line, f.span.column, f.span.end_column) for f in report.findings}
    assert spans == {(3, 1, 22)}


def test_a_model_is_judged_by_its_kind(tmp_path):
    models = {
        "containers/models/gpt/Dockerfile": 'FROM alpine:3.20\nLABEL eval.type="model"\n',
        "containers/models/litellm/Dockerfile": 'FROM alpine:3.20\nLABEL eval.type="model" '
        'gateway.kind="litellm"\n',
        "containers/models/replay/Dockerfile": 'FROM alpine:3.20\nLABEL eval.type="model" '
        'eval.model.name="replay" eval.model.provider="replay"\n',
    }
    report = judge(write(tmp_path, models), "LBL001")
    assert {f.path for f in report.findings} == {"containers/models/gpt/Dockerfile"}
    assert {f.about for f in report.findings} == {
        "eval.model.name",
        "eval.model.provider",
        "eval.model.litellm_version",
    }


def test_a_dockerfile_elsewhere_is_judged_by_its_type(tmp_path):
    report = judge(write(tmp_path, {"x/Dockerfile": 'FROM a\nLABEL eval.type="agent"\n'}), "LBL001")
    assert {f.about for f in report.findings} == {
        "eval.agent.name",
        "eval.agent.description",
        "eval.agent.version",
    }


def test_folders_with_a_leading_underscore_are_no_benchmarks(tmp_path):
    files = {**FLEET, "containers/benchmarks/_chart/Dockerfile": "FROM alpine:3.20\n"}
    assert found(judge(write(tmp_path, files), "LBL001")) == []


def test_an_agents_own_version_labels_are_known(tmp_path):
    text = AGENT + 'LABEL eval.agent.rtk_version="1" eval.agent.colour="red"\n'
    report = judge(write(tmp_path, {"containers/agents/codex/Dockerfile": text}), "LBL005")
    assert [f.about for f in report.findings] == ["eval.agent.colour"]


def test_a_fleet_can_put_its_own_contract_in_place(tmp_path):
    contract = '{"type": "object", "required": ["eval.benchmark.license"]}'
    files = {
        **FLEET,
        "evalpolicy.toml": '[contracts]\nbenchmark = "contract.json"\n',
        "contract.json": contract,
    }
    report = judge(write(tmp_path, files), "LBL001")
    assert [f.about for f in report.findings] == ["eval.benchmark.license"]


@pytest.mark.parametrize(
    ("schema", "demand"),
    [
        ('{"enum": ["a", "b", "c"]}', "it must be a, b or c"),
        ('{"enum": ["a"]}', "it must be a"),
        ('{"const": "a"}', "it must be a"),
        ('{"pattern": "^x"}', "it must match ^x"),
        ('{"pattern": "^(0|[1-9][0-9]*)$"}', "it must be a whole number"),
    ],
)
def test_what_a_contract_demands_is_said(tmp_path, schema, demand):
    files = {
        **FLEET,
        ARC: label("tasks", "other"),
        "evalpolicy.toml": '[contracts]\nbenchmark = "contract.json"\n',
        "contract.json": f'{{"properties": {{"eval.benchmark.tasks": {schema}}}}}',
    }
    [finding] = judge(write(tmp_path, files), "LBL003").findings
    assert demand in finding.message


def test_a_type_of_several_is_no_list_of_values(tmp_path):
    files = {
        **FLEET,
        ARC: label("tasks", "other"),
        "evalpolicy.toml": '[contracts]\nbenchmark = "contract.json"\n',
        "contract.json": '{"properties": {"eval.benchmark.tasks": {"type": ["array", "null"]}}}',
    }
    [finding] = judge(write(tmp_path, files), "LBL003").findings
    assert "it must be array or null" not in finding.message


@pytest.mark.parametrize(
    ("field", "value", "fires"),
    [
        ("Tasks", "`400` (test split)", False),
        ("Tasks", "**1,400**", True),
        ("Environment", "per-task", True),
        ("Environment", "[shared-env](x.md)", False),
        ("Internet required", "no", False),
        ("Internet", "yes", True),
        ("Released", "no", False),
        ("Released", "yes", True),
        ("Released", "skeleton", False),
        ("Dataset revision", f"`{SHA}`", False),
        ("Dataset revision", f"`{SHA[:7]}`…", False),
        ("Dataset revision", "`main`", True),
        ("Dataset revision", "—", False),
        ("Paper", "401", False),
    ],
)
def test_what_a_readme_states(field, value, fires, tmp_path):
    readme = "containers/benchmarks/arc/README.md"
    files = {**FLEET, readme: TABLE.format(field, value)}
    report = judge(write(tmp_path, files), "LBL013")
    assert [(f.path, f.span.line) for f in report.findings] == [(readme, 5)] * fires


@pytest.mark.parametrize(
    "readme",
    [
        "```\n" + TABLE.format("Tasks", "401") + "```\n",
        "| Model | Score |\n|---|---|\n| Tasks | 401 |\n",
        "| Field | Value | Note |\n|---|---|---|\n| Tasks | 401 | x |\n",
        "| Field | Value |\n| Tasks | 401 |\n",
        "Field | Value\n---|---\nPaper | x\n\nTasks | 401\n",
    ],
)
def test_other_tables_state_nothing(readme, tmp_path):
    files = {**FLEET, "containers/benchmarks/arc/README.md": readme}
    assert not judge(write(tmp_path, files), "LBL013").findings


def test_an_agents_version_is_compared_as_it_resolves(tmp_path):
    readme = "containers/agents/codex/README.md"
    for version, fires in (("v0.120.0", False), ("1.14.0", True)):
        files = {**FLEET, readme: TABLE.format("Version", version)}
        report = judge(write(tmp_path / version, files), "LBL013")
        assert [f.path for f in report.findings] == [readme] * fires


@pytest.mark.parametrize(
    ("base", "core", "fires"),
    [
        ("ghcr.io/exgentic/core/litellm:latest", 'FROM a:1\nLABEL x.litellm_version="2.0"\n', True),
        ("ghcr.io/me/core/litellm:latest", 'FROM a:1\nLABEL x.litellm_version="1.0"\n', False),
        ("x/core/litellm", "FROM ghcr.io/berriai/litellm:v2.0\n", True),
        ("x/core/litellm", "FROM ghcr.io/berriai/litellm:v1.0\n", False),
        ("x/core/litellm", "FROM x/core/litellm\n", False),
        ("x/core/litellm", "FROM a:2.0\n", False),
        ("ghcr.io/berriai/litellm:v2.0@sha256:" + "0" * 64, "FROM a\n", True),
        ("ghcr.io/berriai/litellm-proxy:v2.0", "FROM a\n", False),
        ("localhost:5000/litellm", "FROM a\n", False),
    ],
)  # fmt: skip
def test_a_models_gateway_is_that_of_its_base(base, core, fires, tmp_path):
    model = "containers/models/m/Dockerfile"
    text = MODEL.replace("x/litellm:{}", base).format("v1.0").replace("FROM", "# why\nFROM")
    files = {model: text, "containers/core/litellm/Dockerfile": core}
    report = judge(write(tmp_path, files), "LBL014")
    assert not report.problems
    assert [(f.path, f.span.line) for f in report.findings] == [(model, 3)] * fires
