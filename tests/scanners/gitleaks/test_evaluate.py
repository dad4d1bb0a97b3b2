"""What each allowlist is said to do, and why."""

from __future__ import annotations

import pytest
from tests.growth import assert_linear

from evalpolicy.artifacts.gitleaks_config import parse
from evalpolicy.scanners.gitleaks.evaluate import evaluate, predict
from evalpolicy.scanners.gitleaks.invocation import Invocation
from evalpolicy.scanners.gitleaks.model import LoadError
from evalpolicy.scanners.gitleaks.scan import GitleaksHit, Secret
from evalpolicy.scanners.gitleaks.versions import Version

TREE = ("src/app.py", "tests/fixtures/a.jsonl", "tests/fixtures/b.jsonl")
RULE = '[[rules]]\nid = "acme"\nregex = "ACME"\n'
DEFAULT = "[extend]\nuseDefault = true\n"
COMMIT = "39b40d74" * 5
HISTORY = Invocation(mode="history")
FOLDER = Invocation(mode="directory")
NO_REGEX = '[[rules]]\nid = "acme"\n'
AND = '[[allowlists]]\ncondition = "AND"\npaths = ["fixtures"]\nregexes = ["x"]\n'


def explain(text: str, version: str, invocation: Invocation | None = None, read=None):
    return evaluate(parse(text.encode()), Version.of(version), invocation, TREE, read=read)


@pytest.mark.parametrize(
    ("text", "version", "effect", "files"),
    [
        ("[[allowlists]]\npaths = ['fixtures']\n", "8.24.3", "ignored", 0),
        ("[[allowlists]]\npaths = ['fixtures']\n", "8.25.0", "works", 2),
        ("[allowlist]\npaths = ['fixtures']\n", "8.18.4", "works", 2),
        ("[allowlist]\npaths = ['nowhere']\n", "8.18.4", "never", 0),
        ("[allowlist]\npaths = ['.']\n", "8.18.4", "everything", 3),
        ("[allowlist]\npaths = ['x*']\n", "8.18.4", "never", 0),
        ("[allowlist]\npaths = ['x*']\n", "8.28.0", "everything", 3),
        ("[allowlist]\nregexes = ['']\n", "8.18.4", "never", 0),
        ("[allowlist]\nregexes = ['']\n", "8.28.0", "everything", 0),
        ("[allowlist]\nregexes = ['(?i)a', 'b']\n", "8.25.0", "works", 0),
        ("[allowlist]\nregexes = ['(?i)a', 'b']\n", "8.28.0", "broader", 0),
        ("[allowlist]\nregexes = ['b', '(?i)a']\n", "8.28.0", "works", 0),
        ("[allowlist]\ncommits = ['abc']\n", "8.30.1", "never", 0),
        ("[allowlist]\nstopwords = ['abc']\n", "8.0.0", "ignored", 0),
        ("[allowlist]\nstopwords = ['']\n", "8.24.3", "everything", 0),
        ("[allowlist]\nregexTarget = 'line'\nregexes = ['a']\n", "8.15.2", "narrower", 0),
        ("[allowlist]\nregexTarget = 'Line'\nregexes = ['a']\n", "8.18.4", "narrower", 0),
        ("[allowlist]\nregexTarget = 'line'\nregexes = ['a']\n", "8.16.0", "works", 0),
        ("[allowlist]\ntargetRules = ['acme']\nregexes = ['a']\n", "8.24.3", "broader", 0),
        ("[allowlist]\ntargetRules = ['acme']\nregexes = ['a']\n", "8.25.0", "works", 0),
        ("[allowlist]\nfiles = ['a']\n", "8.24.3", "ignored", 0),
        ("[rules.allowlist]\ncondition='&&'\npaths=['src']\nregexes=[1]\n", "8.20.1", "broader", 1),
        ("[rules.allowlist]\ncondition='&&'\npaths=['src']\nregexes=[1]\n", "8.21.0", "works", 0),
        ("[[rules.allowlists]]\npaths = ['src']\n", "8.20.1", "ignored", 0),
        (AND, "8.30.1", "works", 0),
        *((f"[allowlist]\nregexes = ['{regex}']\n", "8.30.1", "everything", 0)
          for regex in ("[A-Za-z0-9]+", r"\w", "[0-9]", "(?i)[a-z]", ".{8,}", r"\S+", "^.*", ".")),
        *((f"[allowlist]\nregexes = ['{regex}']\n", "8.30.1", "works", 0)
          for regex in ("[g-z]{30}", "^[a-z]+$", "_", "AKIA[A-Z2-7]{16}", ".{80,}", "^test")),
        ("[allowlist]\nregexTarget='line'\nregexes = ['^[^#]']\n", "8.30.1", "everything", 0),
        ("[allowlist]\nregexTarget='line'\nregexes = ['^#']\n", "8.30.1", "works", 0),
        ("[allowlist]\nregexes = ['z(?i)q', 'akia']\n", "8.30.1", "broader", 0),
        ("[allowlist]\nregexes = ['z(?i)q', 'akia']\n", "8.27.0", "works", 0),
        ("[allowlist]\nregexes = ['z(a(?i)q)', 'akia']\n", "8.30.1", "works", 0),
        ("[allowlist]\nregexes = ['[(?i)]q', 'akia']\n", "8.30.1", "works", 0),
        ("[allowlist]\npaths = ['^X$|\\.(?i)PY$', 'TESTS']\n", "8.30.1", "everything", 3),
    ],
)  # fmt: skip
def test_effects(text, version, effect, files):
    (judged,) = explain(RULE + text, version).allowlists
    assert (judged.effect, len(judged.files)) == (effect, files)
    assert judged.span.line == 4
    assert bool(judged.why) == (effect != "works")


