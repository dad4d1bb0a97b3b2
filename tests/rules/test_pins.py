"""PIN: each rule both ways, and each exemption."""

from __future__ import annotations

import pytest
from tests.fleets import found, judge, write

BENCH = "containers/benchmarks/arc/Dockerfile"
AGENT = "containers/agents/codex/Dockerfile"
MODEL = "containers/models/m/Dockerfile"
CORE = "containers/core/standalone.Dockerfile"
GLOBAL = "ARG REGISTRY=ghcr.io/exgentic\nARG SUFFIX=/\n"


def lines(rule: str, path: str, text: str, tmp_path, more: dict[str, str] | None = None):
    report = judge(write(tmp_path, {path: text, **(more or {})}), rule)
    assert not report.problems
    return [line for _, _, line in found(report)]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (BENCH, "FROM x/y:latest\n", [1]),
        (BENCH, "FROM y:latest\n", [1]),
        (CORE, "FROM x/y:latest\n", [1]),
        (BENCH, "FROM --platform=linux/amd64 x/y:latest AS z\n", [1]),
        (BENCH, "FROM x/y:1.0\nCOPY --from=x/z:latest /a /a\n", [2]),
        (BENCH, "FROM x/y:1.0\nRUN --mount=from=x/z:latest,target=/z true\n", [2]),
        # The default has to change, wherever it comes from.
        (BENCH, "ARG T=latest\nFROM x/y:${T}\n", [1]),
        (BENCH, "ARG B=x/y:latest\nFROM ${B}\n", [1]),
        (BENCH, "ARG T=latest\nARG B=x/y:$T\nARG C=$B\nFROM ${C}\n", [1]),
        (BENCH, "ARG A\nFROM x/y.${A}:latest\n", [2]),
        (BENCH, "FROM x/y:latest\nFROM x/z:latest\n", [1, 2]),
        (BENCH, "FROM x/y:1.0\n", []),
        (BENCH, f"FROM x/y:latest@sha256:{'a' * 64}\n", []),
        (BENCH, "FROM ghcr.io/exgentic/core/x:latest\n", []),
        (BENCH, "FROM ghcr.io/exgentic-other/core/x:latest\n", [1]),
        (BENCH, GLOBAL + "FROM ${REGISTRY}/core${SUFFIX}x:latest\n", []),
        (BENCH, GLOBAL + "FROM $REGISTRY/core/x:latest\n", []),
        (BENCH, "ARG REG=ghcr.io/exgentic\nFROM ${REG}/core/x:latest\n", []),
        (BENCH, "ARG OTHER=x.io\nFROM ${OTHER}/core/x:latest\n", [2]),
        (BENCH, "FROM x/y:1.0 AS z\nFROM z\nCOPY --from=z /a /a\nCOPY --from=0 /a /b\n", []),
    ],
)
def test_floating_base(path, text, expected, tmp_path):
    assert lines("PIN001", path, text, tmp_path) == expected


def test_the_default_that_floats_is_named(tmp_path):
    text = "ARG A=1\nARG TASK_BASE=x/y:latest\nFROM ${TASK_BASE}\n"
    [finding] = judge(write(tmp_path, {BENCH: text}), "PIN001").findings
    assert finding.message.startswith("TASK_BASE defaults to x/y:latest")
    assert finding.span == (2, 15, 2, 25)


BAKE = 'variable "HOST" {{ default = "quay.io/me" }}\ntarget "a" {{ tags = ["{0}"] }}\n'


