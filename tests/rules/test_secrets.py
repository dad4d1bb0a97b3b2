"""SEC: credentials and hosts in fixtures, credentials in images; never shown in any format."""

from __future__ import annotations

import json
import random

import pytest
from tests.fleets import FIXTURES, FLEET, judge, repository, write
from tests.samples.credentials import context, token
from tests.samples.trajectories import lines, litellm_row, otlp_row

from evalpolicy.__main__ import main
from evalpolicy.reporters import FORMATS
from evalpolicy.scanners.credentials import SHAPES

FIXTURE = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
DOCKERFILE = "containers/benchmarks/arc/Dockerfile"
HOSTS = b"[secrets]\ninternal_hosts = ['[a-z0-9.-]+\\.corp\\.example']\n"


def made(name: str) -> str:
    shape = next(shape for shape in SHAPES if shape.id == name)
    before, after = context(shape)
    return f"{before}{token(shape, random.Random(name))}{after}"


def saying(text: str) -> dict[str, bytes]:
    return {FIXTURE: lines(litellm_row(text))}


REST = "hf_" + "REDACTED" + "aB3dE5gH7jK9"
CASES = [
    ("SEC001", saying(made("hugging-face")), 1),
    ("SEC001", saying(made("litellm") + made("google-oauth")), 2),
    ("SEC001", saying("hf_REDACTED sk-REDACTED ya29.REDACTED"), 0),
    ("SEC001", {FIXTURE: lines(litellm_row(metadata={"user_api_key_hash": "0f" * 32}))}, 0),
    ("SEC001", {FIXTURE: made("hugging-face").encode()}, 1),
    ("SEC001", {**saying(made("hugging-face")), ".gitleaks.toml": b'[allowlist]\npaths = [".*"]'},
     1),
    ("SEC001", {"notes.txt": made("hugging-face").encode()}, 0),
    ("SEC002", {**saying("see llm.corp.example"), "evalpolicy.toml": HOSTS}, 1),
    ("SEC002", {**saying("see host.internal.invalid"), "evalpolicy.toml": HOSTS}, 0),
    ("SEC002", saying("see llm.corp.example"), 0),
    ("SEC004", saying(REST), 1),
    ("SEC004", saying("hf_REDACTED and more words"), 0),
    ("SEC004", saying(made("hugging-face")), 0),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files", "times"), CASES)
def test_a_rule_fires_as_often_as_it_should(rule, files, times, tmp_path):
    report = judge(write(tmp_path, {**FLEET, **files}), rule)
    assert [f.rule for f in report.findings] == [rule] * times
    assert not report.problems


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("ARG HF_TOKEN", 1),
        ("ENV OPENAI_API_KEY=sk-proxy", 1),
        ("ENV A=b DB_PASSWORD=c", 1),
        ("ENV MY_SECRET c", 1),
        ("ARG SSH_KEY=x", 1),
        ("ARG token", 1),
        ("ARG AWS_CREDENTIALS", 1),
        ("ENV APIKEY=1 PASSWD=2", 2),
        ("env A=b \\\n# why\n\n  HF_TOKEN=c", 1),
        ("ENV A=b \\ \r\n  HF_TOKEN=c", 1),
        ("  arg\tHF_TOKEN", 1),
        ("ENV HF_TOKEN=", 0),
        ("ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D", 0),
        ("ENV MAX_TOKENS=5 TOKENIZERS_PARALLELISM=false", 0),
        ("ENV TOKEN_FILE=/run/secrets/token", 0),
        ("ENV PUBLIC_KEY=x KEYBOARD=us MONKEY=1", 0),
        ("ENV TOKEN_URL=https://example.org TOKEN_LIMIT=4", 0),
        ("RUN --mount=type=secret,id=HF_TOKEN true", 0),
        ("RUN <<EOF\nARG HF_TOKEN\nEOF", 0),
    ],
)
def test_names_like_credentials(line, times, tmp_path):
    files = {DOCKERFILE: FLEET[DOCKERFILE] + line + "\n"}
    report = judge(write(tmp_path, {**FLEET, **files}), "SEC003")
    assert [f.rule for f in report.findings] == ["SEC003"] * times