def test_a_directory_scan_walks_past_the_paths_of_a_conjunction():
    (judged,) = explain(RULE + AND, "8.30.1", Invocation(mode="directory")).allowlists
    assert (judged.effect, judged.by_paths_alone, len(judged.files)) == ("broader", True, 2)
    (staged,) = explain(RULE + AND, "8.30.1").allowlists
    assert (staged.effect, staged.by_paths_alone) == ("works", False)


def test_targeted_allowlists_are_dropped_with_extend_until_8_29():
    text = DEFAULT + RULE + '[[allowlists]]\ntargetRules = ["acme"]\nregexes = ["x"]\n'
    assert [explain(text, v).allowlists[0].effect for v in ("8.28.0", "8.29.0")] == [
        "ignored",
        "works",
    ]


def test_in_8_25_0_a_conjunction_hides_the_paths_after_it():
    text = RULE + AND + '[[allowlists]]\npaths = ["src"]\n'
    assert [explain(text, v).allowlists[1].effect for v in ("8.25.0", "8.25.1")] == [
        "narrower",
        "works",
    ]


def test_rules_in_force():
    assert explain("[allowlist]\npaths = ['x']\n", "8.18.4").rules.none
    assert explain(DEFAULT, "8.8.12").rules.none
    rules = explain(DEFAULT + '[[rules]]\nid = "generic-api-key"\n', "8.18.4").rules
    assert (rules.default, rules.own, rules.silenced) == (True, 0, ("generic-api-key",))
    disabled = '[extend]\nuseDefault = true\ndisabledRules = ["generic-api-key", "nobody"]\n'
    assert explain(disabled, "8.23.0").rules.disabled == ()
    assert explain(disabled, "8.23.1").rules.disabled == ("generic-api-key",)


def test_keys_that_are_not_read():
    found = explain(RULE + "[allowlist]\nregexs = ['a']\ncondition = 'AND'\n", "8.24.3")
    assert [(k.key, k.nearest, k.span.line) for k in found.unknown_keys] == [
        ("regexs", "regexes", 5)
    ]
    assert [(k.key, str(k.since)) for k in found.unread_keys] == [("condition", "8.25.0")]


@pytest.mark.parametrize(
    ("mode", "effect"), [("history", "works"), ("staged", "never"), ("directory", "never")]
)
def test_commits_work_where_commits_are_scanned(mode, effect):
    (judged,) = explain(
        RULE + f"[allowlist]\ncommits = ['{COMMIT}']\n", "8.30.1", Invocation(mode=mode)
    ).allowlists
    assert (judged.effect, [c.effect for c in judged.criteria]) == (effect, [effect])


@pytest.mark.parametrize("pattern", ["", "^", "$", "^$", "()", "(?:)"])
def test_before_8_28_a_match_of_nothing_never_counts(pattern):
    (judged,) = explain(f"{RULE}[allowlist]\nregexes = ['{pattern}']\n", "8.18.4").allowlists
    assert judged.effect == "never"
    two = explain(f"{RULE}[allowlist]\nregexes = ['{pattern}', 'a']\n", "8.18.4").allowlists
    assert [judged.effect for judged in two] == ["works"]


