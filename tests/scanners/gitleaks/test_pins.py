"""Where gitleaks is pinned, and how it is run there."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts import pre_commit_config, workflow
from evalpolicy.scanners.gitleaks.invocation import Invocation, from_words
from evalpolicy.scanners.gitleaks.runs.files import script_pins
from evalpolicy.scanners.gitleaks.runs.hooks import pre_commit_pins
from evalpolicy.scanners.gitleaks.runs.workflows import workflow_pins
from evalpolicy.scanners.gitleaks.versions import Version

URL = "https://example.invalid/gitleaks/gitleaks"


def hook(rev: str, identity: str = "gitleaks", more: str = "", url: str = URL):
    text = f"repos:\n- repo: {url}\n  rev: {rev}\n  hooks:\n  - id: {identity}\n{more}"
    return pre_commit_pins(pre_commit_config.parse(text.encode()), ".pre-commit-config.yaml")


@pytest.mark.parametrize(
    ("rev", "identity", "version", "kind"),
    [
        ("v8.18.4", "gitleaks", "8.18.4", "exact"),
        ("8.18.4", "gitleaks", "8.18.4", "exact"),
        ("main", "gitleaks", None, "mutable"),
        ("a" * 40, "gitleaks", None, "unknown"),
        ("a" * 40 + "  # frozen: v8.21.0", "gitleaks", "8.21.0", "exact"),
        ("v8.18.4", "gitleaks-docker", None, "unknown"),
        ("v8.6.0", "gitleaks-docker", "8.5.2", "exact"),
        ("v8.18.4", "gitleaks-system", None, "unknown"),
    ],
)
def test_hooks(rev, identity, version, kind):
    (pin,) = hook(rev, identity)
    assert (pin.version and str(pin.version), pin.kind) == (version, kind)
    assert bool(pin.why) == (kind != "exact")
    assert pin.invocation.mode == "staged"


def test_a_hook_without_a_revision_is_pinned_to_nothing():
    text = f"repos:\n- repo: {URL}\n  hooks:\n  - id: gitleaks\n"
    (pin,) = pre_commit_pins(pre_commit_config.parse(text.encode()), "p")
    assert (pin.version, pin.kind, pin.why) == (None, "unknown", "there is no rev")
    assert pin.span.line == 2


def test_other_repositories_and_hooks_are_no_pins():
    assert hook("v1", url="https://example.invalid/other/gitleaks-like") == ()
    assert hook("v8.18.4", "other") == ()
    assert len(hook("v8.18.4", url="git@example.invalid:zricethezav/gitleaks.git")) == 1


@pytest.mark.parametrize(
    "args",
    ["['--config=ci/x.toml']", "[--config, ci/x.toml]", "['-c', ci/x.toml]", "[-cci/x.toml]"],
)
def test_the_hook_s_configuration(args):
    (pin,) = hook("v8.18.4", more=f"    args: {args}\n")
    assert pin.invocation.config_path(Version(8, 18, 4)) == "ci/x.toml"


def test_local_hooks():
    text = (
        "repos:\n- repo: local\n  hooks:\n  - id: a\n    language: golang\n"
        "    entry: gitleaks git\n"
        "    additional_dependencies: ['x/gitleaks/v8@v8.19.0']\n"
        "  - id: b\n    language: docker_image\n    entry: z/gitleaks:v8.20.0 protect --staged\n"
        "  - id: c\n    entry: echo\n"
    )
    pins = pre_commit_pins(pre_commit_config.parse(text.encode()), "p")
    assert [str(pin.version) for pin in pins] == ["8.19.0", "8.20.0"]
    assert [pin.span.line for pin in pins] == [6, 10]


def steps(text: str):
    return workflow_pins(workflow.parse(f"jobs:\n  x:\n    steps:\n{text}".encode()), "w.yml")


@pytest.mark.parametrize(
    ("environment", "version", "kind"),
    [
        ("", "8.24.3", "exact"),
        ("      env: {GITLEAKS_VERSION: 8.18.0}\n", "8.18.0", "exact"),
        ("      env: {GITLEAKS_VERSION: latest}\n", None, "mutable"),
        ("      env: {GITLEAKS_VERSION: '${{ vars.V }}'}\n", None, "unknown"),
    ],
)
def test_the_action(environment, version, kind):
    (pin,) = steps("    - uses: gitleaks/gitleaks-action@v2\n" + environment)
    assert (pin.version and str(pin.version), pin.kind) == (version, kind)
    assert pin.invocation.mode == "history"


@pytest.mark.parametrize("reference", ["v1", "1", "v1.6.0", "1.0"])
def test_version_1_of_the_action_carries_a_gitleaks_that_nobody_can_choose(reference):
    for environment in ("", "      env: {GITLEAKS_VERSION: 8.18.0}\n"):
        (pin,) = steps(f"    - uses: gitleaks/gitleaks-action@{reference}\n{environment}")
        assert (pin.version, pin.kind) == (None, "unknown")
        assert "version 1 of the action" in pin.why


@pytest.mark.parametrize("reference", ["v10", "v2.1", "master", "11"])
def test_another_version_of_the_action_takes_the_gitleaks_that_is_chosen(reference):
    environment = "      env: {GITLEAKS_VERSION: 8.18.0}\n"
    (pin,) = steps(f"    - uses: gitleaks/gitleaks-action@{reference}\n{environment}")
    assert (str(pin.version), pin.kind) == ("8.18.0", "exact")


def test_run_steps():
    pins = steps(
        "    - run: go install x/gitleaks/v8@v8.18.1\n"
        "    - run: |\n        echo a\n        GITLEAKS_CONFIG=y.toml gitleaks dir src || true\n"
        "      working-directory: sub\n"
        "    - run: docker run -v a:b z/gitleaks:latest detect --no-git -c x.toml\n"
    )
    assert [(str(pin.version), pin.kind, pin.span.line) for pin in pins] == [
        ("8.18.1", "exact", 7),
        ("None", "mutable", 9),
    ]
    first = pins[0].invocation
    assert (first.mode, first.target) == ("directory", "src")
    assert first.config_path(Version(8, 18, 1)) == "sub/y.toml"


def test_scripts():
    (pin,) = script_pins("FROM a\nRUN curl -L x/gitleaks/releases/download/v8.20.1/g | tar x\n"
                         "RUN gitleaks git \\\n  --staged\n", "Dockerfile")  # fmt: skip
    assert (str(pin.version), pin.span.line) == ("8.20.1", 3)
    (pin,) = script_pins("scan:\n\t@gitleaks git --exit-code 0\n", "Makefile")
    assert (pin.kind, pin.invocation.fails, pin.span.line) == ("unknown", False, 2)


def test_where_a_version_looks():
    at = Version(8, 24, 3)
    assert Invocation().config_path(at) == ".gitleaks.toml"
    assert Invocation(directory="a", target="b").config_path(at) == "a/b/.gitleaks.toml"
    assert Invocation(inline="x").config_path(at) is None
    assert Invocation(inline="x").config_path(Version(8, 24, 2)) == ".gitleaks.toml"
    found = from_words(["dir", "sub"])
    assert found is not None
    assert (found.scanned("sub/a"), found.scanned("other/a")) == ("sub/a", None)
    assert from_words(["version"]) is None


@pytest.mark.parametrize("written", ["git''leaks", '"gitleaks"', "git\\leaks", "bin/'gitleaks'"])
def test_quotes_hide_no_run(written):
    (pin,) = script_pins(f"echo\n{written} git --exit-code 0\n", "scan.sh")
    assert pin.invocation.mode == "history"


def test_a_version_in_a_variable_is_known_where_it_is_set_once():
    run = 'docker run -v .:/r -w /r x/gitleaks:v$V git -c "$C"\n'
    (pin,) = script_pins(f"V=8.20.1\nexport C=a.toml\n{run}", "scan.sh")
    assert (str(pin.version), pin.invocation.config) == ("8.20.1", "a.toml")
    (pin,) = script_pins(f"V=8.20.1\nif a; then V=8.21.0; fi\n{run}", "scan.sh")
    assert pin.version is None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("timeout 300 gitleaks git", None),
        ("bash -ec 'cd a; gitleaks git'", None),
        ('sudo docker run --rm -v "$(pwd)":/a x/gitleaks:v8.20.0 git /a', "8.20.0"),
    ],
)
def test_what_runs_gitleaks_for_another(text, version):
    (pin,) = script_pins(f"echo gitleaks\n{text}\n", "scan.sh")
    assert (pin.version and str(pin.version), pin.span.line) == (version, 2)


def test_what_only_speaks_of_gitleaks_runs_none():
    text = "echo 'run gitleaks git'\ncat <<E\ngitleaks git\nE\ndocker build -t gitleaks .\n"
    assert script_pins(text, "scan.sh") == ()