def test_every_dockerfile_counts_and_arguments_before_from(tmp_path):
    write(tmp_path, {**FLEET, "tools/x.Dockerfile": "ARG MY_TOKEN=a\nFROM a:1\nENV MY_TOKEN=b\n"})
    report = judge(tmp_path, "SEC003")
    assert [(f.path, f.span.line) for f in report.findings] == [
        ("tools/x.Dockerfile", 1),
        ("tools/x.Dockerfile", 3),
    ]


def test_the_place_leads_through_json_in_strings(tmp_path):
    secret = made("hugging-face").strip()
    reply = [{"role": "assistant", "content": f"a {secret}"}]
    path = f"{FIXTURES}/arc-0-codex.traces.jsonl"
    write(tmp_path, {**FLEET, path: lines(otlp_row(), otlp_row(json.dumps(reply)))})
    (finding,) = judge(tmp_path, "SEC001").findings
    content = (tmp_path / path).read_text().split("\n")[finding.span.line - 1]
    assert content[finding.span.column - 1 : finding.span.end_column - 1] == secret
    assert ".value.stringValue → $[0].content" in finding.message


@pytest.mark.parametrize("kind", FORMATS)
def test_no_format_shows_a_secret(kind, tmp_path, monkeypatch, capfd):
    secrets = [made(name).strip() for name in ("hugging-face", "litellm", "google-oauth")]
    error = f"bad key {secrets[1]}"
    row = litellm_row(secrets[0], model=secrets[2], user_agent=f"claude-cli/{secrets[0]}")
    failed = litellm_row(status="failure", response={}, error_str=error)
    files = {
        FIXTURE: lines(row, failed, failed),
        DOCKERFILE: f"{FLEET[DOCKERFILE]}ENV HF_TOKEN={secrets[0]}\n",
    }
    monkeypatch.chdir(repository(tmp_path, {**FLEET, **files}))
    for options in ([], ["--no-cache"]):
        assert main(["check", "--select", "FIX,SEC", "--format", kind, *options]) == 1
        shown = capfd.readouterr().out
        assert "SEC001" in shown
        assert "SEC003" in shown
        for secret in secrets:
            assert secret not in shown
            assert secret[8:] not in shown


def test_a_thousand_leaks_are_counted_and_the_rest_is_not_hidden(tmp_path):
    one = made("hugging-face").strip()
    write(tmp_path, {**FLEET, FIXTURE: lines(*(litellm_row(one) for _ in range(1003)))})
    more, found = sorted(judge(tmp_path, "SEC001").findings, key=lambda finding: finding.message)
    assert "and at least 999 more times" in more.message
    assert "1,003" in found.message


@pytest.mark.parametrize(
    ("rule", "text", "files"),
    [
        ("SEC001", made("hugging-face"), {}),
        ("SEC002", "see llm.corp.example", {"evalpolicy.toml": HOSTS}),
        ("SEC004", REST, {}),
    ],
)
def test_one_secret_in_one_fixture_is_one_finding(rule, text, files, tmp_path):
    other = f"{FIXTURES}/arc-1-codex.trajectory.jsonl"
    rows = [litellm_row("nothing"), litellm_row(text), litellm_row(f"{text} and {text}")]
    write(tmp_path, {**FLEET, **files, FIXTURE: lines(*rows), other: lines(litellm_row(text))})
    report = judge(tmp_path, rule)
    many, once = report.findings
    assert (many.path, many.span.line, once.path) == (FIXTURE, 2, other)
    assert "and 2 more times: " in many.message
    assert "more time" not in once.message
    assert [cause.findings for cause in report.causes] == [(many, once)]


def test_a_fingerprint_of_a_secret_does_not_depend_on_where_it_is(tmp_path):
    found = []
    for before in (0, 3):
        rows = [*[litellm_row("nothing")] * before, litellm_row(made("hugging-face"))]
        root = write(tmp_path / str(before), {**FLEET, FIXTURE: lines(*rows)})
        found += judge(root, "SEC001").findings
    assert found[0].fingerprint == found[1].fingerprint