@pytest.mark.parametrize(
    ("text", "version", "line"),
    [
        (RULE + "[allowlist]\npaths = ['a',\n '*.py']\n", "8.18.4", 6),
        (RULE + "[allowlist]\npaths = ['a']\n[[allowlists]]\npaths = ['b']\n", "8.25.0", 4),
        (RULE + "[rules.allowlist]\n", "8.21.0", 4),
        (RULE + "[allowlist]\npaths = 1\ncondition = []\n", "8.25.0", 6),
        ("\ufeff" + RULE, "8.30.1", 1),
        (RULE + "[allowlist\n", "8.30.1", 4),
        ("[extend]\npath = 'gone.toml'\n", "8.30.1", 2),
        ("[extend]\npath = 'a.toml'\nuseDefault = true\n", "8.30.1", 2),
        (RULE + "[[allowlists]]\nregexes = ['\\Qx',\n'y']\n", "8.28.0", 5),
    ],
)
def test_what_does_not_load_says_where(text, version, line):
    found = explain(text, version)
    assert not found.loads
    assert found.error is not None
    assert found.error.span.line == line
    assert found.as_json()["error"]["line"] == line


def test_extended_files_are_followed_from_the_working_directory():
    files = {"ci/base.toml": b'[extend]\npath = "base.toml"\n' + RULE.encode()}
    found = explain(
        '[extend]\npath = "base.toml"\n', "8.30.1", Invocation(directory="ci"), files.get
    )
    assert (found.loads, found.rules.own, found.extended) == (True, 1, ("ci/base.toml",) * 2)
    outside = explain('[extend]\npath = "../x.toml"\n', "8.30.1", read=files.get)
    assert [problem.span.line for problem in outside.problems] == [2]


def test_json_is_what_the_interface_promises():
    found = explain(DEFAULT + "[[allowlists]]\npaths = ['x']\n", "8.24.3").as_json()
    assert list(found)[:7] == [
        "version", "config", "loads", "error", "rules", "allowlists", "unknown_keys",
    ]  # fmt: skip
    first = found["allowlists"][0]
    assert {k: first[k] for k in ("line", "form", "scope", "effect", "files")} == {
        "line": 3, "form": "[[allowlists]]", "scope": "global", "effect": "ignored", "files": 0,
    }  # fmt: skip


def test_predict_leaves_what_no_allowlist_covers():
    secrets = [
        Secret("src/a", "key ACME end"),
        Secret("tests/fixtures/b", "key ACME end"),
        Secret("src/c", "other", (("generic-api-key", GitleaksHit("o", "o")),)),
    ]
    config = parse((DEFAULT + RULE + "[allowlist]\npaths = ['fixtures']\n").encode())
    assert predict(config, Version.of("8.30.1"), secrets) == {
        ("src/a", "acme"),
        ("src/c", "generic-api-key"),
    }
    assert isinstance(predict(parse(b"["), Version.of("8.30.1"), secrets), LoadError)


HOSTILE = (
    "(a*)*b", "(a|a)*$", "((a{1000}){1000}){1000}", r"(\pL{500}){2}", "(x+x+)+y", "(" * 2000,
    "(" * 999 + ")" * 999, "a?" * 500 + "a" * 500, r"\pL{1000}", "(?i)" + "ab" * 20_000,
    ".{1000}" * 9, "[^a]{1000}" * 20, "|" * 40_000,
)  # fmt: skip


@pytest.mark.parametrize("pattern", HOSTILE, ids=range(len(HOSTILE)))
def test_any_pattern_is_judged(pattern):
    tracked = [f"tests/{'a' * 50}/{number}.jsonl" for number in range(300)]
    config = parse(f"[allowlist]\npaths = ['{pattern}']\nregexes = ['{pattern}']\n".encode())
    found = evaluate(config, Version.of("8.30.1"), None, tracked)
    assert found.loads or found.error is not None


# A part that comes n times, between what comes before and behind it.
BIG = {
    "patterns": ("[allowlist]\npaths = [\n", "'^tests/file/json$',\n", "]\n"),
    "allowlists": ("", "[[allowlists]]\npaths = ['x']\n", ""),
    "rules": ("", "[[rules]]\nid = 'r'\nregex = 'x(a)'\n", ""),
    "comment": ("#", "xxxxxxxxxx", "\n"),
    "string": ("[allowlist]\npaths = ['", "(a|b)", "']\n"),
    "keys": ("", "k{} = 1\n", ""),
}


def big(kind: str, times: int) -> bytes:
    before, part, behind = BIG[kind]
    return "".join((before, *(part.replace("{}", str(n)) for n in range(times)), behind)).encode()


