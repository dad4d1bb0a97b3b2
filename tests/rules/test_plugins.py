"""Rules that other packages bring: as real distributions, found by their entry points."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from itertools import count
from pathlib import Path

import pytest
from tests.fleets import AGENT, BENCHMARK, repository, write
from tests.frontends.lsp.client import Editor, session
from tests.submissions import MESSAGE, submission

from evalpolicy.__main__ import main
from evalpolicy.policy.rule import rule
from evalpolicy.reporters import FORMATS
from evalpolicy.rules import plugins
from evalpolicy.rules.loading import rule_set
from evalpolicy.rules.rule_set import BUILT_IN
from evalpolicy.testing import findings

PLUGIN = Path(__file__).parents[2] / "examples/plugin"
ARC = "containers/benchmarks/arc/Dockerfile"
CODEX = "containers/agents/codex/Dockerfile"
FLEET = {ARC: BENCHMARK, CODEX: AGENT, "evalpolicy.toml": 'plugins = ["acme"]\n'}

RULES = """
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.policy.rule import Hit, rule
"""


NUMBERS = count()


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """`installed(source)`: a package with this module, as pip leaves one behind."""
    site = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def install(source, name="acme", package="evalpolicy-acme", version="1.0.0"):
        # Python keeps what it imported by its name, and folders of tests may come again.
        module = f"{package.replace('-', '_')}_{next(NUMBERS)}"
        write(
            site,
            {
                f"{module}.py": RULES + textwrap.dedent(source),
                f"{module}-{version}.dist-info/METADATA": (
                    f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
                ),
                f"{module}-{version}.dist-info/entry_points.txt": (
                    f"[evalpolicy.rules]\n{name} = {module}\n"
                ),
            },
        )
        plugins.load.cache_clear()
        return site / f"{module}.py"

    yield install
    plugins.load.cache_clear()


@pytest.fixture
def run(monkeypatch, capfdbinary):
    def call(root, *arguments):
        monkeypatch.chdir(root)
        code = main(list(arguments))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


@pytest.fixture
def check(run):
    def call(root, *arguments):
        code, out, err = run(root, "check", "--format", "json", *arguments)
        return code, json.loads(out) if out else None, err

    return call


def of(report, family="ACM"):
    return [f for f in report["findings"] if f["rule"].startswith(family)]


def messages(report):
    return [problem["message"] for problem in report["problems"]]


GOOD = '''
@rule("ACM001", "maintainer-missing", "warning")
def maintainer_missing(dockerfile, place):
    """An image names nobody.

    ## Why

    Somebody has to mend it.
    """
    if "authors" not in dockerfile.effective_labels(dockerfile.final):
        yield Hit(place.path, "nobody", dockerfile.final.from_.head, subject=place.name)


@rule("ACM002", "agents-none", "note", default=False)
def agents_none(fleet):
    """There is no agent."""
    if not fleet.of("agent"):
        yield Hit("evalpolicy.toml", "no agent")
'''


class TestAPluginThatWorks:
    @pytest.fixture(autouse=True)
    def fleet(self, installed, tmp_path):
        installed(GOOD)
        self.root = write(tmp_path / "fleet", FLEET)

    def test_it_finds(self, check):
        code, report, _ = check(self.root, "--ignore", "STR")
        assert [(f["rule"], f["path"], f["severity"]) for f in of(report)] == [
            ("ACM001", CODEX, "warning"),
            ("ACM001", ARC, "warning"),
        ]
        assert code == 0
        assert report["tool"]["plugins"] == {"acme": "evalpolicy-acme 1.0.0"}

    @pytest.mark.parametrize("word", ["ACM", "acme", "ACM001", "maintainer-missing"])
    def test_it_can_be_selected(self, check, word):
        code, report, _ = check(self.root, "--select", word, "--fail-on", "warning")
        assert code == 1
        assert {f["rule"] for f in report["findings"]} == {"ACM001"}
        assert check(self.root, "--ignore", word)[1]["findings"] == [
            f for f in check(self.root)[1]["findings"] if f["rule"] != "ACM001"
        ]

    def test_configuration_sets_its_level(self, check):
        write(self.root, {"evalpolicy.toml": FLEET["evalpolicy.toml"] + '[rules]\nACM = "error"\n'})
        code, report, _ = check(self.root, "--select", "ACM")
        assert code == 1
        assert {f["severity"] for f in of(report)} == {"error"}
        write(self.root, {"evalpolicy.toml": FLEET["evalpolicy.toml"] + '[rules]\nacme = "off"\n'})
        assert of(check(self.root)[1]) == []

    def test_what_is_off_by_default_runs_if_it_is_chosen(self, check):
        (self.root / CODEX).unlink()
        assert [f["rule"] for f in of(check(self.root)[1])] == ["ACM001"]
        assert [f["rule"] for f in of(check(self.root, "--select", "ACM002")[1])] == ["ACM002"]

    def test_it_can_be_suppressed_allowed_and_taken_into_the_baseline(self, check, run):
        comment = "# evalpolicy: ignore[ACM001] it is nobody's\n"
        allow = '[[allow]]\nrule = "ACM001"\npath = "containers/agents/*/*"\nreason = "theirs"\n'
        write(
            self.root,
            {ARC: comment + BENCHMARK, "evalpolicy.toml": FLEET["evalpolicy.toml"] + allow},
        )
        report = check(self.root)[1]
        assert of(report) == of(report, "EVP") == of(report, "PIN007") == []
        assert report["summary"]["suppressed"] == 2
        write(self.root, FLEET)
        assert run(self.root, "baseline", "write")[0] == 0
        assert of(check(self.root)[1]) == []
        assert run(self.root, "baseline", "prune")[1].startswith("0 findings removed")

    def test_the_same_from_the_cache(self, check):
        cold = check(self.root)[1]
        assert check(self.root)[1] == cold == check(self.root, "--no-cache")[1]

    def test_rules_and_explain_know_it(self, run):
        code, out, _ = run(self.root, "rules")
        assert code == 0
        assert "ACM acme (evalpolicy-acme 1.0.0)\n  ACM001 maintainer-missing (warning)" in out
        rows = json.loads(run(self.root, "rules", "--format", "json")[1])
        assert {r["plugin"] for r in rows} == {None, "evalpolicy-acme 1.0.0"}
        code, out, _ = run(self.root, "explain", "acm001", "LBL001")
        assert code == 0
        assert out.startswith(
            "# ACM001 maintainer-missing (warning, from evalpolicy-acme 1.0.0)\n\nAn image"
        )

    def test_a_fleet_that_does_not_name_it_has_not_got_it(self, run, check):
        (self.root / "evalpolicy.toml").unlink()
        assert of(check(self.root)[1]) == []
        code, _, err = run(self.root, "check", "--select", "ACM001")
        assert (code, "is not a rule" in err) == (2, True)

    @pytest.mark.parametrize("kind", FORMATS)
    def test_every_format_knows_what_it_found(self, run, kind):
        code, out, _ = run(self.root, "check", "--select", "ACM", "--format", kind)
        assert code == 0
        assert "ACM001" in out

    def test_sarif_names_its_source_and_no_page_of_ours(self, run):
        log = json.loads(run(self.root, "check", "--format", "sarif")[1])
        [row] = [r for r in log["runs"][0]["tool"]["driver"]["rules"] if r["id"] == "ACM001"]
        assert "helpUri" not in row
        assert row["properties"]["tags"] == ["ACM", "evalpolicy-acme 1.0.0"]

    def test_the_index_and_a_commit_are_judged_by_it_too(self, check):
        shutil.rmtree(self.root)
        submission(self.root, FLEET, {**FLEET, "new": "1"})
        assert len(of(check(self.root, "--staged")[1])) == 2
        assert len(of(check(self.root, "--rev", "HEAD")[1])) == 2

    def test_to_name_it_no_longer_loosens_a_gate(self, check):
        shutil.rmtree(self.root)
        without = {**FLEET, "evalpolicy.toml": "", CODEX: AGENT + "RUN true\n"}
        submission(self.root, FLEET, without, message=MESSAGE)
        found = of(check(self.root, "--base", "main", "--select", "SUB012")[1], "SUB")
        assert [f["subject"] for f in found] == ["plug-in acme"]

    def test_one_that_a_submission_names_judges_once_it_is_merged(self, check):
        shutil.rmtree(self.root)
        config = 'plugins = ["acme", "absent"]\n[rules]\nACM001 = "off"\nXYZ001 = "error"\n'
        before = {**FLEET, "evalpolicy.toml": ""}
        submission(self.root, before, {**before, "evalpolicy.toml": config})
        report = check(self.root, "--base", "main")[1]
        assert of(report) == report["problems"] == []

    def test_to_switch_its_rule_off_loosens_a_gate(self, check):
        shutil.rmtree(self.root)
        off = {**FLEET, "evalpolicy.toml": 'plugins = ["acme"]\n[rules]\nACM001 = "off"\n'}
        submission(self.root, FLEET, {**off, CODEX: AGENT + "RUN true\n"}, message=MESSAGE)
        found = of(check(self.root, "--base", "main", "--select", "SUB012")[1], "SUB")
        assert [f["message"].partition(":")[0] for f in found] == [
            "rule ACM001 is lowered from warning to off"
        ]


def test_a_changed_plugin_finds_anew(installed, check, tmp_path):
    root = write(tmp_path / "fleet", FLEET)
    rules = installed(GOOD)
    assert {f["message"] for f in of(check(root)[1])} == {"nobody"}
    del sys.modules[rules.stem]
    rules.write_text(rules.read_text().replace('"nobody"', '"no one"'))
    os.utime(rules, ns=(0, 0))
    plugins.load.cache_clear()
    assert {f["message"] for f in of(check(root)[1])} == {"no one"}


def test_another_version_finds_anew(installed, tmp_path):
    installed(GOOD)
    [old] = {r.plugin.stamp for r in rule_set(["acme"]).family("ACM")}
    metadata = next(tmp_path.glob("site-packages/*/METADATA"))
    metadata.write_text(metadata.read_text().replace("1.0.0", "1.0.1"))
    plugins.load.cache_clear()
    [new] = {r.plugin.stamp for r in rule_set(["acme"]).family("ACM")}
    assert new != old


PAGE = '"""It finds."""'
BROKEN = {
    "import": ("import no_such_module_at_all", "cannot be imported: ModuleNotFoundError"),
    "syntax": ("def (", "cannot be imported: SyntaxError"),
    "exit": ("import sys; sys.exit(0)", "cannot be imported: SystemExit: 0"),
    "id": ('@rule("ACME1", "a", "note")\ndef r(fleet): yield', "'ACME1' is not a rule id"),
    "none": ("", "contains no rule"),
    "severity": (
        f'@rule("ACM001", "a-b", "fatal")\ndef r(fleet):\n    {PAGE}\n    yield',
        "'fatal' is not a severity",
    ),
    "name": (
        f'@rule("ACM001", "A b", "note")\ndef r(fleet):\n    {PAGE}\n    yield',
        "is not a name",
    ),
    "page": ('@rule("ACM001", "a-b", "note")\ndef r(fleet): yield', "has no docstring"),
    "fact": (
        f'@rule("ACM001", "a-b", "note")\ndef r(fleets):\n    {PAGE}\n    yield',
        "'fleets' is not a fact",
    ),
    "unit and more": (
        f'@rule("ACM001", "a-b", "note")\ndef r(unit, snapshot):\n    {PAGE}\n    yield',
        "asks for unit cannot ask for snapshot",
    ),
    "Dockerfile and more": (
        f'@rule("ACM001", "a-b", "note")\ndef r(dockerfile, fleet):\n    {PAGE}\n    yield',
        "asks for dockerfile cannot ask for fleet",
    ),
    "exceptions": (
        f'@rule("ACM001", "a-b", "note")\ndef r(waivers):\n    {PAGE}\n    yield',
        "'waivers' is not a fact",
    ),
    "our family": (
        f'@rule("LBL900", "a-b", "note")\ndef r(fleet):\n    {PAGE}\n    yield',
        "LBL is a family of evalpolicy",
    ),
    "our rule's name": (
        f'@rule("ACM001", "label-missing", "note")\ndef r(fleet):\n    {PAGE}\n    yield',
        "'label-missing' is the name of another",
    ),
    "two families": (
        f'@rule("ACM001", "a-b", "note")\ndef r(fleet):\n    {PAGE}\n    yield\n'
        f'@rule("BCM001", "a-c", "note")\ndef s(fleet):\n    {PAGE}\n    yield',
        "ACM and BCM are two families",
    ),
    "one name twice": (
        f'@rule("ACM001", "a-b", "note")\ndef r(fleet):\n    {PAGE}\n    yield\n'
        f'@rule("ACM002", "a-b", "note")\ndef s(fleet):\n    {PAGE}\n    yield',
        "two of its rules have the same name",
    ),
    "one id twice": (
        f'@rule("ACM001", "a-b", "note")\ndef r(fleet):\n    {PAGE}\n    yield\n'
        f'@rule("ACM001", "a-c", "note")\ndef s(fleet):\n    {PAGE}\n    yield',
        "two of its rules have the id ACM001",
    ),
}


class TestAPluginThatCannotBeLoaded:
    @pytest.mark.parametrize(("source", "why"), BROKEN.values(), ids=BROKEN)
    def test_it_is_a_problem_and_the_rest_is_checked(self, installed, check, tmp_path, source, why):
        installed(source)
        root = write(tmp_path / "fleet", {**FLEET, ARC: BENCHMARK.replace('"400"', '"many"')})
        code, report, _ = check(root)
        assert code == 3
        [problem] = report["problems"]
        assert (problem["path"], problem["line"]) == ("evalpolicy.toml", 1)
        assert problem["message"].startswith("plug-in acme: ")
        assert why in problem["message"]
        assert [f["rule"] for f in of(report, "LBL")] == ["LBL003"]

    def test_none_is_installed(self, check, tmp_path):
        root = write(tmp_path / "fleet", {**FLEET, "evalpolicy.toml": '\nplugins = ["acme"]\n'})
        code, report, _ = check(root)
        assert code == 3
        assert report["problems"][0]["line"] == 2
        assert (
            "no installed package provides it (installed: none): pip install" in messages(report)[0]
        )

    def test_two_packages_bring_it(self, installed, check, tmp_path):
        installed(GOOD)
        installed(GOOD, package="other")
        _, report, _ = check(write(tmp_path / "fleet", FLEET))
        assert (
            "more than one package provides it: evalpolicy-acme 1.0.0, other" in messages(report)[0]
        )

    def test_the_second_of_two_with_one_family_is_left_out(self, installed, check, tmp_path):
        installed(GOOD)
        installed(GOOD, name="other", package="other")
        config = {"evalpolicy.toml": 'plugins = ["acme", "other"]\n'}
        code, report, _ = check(write(tmp_path / "fleet", {**FLEET, **config}))
        assert code == 3
        assert messages(report) == ["plug-in other: ACM is a family of plug-in acme"]
        assert len(of(report)) == 2

    def test_what_speaks_of_its_rules_is_left_alone(self, check, tmp_path, run):
        config = (
            'plugins = ["acme"]\n[rules]\nACM001 = "error"\n'
            '[[allow]]\nrule = "ACM"\npath = "**"\nreason = "theirs"\n'
        )
        comment = "# evalpolicy: ignore[ACM001] it is nobody's\n"
        row = {"rule": "ACM001", "path": ARC, "subject": "arc"}
        baseline = json.dumps({"version": 1, "rules": "0.1.0", "findings": [row]})
        root = write(
            tmp_path / "fleet",
            {
                **FLEET,
                ARC: comment + BENCHMARK,
                "evalpolicy.toml": config,
                ".evalpolicy-baseline.json": baseline,
            },
        )
        code, report, _ = check(root)
        assert code == 3
        assert of(report, "EVP") == of(report, "PIN007") == []
        assert run(root, "baseline", "prune")[0] == 3
        assert json.loads((root / ".evalpolicy-baseline.json").read_text())["findings"] == [row]

    def test_to_choose_its_rule_is_not_checked(self, run, tmp_path):
        root = write(tmp_path / "fleet", FLEET)
        code, out, err = run(root, "check", "--select", "ACM001")
        assert (code, out) == (3, "")
        assert "'ACM001' is not a known rule, and plug-in acme: no installed package" in err
        assert run(root, "explain", "ACM001")[0] == 3

    def test_rules_lists_the_others_and_says_so(self, run, tmp_path):
        code, out, err = run(write(tmp_path / "fleet", FLEET), "rules")
        assert code == 3
        assert "LBL001" in out
        assert err.startswith("evalpolicy: plug-in acme: no installed package")

    def test_paths_do_not_hide_it(self, check, tmp_path):
        code, report, _ = check(write(tmp_path / "fleet", FLEET), CODEX)
        assert code == 3
        assert len(report["problems"]) == 1

    def test_a_name_that_is_none_is_wrong_configuration(self, check, tmp_path):
        root = write(tmp_path / "fleet", {**FLEET, "evalpolicy.toml": 'plugins = ["a.b:c"]\n'})
        code, _, err = check(root)
        assert code == 2
        assert err.startswith("evalpolicy: evalpolicy.toml:1: plugins.0: ")


def raising(body, asks="fleet"):
    return f'@rule("ACM001", "a-b", "error")\ndef r({asks}):\n    """It finds."""\n    {body}\n'


HIT = 'yield Hit("evalpolicy.toml", "found")\n    '
FAILING = {
    "raises": (raising(HIT + "raise KeyError('x')"), "KeyError: 'x' at "),
    "exits": (raising(HIT + "raise SystemExit(0)"), "SystemExit: 0 at "),
    "no hit": (raising(HIT + "yield 'a finding'"), "it yielded a str"),
    "no generator": (raising("return 7"), "TypeError: 'int' object is not iterable"),
    "no path": (raising(HIT + "yield Hit(None, 'x')"), "the path of a hit is a NoneType"),
    "path outside": (raising(HIT + "yield Hit('../x', 'x')"), "'../x' is not a path"),
    "absolute": (raising(HIT + "yield Hit('/etc/x', 'x')"), "'/etc/x' is not a path"),
    "no message": (raising(HIT + "yield Hit('a', '')"), "a hit has no message"),
    "no cause": (raising(HIT + "yield Hit('a', 'x', cause=7)"), "the cause of a hit is a int"),
    "not a severity": (raising(HIT + "yield Hit('a', 'x', severity='fatal')"), "'fatal' is no"),
    "not a span": (raising(HIT + "yield Hit('a', 'x', (1, 1, 1, 1))"), "is not a span"),
    "before the first line": (raising(HIT + "yield Hit('a', 'x', Span.at(0))"), "is not a span"),
    "backwards": (raising(HIT + "yield Hit('a', 'x', Span(2, 1, 1, 1))"), "ends before it begins"),
    "no fix": (raising(HIT + "yield Hit('a', 'x', fix='sed')"), "the fix of a hit is a str"),
}


def test_a_rule_says_what_its_findings_have_in_common(installed, check, tmp_path):
    body = 'yield Hit(place.path, "found", subject=place.name, cause="one reason")'
    installed(raising(body, "place"))
    root = write(tmp_path / "fleet", FLEET)
    for _ in ("cold", "from the cache"):
        _, report, _ = check(root)
        [cause] = [cause for cause in report["causes"] if cause["rule"] == "ACM001"]
        assert (cause["count"], cause["files"]) == (2, 2)
        assert {finding["cause"] for finding in of(report)} == {cause["id"]}


class TestARuleThatFails:
    @pytest.mark.parametrize(("source", "why"), FAILING.values(), ids=FAILING)
    def test_it_is_a_problem_and_what_it_found_counts(
        self, installed, check, tmp_path, source, why
    ):
        installed(source)
        root = write(tmp_path / "fleet", FLEET)
        for _ in ("cold", "from the cache"):
            code, report, _ = check(root)
            assert code == 3
            [message] = messages(report)
            of_rule = "rule ACM001 of plug-in acme (evalpolicy-acme 1.0.0)"
            assert message.startswith(f"{of_rule} failed: ")
            assert why in message
            assert len(of(report)) == ("yield" in source)

    def test_in_one_file_the_others_are_checked(self, installed, check, tmp_path):
        body = 'assert "arc" not in place.path\n    yield Hit(place.path, "found")'
        installed(raising(body, "place"))
        root = write(tmp_path / "fleet", FLEET)
        for _ in range(2):
            code, report, _ = check(root)
            assert code == 3
            assert [p["path"] for p in report["problems"]] == [ARC]
            assert [f["path"] for f in of(report)] == [CODEX]
        assert check(root, CODEX)[0] == 1

    def test_a_rule_for_one_file_finds_nowhere_else(self, installed, check, tmp_path):
        installed(raising('yield Hit("evalpolicy.toml", "found")', "unit"))
        code, report, _ = check(write(tmp_path / "fleet", FLEET))
        assert code == 3
        assert "has to ask for the fleet" in messages(report)[0]

    def test_its_suppression_is_not_called_unused(self, installed, check, tmp_path):
        installed(raising("raise KeyError('x')\n    yield", "place"))
        comment = "# evalpolicy: ignore[ACM001] it is nobody's\n"
        _, report, _ = check(write(tmp_path / "fleet", {**FLEET, ARC: comment + BENCHMARK}))
        assert of(report, "EVP") == []


class TestTheHelper:
    def test_what_evalpolicy_would_not_load_fails(self, tmp_path):
        @rule("ACM001", "a-b", "error")
        def a_b(fleets):
            """It finds."""
            yield from ()

        with pytest.raises(AssertionError, match="'fleets' is not a fact"):
            findings(a_b, tmp_path, FLEET)

    def test_what_could_not_be_checked_fails(self, tmp_path):
        @rule("ACM001", "a-b", "error")
        def a_b(fleet):
            """It finds."""
            yield from fleet.nothing

        files = {ARC: BENCHMARK}
        with pytest.raises(AssertionError, match=r"evalpolicy.toml:1: rule ACM001 .*nothing"):
            findings(a_b, tmp_path, {**files, "evalpolicy.toml": ""})

    def test_a_submission(self, tmp_path):
        @rule("ACM001", "a-b", "error")
        def a_b(submitted_files):
            """It finds."""
            for change in submitted_files.comparison.changes:
                yield plugins.Hit(change.path, "changed")

        found = findings(a_b, tmp_path, {ARC: BENCHMARK, "a": "2"}, before={"a": "1"})
        assert [f.path for f in found] == ["a", ARC]

    def test_what_is_no_rule_is_refused(self, tmp_path):
        with pytest.raises(TypeError, match="is not a rule"):
            findings(lambda fleet: iter(()), tmp_path, {})


def test_without_plugins_no_entry_point_is_looked_for(tmp_path):
    write(tmp_path, {path: text for path, text in FLEET.items() if path != "evalpolicy.toml"})
    code = (
        "import sys; from evalpolicy.__main__ import main; main(['check', '-q']); "
        "print(sorted({'importlib.metadata', 'evalpolicy.rules.plugins', 'evalpolicy.testing'} "
        "& set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert out.stdout.splitlines()[-1] == "[]"
    assert rule_set(()) is BUILT_IN


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The example, installed by pip as a user would, without the network."""
    folder = tmp_path_factory.mktemp("example")
    copy = shutil.copytree(PLUGIN, folder / "plugin")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"),
            *("--no-build-isolation", "--disable-pip-version-check"),
            *("--target", str(folder / "site"), str(copy)),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "site"