@pytest.mark.parametrize(
    ("base", "files", "expected"),
    [
        ("env:latest", {"x/b.sh": "docker build -t env:latest .\n"}, []),
        ("env:latest", {"x/b.sh": "podman build --tag=env:latest .\n"}, []),
        ("env:latest", {"x/b.sh": 'T="${T:-env:latest}"\ndocker build -t "$T" .\n'}, []),
        ("env:latest", {"x/b.sh": "docker tag other env:latest\n"}, []),
        ("x.io/env:latest", {"x/b.sh": "docker buildx build -t x.io/env:$TAG .\n"}, []),
        ("quay.io/me/env:latest", {"docker-bake.hcl": BAKE.format("${HOST}/env:${TAG}")}, []),
        ("quay.io/me/env:latest",
         {"docker-bake.json": '{"target": {"a": {"tags": ["quay.io/me/env"]}}}'}, []),
        ("env:latest",
         {"compose.yaml": "services:\n  a:\n    build: .\n    image: env:latest\n"}, []),
        ("quay.io/me/core/base:latest", {"containers/core/base/Dockerfile": "FROM a:1\n"}, []),
        ("env:latest", {}, [1]),
        ("env:latest", {"x/b.sh": "# docker build -t env:latest .\ndocker run env:latest\n"}, [1]),
        ("env:latest", {"x/b.sh": "docker build -t environment:latest .\n"}, [1]),
        ("env:latest", {"x/b.sh": 'docker build -t "$TAG" .\n'}, [1]),
        ("quay.io/me/env:latest", {"docker-bake.hcl": BAKE.format("${HOST}/other:1")}, [1]),
        ("env:latest", {"compose.yaml": "services:\n  a:\n    image: env:latest\n"}, [1]),
    ],
)  # fmt: skip
def test_an_image_that_the_repository_builds_is_not_third_party(base, files, expected, tmp_path):
    assert lines("PIN001", BENCH, f"FROM {base}\n", tmp_path, files) == expected
    untagged = f"FROM {base.removesuffix(':latest')}\n"
    assert lines("PIN002", BENCH, untagged, tmp_path, files) == expected


def test_an_allowance_takes_it_back(tmp_path):
    allow = f"""
[[allow]]
rule = "PIN001"
path = "{BENCH}"
match = "x/y:latest"
reason = "upstream publishes no version tag"
"""
    more = {"evalpolicy.toml": allow}
    assert lines("PIN", BENCH, "FROM x/y:latest\nFROM x/z:latest\n", tmp_path, more) == [2]
    assert lines("PIN", BENCH, "FROM x/z:latest\n", tmp_path, more) == [1, 2]


def test_registries_are_configured(tmp_path):
    more = {"evalpolicy.toml": '[layout]\nregistries = ["acme.io/team"]\n'}
    text = "FROM acme.io/team/x:latest\nFROM ghcr.io/exgentic/x:latest\n"
    assert lines("PIN001", BENCH, text, tmp_path, more) == [2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM ubuntu\n", [1]),
        ("FROM localhost:5000/x\n", [1]),
        ("ARG B=ubuntu\nFROM ${B}\n", [2]),
        ("FROM a:1\nCOPY --from=busybox /a /a\n", [2]),
        ("FROM ubuntu:24.04\n", []),
        (f"FROM ubuntu@sha256:{'a' * 64}\n", []),
        ("FROM scratch\n", []),
        ("FROM a:1 AS b\nFROM b\n", []),
        ("FROM a:1 AS B\nFROM a:1\nCOPY --from=B /a /a\n", []),
        ("ARG B\nFROM ${B}\n", []),
        ("FROM eval-base\n", []),
        (GLOBAL + "FROM ${REGISTRY}/core/x\n", []),
    ],
)
def test_untagged_base(text, expected, tmp_path):
    assert lines("PIN002", BENCH, text, tmp_path) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a:1\nARG V=1\nFROM b:${V}\n", [3]),
        ("FROM a:1\nARG V=1\nFROM b:${V:-2}\n", [3]),
        ("FROM --platform=linux/${ARCH} a:1\n", [1]),
        ("ARG V=1\nFROM b:${V}\n", []),
        ("ARG V\nFROM b:$V\n", []),
        ("FROM --platform=$BUILDPLATFORM b:${TARGETARCH}\n", []),
    ],
)
def test_base_arg_not_global(text, expected, tmp_path):
    assert lines("PIN003", BENCH, text, tmp_path) == expected