@pytest.mark.parametrize("kind", BIG)
def test_judging_grows_with_the_file(kind):
    assert_linear(
        lambda content: evaluate(parse(content), Version.of("8.30.1"), None, TREE),
        lambda times: big(kind, times),
        largest=1 << 14,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", BIG)
def test_what_is_too_much_in_ten_megabytes_is_reported(kind):
    _, part, _ = BIG[kind]
    content = big(kind, 10_000_000 // len(part.encode()))
    assert len(content) > 9_000_000
    found = evaluate(parse(content), Version.of("8.30.1"), None, TREE)
    assert found.loads or found.problems


@pytest.mark.parametrize(
    ("version", "commits", "effect", "dead"),
    [
        ("8.30.1", [COMMIT], "works", []),
        ("8.30.1", [COMMIT.upper()], "works", []),
        ("8.27.0", [COMMIT.upper()], "never", []),
        ("8.30.1", ["39b40d74" * 8], "works", []),
        ("8.30.1", ["39b40d74"], "never", []),
        ("8.30.1", ["main", "HEAD~1"], "never", []),
        ("8.30.1", ["39b40d74", COMMIT, f"{COMMIT} "], "works", ["39b40d74", f"{COMMIT} "]),
    ],
)
def test_a_commit_is_compared_whole(version, commits, effect, dead):
    (judged,) = explain(f"{RULE}[allowlist]\ncommits = {commits!r}\n", version, HISTORY).allowlists
    assert judged.effect == effect
    assert [text for c in judged.criteria for text, _ in c.dead] == dead


@pytest.mark.parametrize(
    ("text", "version", "effect"),
    [
        (DEFAULT + NO_REGEX + "[[rules.allowlists]]\npaths=['src']\n", "8.24.3", "never"),
        (DEFAULT + NO_REGEX + "[rules.allowlist]\npaths=['src']\n", "8.18.4", "never"),
        (DEFAULT + "[rules.allowlist]\npaths=['src']\n", "8.18.4", "never"),
        (RULE + "[[rules.allowlists]]\npaths=['src']\n", "8.24.3", "works"),
        (
            NO_REGEX + "path = 'key$'\n[[rules.allowlists]]\npaths=['src']\n", "8.24.3", "works",
        ),
        (
            DEFAULT + "[[rules]]\nid='jwt'\n[[rules.allowlists]]\npaths=['src']\n",
            "8.24.3", "works",
        ),
        (
            DEFAULT + "[[rules]]\nid='jwt'\n[rules.allowlist]\npaths=['src']\n",
            "8.18.4", "never",  # it replaces the default rule
        ),
        (
            DEFAULT + NO_REGEX + "[[allowlists]]\ntargetRules=['acme']\npaths=['src']\n",
            "8.29.0", "never",
        ),
    ],
)  # fmt: skip
def test_an_allowlist_of_a_rule_that_never_fires_exempts_nothing(text, version, effect):
    found = explain(text, version)
    if found.loads:
        (judged,) = found.allowlists
        assert (judged.effect, bool(judged.files)) == (effect, effect == "works")
    else:  # from 8.29.0 on such a rule is an error
        assert version == "8.29.0"


def test_of_two_rules_with_one_id_the_first_is_lost():
    of_two = "".join(f"[[rules]]\nid='jwt'\n[rules.allowlist]\npaths=['{p}']\n" for p in "st")
    first, last = explain(DEFAULT + of_two, "8.24.3").allowlists
    assert (first.effect, last.effect) == ("ignored", "works")
    assert "same id, jwt" in first.why


@pytest.mark.parametrize(
    ("version", "invocation", "path", "effect", "files"),
    [
        ("8.24.3", FOLDER, r"(^|/)\.", "everything", 3),
        ("8.21.2", FOLDER, r"(^|/)\.", "never", 0),
        ("8.30.1", FOLDER, r"^\..*", "everything", 3),
        ("8.30.1", HISTORY, r"(^|/)\.", "never", 0),
        ("8.30.1", Invocation(mode="directory", target="tests"), r"^\.$", "never", 0),
        ("8.30.1", Invocation(mode="directory", target="./tests"), r"^tests$", "everything", 2),
        ("8.30.1", FOLDER, r"fixtures$", "works", 2),
        ("8.21.2", FOLDER, r"fixtures$", "never", 0),
        ("8.30.1", Invocation(), r"fixtures$", "never", 0),
    ],
)
def test_a_directory_scan_passes_by_the_folders_that_match(
    version, invocation, path, effect, files
):
    text = f"{RULE}[allowlist]\npaths = ['{path}']\n"
    (judged,) = explain(text, version, invocation).allowlists
    assert (judged.effect, len(judged.files)) == (effect, files)
    of_rule = f"{RULE}[rules.allowlist]\npaths = ['{path}']\n"
    (judged,) = explain(of_rule, version, invocation).allowlists
    assert judged.effect == "never"  # a rule's own never sees a folder