class TestTheExample:
    def run(self, site, *arguments, cwd):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_it_is_found_where_it_is_installed(self, site, tmp_path):
        write(tmp_path, FLEET)
        done = self.run(site, "-m", "evalpolicy", "check", "-q", "--select", "ACM", cwd=tmp_path)
        assert done.stderr == ""
        assert done.stdout.count("ACM001") == 2
        done = self.run(site, "-m", "evalpolicy", "rules", cwd=tmp_path)
        assert "ACM acme (evalpolicy-acme 1.0.0)" in done.stdout

    def test_an_editor_shows_its_page_and_no_page_of_ours(self, site, tmp_path):
        root = repository(tmp_path / "fleet", FLEET)

        async def scenario(editor: Editor) -> None:
            uri = editor.open(root / CODEX)
            [found] = [d for d in await editor.diagnostics(uri) if d.code == "ACM001"]
            assert found.code_description is None
            start = found.range.start
            page = await editor.hover(uri, start.line, start.character)
            assert "# ACM001 maintainer-missing (warning, from evalpolicy-acme 1.0.0)" in page

        session(scenario, root, environment={"PYTHONPATH": str(site)})

    def test_its_own_tests_pass(self, site, tmp_path):
        shutil.copytree(PLUGIN / "tests", tmp_path / "tests")
        options = ("-q", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "temporary"))
        done = self.run(site, "-m", "pytest", *options, cwd=tmp_path)
        assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_one_process_loads_a_plugin_once(installed):
    installed(GOOD)
    assert rule_set(["acme"]) is rule_set(["acme"])