LABELS = 'LABEL eval.type="agent" eval.agent.version="${AGENT_VERSION}"\n'


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (AGENT, "FROM a:1\n", [1]),
        (CORE, "FROM a:1\nFROM b:1\n" + LABELS, [2]),
        (AGENT, "FROM a:1\nARG AGENT_VERSION=latest\n" + LABELS, [2]),
        (AGENT, 'FROM a:1\nARG AGENT_VERSION=1\nLABEL eval.agent.version="latest"\n', [3]),
        (AGENT, "FROM a:1\nARG AGENT_VERSION=1.2\n" + LABELS, []),
        (AGENT, "ARG AGENT_VERSION=1.2\nFROM a:1\n", []),
        (AGENT, "FROM a:1\nARG AGENT_VERSION\n" + LABELS, []),
        (BENCH, "FROM a:1\n", []),
        (MODEL, 'FROM a:1\nLABEL eval.type="model"\n', [1]),
        (MODEL, 'FROM a:1\nLABEL eval.type="model"\nENV EVAL_LITELLM_VERSION_DEFAULT=1\n', []),
        (MODEL, 'FROM a:1\nLABEL eval.type="model" gateway.kind="bifrost"\n', []),
        ("containers/models/replay/Dockerfile", 'FROM a:1\nLABEL eval.type="model"\n', []),
    ],
)
def test_agent_version_arg(path, text, expected, tmp_path):
    assert lines("PIN004", path, text, tmp_path) == expected


PIP = [
    ("pip install flask", ["flask"]),
    ("pip3 install flask", ["flask"]),
    ("pip3.11 install flask", ["flask"]),
    ("/opt/venv/bin/pip install flask", ["flask"]),
    ("${PIP} install flask", ["flask"]),
    ("python -m pip install flask", ["flask"]),
    ("python3.12 -u -m pip install flask", ["flask"]),
    ("uv pip install --system flask", ["flask"]),
    ("uv pip install --python /x/python flask", ["flask"]),
    ("uv tool install ruff", ["ruff"]),
    ("uvx ruff check .", ["ruff"]),
    ("pipx install poetry", ["poetry"]),
    ("sudo -H pip install flask", ["flask"]),
    ("A=1 env B=2 pip install flask", ["flask"]),
    ("pip --no-cache-dir --timeout 60 install flask", ["flask"]),
    ("pip install -U pip setuptools==70.0.0", ["pip"]),
    ("pip install 'flask>=2' \"werkzeug<3\" 'a~=1.0' 'b==1.*' 'c!=2'",
     ["flask>=2", "werkzeug<3", "a~=1.0", "b==1.*", "c!=2"]),
    ("pip install flask[async]", ["flask[async]"]),
    ("pip install git+https://h/x.git", ["git+https://h/x.git"]),
    ("pip install git+https://h/x.git@main", ["git+https://h/x.git@main"]),
    ("pip install 'x @ git+https://h/x.git'", ["x @ git+https://h/x.git"]),
    ("pip install https://h/o/r/archive/refs/heads/main.zip",
     ["https://h/o/r/archive/refs/heads/main.zip"]),
    ("true && (cd /x; pip install flask) || exit 1", ["flask"]),
    ("for i in 1 2; do pip install flask && break; done", ["flask"]),
    ("if ! pip install flask; then exit 1; fi", ["flask"]),
    ("echo $(pip install flask)", ["flask"]),
    ("bash -c 'pip install flask'", ["flask"]),
    ("pip install flask==3.0.3 'a===1' 'b == 2' 'c[x]==1.0;python_version<\"4\"'", []),
    ("pip install -r requirements.txt -r more.txt", []),
    ("pip install -c constraints.txt flask", []),
    ("uv pip install --exclude-newer 2026-01-01 flask", []),
    ("pip install . ./x /opt/x -e /opt/y '.[dev]' x/ ../z/sub", []),
    ("pip install x.whl dist/*.whl x-1.0.tar.gz https://h/x-1.0.tar.gz", []),
    ("pip install git+https://h/x.git@59a200c git+ssh://git@h/x.git@v1.2", []),
    ("pip install 'x @ https://h/x-1.0.zip'", []),
    ("pip install flask==${V} flask==$V \"$PACKAGES\" $(cat list) flask${SPEC}", []),
    ("pip install -t /deps -i https://h/simple --no-binary :all: a==1", []),
    ("pip install pyarrow && python x.py && pip uninstall -y pyarrow", []),
    ("pip install flask==1 2>&1 | tee log", []),
    ("pip download flask; pip list; pip --version", []),
    ("echo pip install flask", []),
    ("# pip install flask", []),
    ("echo 'pip install flask' > x", []),
    ("python setup.py install flask", []),
]  # fmt: skip


