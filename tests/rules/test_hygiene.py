"""HYG: each rule both ways, and each exemption."""

from __future__ import annotations

import pytest
from tests.fleets import found, judge, write

BENCH = "containers/benchmarks/arc/Dockerfile"
CORE = "containers/core/base/Dockerfile"
SHA = "210d026faf9955653af8916fad021475a3f00453"
PINNED = f'LABEL eval.benchmark.data_revision="{SHA}"\n'
RAW = "https://raw.githubusercontent.com/o/r/"

CASES = [
    # rule, what stands below FROM, the lines of the findings
    ("HYG001", "CMD x $TASK_ID\n", [2]),
    ("HYG001", "ENV A=${BENCHMARK}\n", [2]),
    ("HYG001", "RUN x \\\n  # why\n  $TASK_ID\n", [4]),
    ("HYG001", "RUN cat > f <<'E'\na\n$BENCHMARK\nE\n", [4]),
    ("HYG001", "# give it $TASK_ID\n", [2]),
    ("HYG001", "CMD x $EVAL_TASK_ID ${TASK_ID_STR} TASK_ID $EVAL_BENCHMARK\n", []),
    ("HYG001", "RUN <<E\nTASK_ID=$EVAL_TASK_ID\nx $TASK_ID\nE\n", []),
    ("HYG001", "RUN <<E\nfor TASK_ID in 1 2; do x $TASK_ID; done\nE\n", []),
    ("HYG001", 'RUN echo "\\$TASK_ID" > x.sh\n', []),
    ("HYG002", "# TODO: this\n", [2]),
    ("HYG002", "# a TODO_x, FIXME\n", [2]),
    ("HYG002", "RUN a \\\n  # XXX\n  b\n", [3]),
    ("HYG002", "RUN <<E\na\n  # FIXME\nE\n", [4]),
    ("HYG002", "RUN a\n# TODO the last line", [3]),
    ("HYG002", "# FUTURE: a TODO for later\n", []),
    ("HYG002", "# TODOS, myTODO, mktemp XXXXXX\n", []),
    ("HYG002", "RUN echo TODO\n", []),
    ("HYG002", "RUN cat > f.md <<E\n# TODO\nE\n", []),
    ("HYG003", 'RUN echo "TODO" > x\n', [2]),
    ("HYG003", "RUN a \\\n echo 'TODO'\n", [3]),
    ("HYG003", "RUN python3 <<E\nx = 'TODO'\nE\n", [3]),
    ("HYG003", "# \"TODO\"\nRUN echo TODO 'TODO list'\n", []),
    ("HYG004", "RUN pip install a==1 || true\n", [2]),
    ("HYG004", "RUN a && pip install a==1 && b || :\n", [2]),
    ("HYG004", "RUN pip3 install a==1 2>/dev/null\n", [2]),
    ("HYG004", "RUN pip install a==1 2>> /dev/null && b\n", [2]),
    ("HYG004", "RUN python -m pip install a==1 >/dev/null 2>&1\n", [2]),
    ("HYG004", "RUN pip install a==1 1>>/dev/null 2>&1\n", [2]),
    ("HYG004", "RUN pip install a==1 &>/dev/null && pip install b==1 >& /dev/null\n", [2, 2]),
    ("HYG004", "RUN pip install a==1 2>&1 >/dev/null\n", []),
    ("HYG004", "RUN pip install a==1 >/dev/null 2>&3\n", []),
    ("HYG004", "RUN pip install a==1 >log 2>&1\n", []),
    ("HYG004", "RUN pip install a==1 >/dev/null 1>&1\n", []),
    ("HYG004", "RUN (cd x; pip install a==1) || echo no\n", [2]),
    ("HYG004", "RUN { pip install a==1; } || true\n", [2]),
    ("HYG004", "RUN pip install a==1 | tee x || exit 0\n", [2]),
    ("HYG004", "RUN <<E\na\npip install a==1 || true\nE\n", [4]),
    ("HYG004", "RUN pip install a==1\n", []),
    ("HYG004", "RUN pip install a==1 || exit 1\n", []),
    ("HYG004", "RUN pip install a==1 || pip install b==1\n", []),
    ("HYG004", "RUN pip install a==1 || echo no && exit 1\n", []),
    ("HYG004", "RUN pip install a==1; b || true\n", []),
    ("HYG004", "RUN b 2>/dev/null || true; pip install a==1 > /dev/null\n", []),
    ("HYG004", "RUN pip uninstall -y a || true\n", []),
    ("HYG004", "RUN for i in 1 2; do pip install a==1 && break || sleep 5; done\n", []),
    ("HYG006", f"RUN curl {RAW}main/x.json\n", [2]),
    ("HYG006", f"RUN curl {RAW}59a200c/x.json\n", []),
    ("HYG006", f'LABEL eval.benchmark.data_revision="main"\nRUN curl {RAW}main/x\n', [3]),
    ("HYG006", f'ARG R\nLABEL eval.benchmark.data_revision="$R"\nRUN curl {RAW}main/x\n', [4]),
    # The label names a commit that nothing fetches: LBL009 reports the first of them.
    ("HYG006", PINNED + f"RUN curl {RAW}main/x.json\n", []),
    ("HYG006", PINNED + f"RUN curl {RAW}main/x\nRUN git clone https://h/x.git\n", [4]),
    ("HYG006", PINNED + f"RUN curl {RAW}{SHA}/x && curl {RAW}main/y\n", [3]),
    ("HYG007", "RUN pip install a==1\nRUN pip uninstall -y a\n", [3]),
    ("HYG007", "RUN pip install a==1 && pip uninstall -y a\n", []),
    ("HYG007", "RUN <<E\npip install a==1\npip uninstall -y a\nE\n", []),
    ("HYG008", "RUN pip install a==1\nRUN apt-get update && apt-get install -y b\n", [3]),
    ("HYG008", "RUN uv pip install a==1\nRUN sudo apt -y install b\n", [3]),
    ("HYG008", "RUN apt-get install -y b\nRUN pip install a==1\n", []),
    ("HYG008", "RUN pip install a==1 && apt-get install b\n", []),
    ("HYG008", "RUN pip install a==1\nFROM a:1\nRUN apt-get install b\n", []),
]


