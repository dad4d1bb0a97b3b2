"""SIZ: tracked files, the large-file hook, and what keeps files from it."""

from __future__ import annotations

import pytest
from tests.fleets import FIXTURES, FLEET, git, judge, repository, write

KIB = 1024
FIXTURE = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
HOOKS = ".pre-commit-config.yaml"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"
LFS = {".gitattributes": b"*.bin filter=lfs diff=lfs merge=lfs -text\n"}


def hook(*, args: str = "", head: str = "", **keys: str) -> str:
    lines = [f"            {key}: '{value}'" for key, value in keys.items()]
    lines += [f"            args: [{args}]"] if args else []
    return "\n".join(
        [head, "repos:", "  - repo: https://github.com/pre-commit/pre-commit-hooks",
         "    rev: v5.0.0", "    hooks:", "          - id: check-added-large-files", *lines, ""]
    ).lstrip("\n")  # fmt: skip


def size(kib: int) -> bytes:
    return b"x" * (kib * KIB)


def pointer(size: int) -> bytes:
    return POINTER % (b"ab" * 32, size)


CASES = [
    ("SIZ001", {"a.bin": size(501)}, 1),
    ("SIZ001", {"a.bin": size(500)}, 0),
    ("SIZ001", {"a.bin": size(900), HOOKS: hook(args="--maxkb=1024")}, 0),
    ("SIZ001", {"a.bin": size(1025), HOOKS: hook(args="--maxkb=1024")}, 1),
    ("SIZ001", {"a.bin": size(1025), HOOKS: hook(args="--maxkb, \"1024\"")}, 1),
    ("SIZ001", {"a.bin": size(3), "evalpolicy.toml": b"[sizes]\nlimit = 2\n"}, 1),
    ("SIZ001", {"a.bin": size(900), HOOKS: hook(exclude=r"\.bin$")}, 0),
    ("SIZ001", {"a.bin": size(900), HOOKS: hook(head="exclude: a.bin")}, 0),
    ("SIZ001", {"a.bin": size(900), HOOKS: hook(files=r"\.txt$")}, 0),
    ("SIZ001", {"a.bin": size(900), HOOKS: hook(exclude=r"\.txt$")}, 1),
    ("SIZ001", {FIXTURE: size(600)}, 0),
    ("SIZ001", {FIXTURE: size(3), "evalpolicy.toml": b"[sizes]\nfixture_limit = 2\n"}, 1),
    ("SIZ001", {**LFS, "a.bin": pointer(501 * KIB)}, 1),
    ("SIZ001", {**LFS, "a.bin": pointer(500 * KIB)}, 0),
    ("SIZ001", {"a.bin": pointer(501 * KIB)}, 0),
    ("SIZ001", {"a.bin": size(501),
                "evalpolicy.toml": b'[[allow]]\nrule = "SIZ001"\npath = "a.bin"\nreason = "so"\n'},
     0),
    ("SIZ002", {FIXTURE: size(1), HOOKS: hook(exclude=r"\.(jsonl|lock)$")}, 1),
    ("SIZ002", {FIXTURE: size(1), HOOKS: hook(exclude=r"(?x)\.jsonl$ # all")}, 1),
    ("SIZ002", {FIXTURE: size(1), HOOKS: hook(exclude=r"\.(?!txt)jsonl$")}, 1),
    ("SIZ002", {FIXTURE: size(1), HOOKS: hook(head=r"exclude: \.jsonl$")}, 1),
    ("SIZ002", {FIXTURE: size(1), HOOKS: hook(exclude=rf"^{FIXTURES}/.*\.jsonl$")}, 0),
    ("SIZ002", {FIXTURE: size(1), HOOKS: hook(exclude="replay/fixtures/")}, 0),
    ("SIZ002", {FIXTURE: size(1), HOOKS: hook(exclude=r"\.lock$")}, 0),
    ("SIZ002", {FIXTURE: size(1), HOOKS: hook(files=r"\.jsonl$")}, 0),
    ("SIZ002", {"Cargo.lock": size(600), FIXTURE: size(1),
                HOOKS: hook(exclude=rf"^(Cargo\.lock|{FIXTURES}/.*)$")}, 0),
    ("SIZ003", {FIXTURE: size(501), HOOKS: hook()}, 1),
    ("SIZ003", {FIXTURE: size(500), HOOKS: hook()}, 0),
    ("SIZ003", {FIXTURE: size(500) + b"x", HOOKS: hook()}, 1),
    ("SIZ003", {FIXTURE: size(501), HOOKS: hook(args="--maxkb=501")}, 0),
    ("SIZ003", {FIXTURE: size(501), HOOKS: hook(args="--maxkb=1, --maxkb=501")}, 0),
    ("SIZ003", {FIXTURE: size(501), HOOKS: hook(exclude=rf"^{FIXTURES}/")}, 0),
    ("SIZ003", {FIXTURE: size(501), HOOKS: hook(files=r"\.py$")}, 0),
    ("SIZ003", {FIXTURE: pointer(9 << 20), HOOKS: hook()}, 0),
    ("SIZ003", {FIXTURE: pointer(9 << 20), f"{FIXTURES}/z.trajectory.jsonl": size(501),
                HOOKS: hook()}, 1),
    ("SIZ003", {FIXTURE: size(501)}, 0),
    ("SIZ004", {FIXTURE: size(3), "evalpolicy.toml": b"[sizes]\nfixture_budget = 2\n"}, 1),
    ("SIZ004", {FIXTURE: size(3), "evalpolicy.toml": b"[sizes]\nfixture_budget = 3\n"}, 0),
    ("SIZ004", {FIXTURE: size(3)}, 0),
    ("SIZ004", {FIXTURE: pointer(9 << 20), "evalpolicy.toml": b"[sizes]\nfixture_budget = 3\n"}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files", "times"), CASES)
def test_a_rule_fires_as_often_as_it_should(rule, files, times, tmp_path):
    report = judge(write(tmp_path, {**FLEET, **files}), rule)
    assert [f.rule for f in report.findings] == [rule] * times
    assert not report.problems


def test_only_tracked_files_count(tmp_path):
    root = repository(tmp_path, {**FLEET, "a.bin": size(600)})
    write(root, {"b.bin": size(600)})
    for how in ({}, {"staged": True}, {"revision": "HEAD"}):
        assert [f.path for f in judge(root, "SIZ001", **how).findings] == ["a.bin"]
    git(root, "add", "-A")
    assert [f.path for f in judge(root, "SIZ001").findings] == ["a.bin", "b.bin"]


@pytest.mark.parametrize(
    ("config", "word"),
    [
        (hook(exclude=r"(.jsonl$"), "not a Python regular expression"),
        (hook(exclude=r"(?!x)(?:[a-z0-9/.-]+)+!\Z"), "not matched with every file"),
        (hook(args="--maxkb=many"), "not a whole number"),
        ("repos: {", ""),
    ],
)
def test_a_hook_that_cannot_be_understood_is_a_problem(config, word, tmp_path):
    report = judge(write(tmp_path, {**FLEET, FIXTURE: size(600), HOOKS: config}), "SIZ")
    assert [problem.path for problem in report.problems] == [HOOKS]
    assert word in report.problems[0].message


def test_a_finding_points_at_what_has_to_change(tmp_path):
    files = {FIXTURE: size(3), HOOKS: hook(args="--maxkb=2", exclude=r"\.lock$")}
    (finding,) = judge(write(tmp_path, {**FLEET, **files}), "SIZ003").findings
    text = files[HOOKS].split("\n")[finding.span.line - 1]
    assert text[finding.span.column - 1 :].startswith("--maxkb=2")
    assert "`exclude: ^tests/run/replay/fixtures/`" in finding.help


def test_sizes_are_rounded_up_to_kib(tmp_path):
    files = {FIXTURE: size(2000) + b"x", HOOKS: hook()}
    (finding,) = judge(write(tmp_path, {**FLEET, **files}), "SIZ003").findings
    assert "(2,001 KiB), over its limit of 500 KiB" in finding.message


def test_one_hook_that_rejects_several_fixtures_is_one_finding(tmp_path):
    files = {
        FIXTURE: size(3),
        FIXTURE.replace("codex", "aider"): size(4),
        HOOKS: hook(args="--maxkb=2"),
    }
    (finding,) = judge(write(tmp_path, {**FLEET, **files}), "SIZ003").findings
    assert "rejects 2 fixtures, the largest arc-0-aider (4 KiB)" in finding.message