@pytest.mark.parametrize(("command", "expected"), PIP, ids=[command for command, _ in PIP])
def test_unpinned_pip(command, expected, tmp_path):
    report = judge(write(tmp_path, {BENCH: f"FROM a:1\nRUN {command}\n"}), "PIN005")
    assert [finding.about for finding in report.findings] == expected
    line = f"RUN {command}"
    for finding in report.findings:
        written = line[finding.span.column - 1 : finding.span.end_column - 1]
        assert written.strip("'\"") == finding.about


NPM = [
    ("npm install -g cline", ["cline"]),
    ("npm i -g @openai/codex", ["@openai/codex"]),
    ("npm add --global cline", ["cline"]),
    ("npm install cline", ["cline"]),
    ("npm --loglevel error install -g cline", ["cline"]),
    ("npm install -g cline@latest a@^2 b@18 @s/c@~1.2.3",
     ["cline@latest", "a@^2", "b@18", "@s/c@~1.2.3"]),
    ("yarn global add cline", ["cline"]),
    ("pnpm add -g cline", ["cline"]),
    ("yarn dlx cline x", ["cline"]),
    ("pnpm dlx cline x && pnpm x other", ["cline", "other"]),
    ("yarn exec cline && yarn x other && yarn install", []),
    ("npx -y cline --version 1", ["cline"]),
    ("npx --package=cline cl x", ["cline"]),
    ("npm exec cline", ["cline"]),
    ("npm install -g owner/repo git+https://h/x.git",
     ["owner/repo", "git+https://h/x.git"]),
    ("npm install -g @openai/codex@0.120.0 cline@v1.2.3-beta.1", []),
    ("npm install -g cline@${V} @s/c@$V $PKG", []),
    ("npm install -g --fetch-retries 10 npm@11.17.0", []),
    ("npm ci && npm install && yarn && pnpm install", []),
    ("npm install -g /tmp/bob.tgz ./x https://h/x-1.tgz", []),
    ("npm install -g owner/repo#59a200c git+https://h/x.git#v1", []),
    ("npm install playwright@1.2.3 && npx playwright install", []),
    ("npx --no-install cline", []),
    ("npm config set fetch-retries 10 --global", []),
]  # fmt: skip


@pytest.mark.parametrize(("command", "expected"), NPM, ids=[command for command, _ in NPM])
def test_unpinned_npm(command, expected, tmp_path):
    report = judge(write(tmp_path, {AGENT: f"FROM a:1\nRUN {command}\n"}), "PIN006")
    assert [finding.about for finding in report.findings] == expected


def test_the_word_itself_is_pointed_at(tmp_path):
    text = (
        "FROM a:1\nRUN pip install a==1 \\\n    # a remark\n    flask \\\n    b==1\n"
        "RUN <<EOF\nset -e\n  pip install requests\nEOF\n"
    )
    report = judge(write(tmp_path, {BENCH: text}), "PIN005")
    assert [tuple(f.span) for f in report.findings] == [(4, 5, 4, 10), (8, 15, 8, 23)]


def test_a_heredoc_that_is_no_script_installs_nothing(tmp_path):
    text = "FROM a:1\nRUN cat > x.sh <<EOF\npip install flask\nEOF\n"
    assert lines("PIN005", BENCH, text, tmp_path) == []


@pytest.mark.parametrize(
    ("package", "severity"),
    [("flask", "error"), ("flask>=3", "note"), ("flask~=3.0", "note"), ("flask==3.*", "note")],
)
def test_a_range_was_chosen(package, severity, tmp_path):
    text = f"FROM a:1\nRUN pip install '{package}'\n"
    [finding] = judge(write(tmp_path, {BENCH: text}), "PIN005").findings
    assert finding.severity == severity