@pytest.mark.parametrize(("rule", "text", "expected"), CASES)
def test_below_from(rule, text, expected, tmp_path):
    report = judge(write(tmp_path, {BENCH: f"FROM a:1\n{text}"}), rule)
    assert [line for _, _, line in found(report)] == expected


@pytest.mark.parametrize("rule", ["HYG007", "HYG008"])
def test_other_images_are_exempt(rule, tmp_path):
    text = "FROM a:1\nRUN pip install a==1\nRUN pip uninstall a; apt-get install x\n"
    assert found(judge(write(tmp_path / "a", {BENCH: text}), rule))
    assert not found(judge(write(tmp_path / "b", {CORE: text}), rule))


@pytest.mark.parametrize("role", ["benchmarks", "agents", "models", "core"])
def test_what_every_image_fetches_is_judged(role, tmp_path):
    path = f"containers/{role}/x/Dockerfile"
    report = judge(write(tmp_path, {path: f"FROM a:1\nRUN curl {RAW}main/x\n"}), "HYG006")
    assert found(report) == [("HYG006", path, 2)]
    assert report.findings[0].severity == "error"


def test_a_fetch_is_reported_in_the_script_that_runs_it(tmp_path):
    files = {
        BENCH: "FROM a:1\nCOPY load.sh /\nRUN /load.sh\n",
        "containers/benchmarks/arc/load.sh": f"set -e\ncurl {RAW}main/x\n",
    }
    report = judge(write(tmp_path, files), "HYG006")
    assert found(report) == [("HYG006", "containers/benchmarks/arc/load.sh", 2)]


def test_a_build_argument_that_a_script_passes_is_no_default(tmp_path):
    files = {
        BENCH: f"FROM a:1\nARG REF=main\nRUN curl {RAW}$REF/x\n",
        "containers/benchmarks/arc/build.sh": "docker build --build-arg REF=v1 .\n",
    }
    assert found(judge(write(tmp_path, files), "HYG006")) == []


@pytest.mark.parametrize(
    ("base", "fires"),
    [
        ("python:3.12", True),
        ("docker.io/library/python:3", True),
        ("python:3.12-bookworm@sha256:" + "a" * 64, True),
        ("python:3.12-slim", False),
        ("python:3.12-alpine3.20", False),
        ("x/python:3.12", False),
        ("pythonic:1", False),
    ],
)
def test_full_python_base(base, fires, tmp_path):
    report = judge(write(tmp_path, {BENCH: f"ARG B={base}\nFROM ${{B}}\n"}), "HYG005")
    assert found(report) == ([("HYG005", BENCH, 2)] if fires else [])


@pytest.mark.parametrize(
    ("dockerfile", "script", "expected"),
    [
        ("FROM --platform=linux/amd64 a:1\n", "", [(BENCH, 1)]),
        ("FROM --platform=$BUILDPLATFORM a:1\n", "", []),
        ("FROM a:1\n", "docker build --platform linux/amd64 .\n", [("x/build.sh", 1)]),
        ("FROM a:1\n", "a\ndocker buildx build \\\n --platform=linux/arm64 .\n",
         [("x/build.sh", 3)]),
        ("FROM a:1\n", "docker buildx build --platform linux/amd64,linux/arm64 .\n", []),
        ("FROM a:1\n", 'docker build --platform "$P" .\n# docker build --platform x .\n', []),
        ("FROM a:1\n", "docker run --platform linux/amd64 x\n", []),
    ],
)  # fmt: skip
def test_forced_platform(dockerfile, script, expected, tmp_path):
    report = judge(write(tmp_path, {BENCH: dockerfile, "x/build.sh": script}), "HYG009")
    assert [(path, line) for _, path, line in found(report)] == expected


@pytest.mark.parametrize(
    ("build", "run", "expected"),
    [
        ("podman build -t x .\n", "docker build y\ndocker run x\n", [("a/build.sh", 1)]),
        ("sudo podman run x\n", "docker build y\n", [("b/run.sh", 1)]),
        ("podman build x\npodman build z\n", "docker build y\n", [("b/run.sh", 1)]),
        ("podman run x\npodman run z\n", "docker run y\n", [("b/run.sh", 1)]),
        ("docker build -t x .\n", "podman run x\npodman run y\n", [("a/build.sh", 1)]),
        ("podman build -t x .\n", "podman run x\n", []),
        ('"$ENGINE" build -t x .\n', "docker run x\n", []),
        ("# podman build\necho podman build\ncommand -v podman\n", "docker run x\n", []),
        ("podman --version\n", "docker run x\n", []),
    ],
)
def test_engine_split(build, run, expected, tmp_path):
    files = {BENCH: "FROM a:1\n", "a/build.sh": build, "b/run.sh": run}
    report = judge(write(tmp_path, files), "HYG010")
    assert [(path, line) for _, path, line in found(report)] == expected


def test_an_engine_is_recommended_only_where_images_run_with_it(tmp_path):
    scripts = {"a.sh": "podman build x\n", "b.sh": "podman build y\n", "c.sh": "docker build z\n"}
    [split] = judge(write(tmp_path / "a", {BENCH: "FROM a:1\n", **scripts}), "HYG010").findings
    assert split.path == "c.sh"
    assert "a.sh and 1 other script use podman" in split.message
    assert "use docker" not in split.message
    scripts["d.sh"] = "docker run z\n"
    run = judge(write(tmp_path / "b", {BENCH: "FROM a:1\n", **scripts}), "HYG010").findings
    assert [finding.path for finding in run] == ["a.sh", "b.sh"]
    assert all("(d.sh): use docker" in finding.message for finding in run)


@pytest.mark.parametrize(
    ("copy", "files", "line"),
    [
        ("COPY solution.sh /opt/", {}, 3),
        ("ADD --chmod=0755 ./a.sh ./solution.sh /opt/", {}, 3),
        ('COPY ["solution.sh", "/opt/"]', {}, 3),
        ("COPY . /opt/", {"solution.sh": "x\n"}, 3),
        ("COPY . /opt/", {}, None),
        ("COPY . /opt/", {"solution.sh": "x\n", ".dockerignore": "solution.sh\n"}, None),
        ("COPY grade.sh /solution.sh", {"solution.sh": "x\n"}, None),
        ("COPY --from=other /solution.sh /opt/", {}, None),
        ("RUN cat solution.sh", {"solution.sh": "x\n"}, None),
        ("FROM b\nRUN a", {"solution.sh": "x\n"}, None),
    ],
)
def test_a_solution_in_the_image(copy, files, line, tmp_path):
    folder = BENCH.rpartition("/")[0]
    write(tmp_path, {f"{folder}/{name}": text for name, text in files.items()})
    write(tmp_path, {BENCH: f"FROM a\nLABEL eval.type=benchmark\n{copy}\n"})
    places = [place[2] for place in found(judge(tmp_path, "HYG011"))]
    assert places == ([] if line is None else [line])


def test_a_solution_in_an_earlier_stage_or_elsewhere(tmp_path):
    text = "FROM a AS one\nCOPY solution.sh /\nFROM b\nLABEL eval.type=benchmark\n"
    write(tmp_path, {BENCH: text, CORE: "FROM a\nCOPY solution.sh /\n"})
    assert not found(judge(tmp_path, "HYG011"))
    write(tmp_path, {BENCH: text.replace("FROM b", "FROM one")})
    assert [place[2] for place in found(judge(tmp_path, "HYG011"))] == [2]
