"""Readers of untrusted text, and the shapes of text that cost a careless reader too much."""

from __future__ import annotations

from collections.abc import Callable

from evalpolicy.artifacts import (
    bake,
    broken_manifest,
    build_args,
    compose,
    dockerfile,
    gate_settings,
    gitleaks_config,
    makefile,
    pre_commit_config,
    provenance,
    rules_document,
    run_scripts,
    trajectory,
    workflow,
)
from evalpolicy.artifacts.engine_calls import engine_calls
from evalpolicy.artifacts.moving_data import moving
from evalpolicy.artifacts.syntax import comments, toml_reader, yaml_spans
from evalpolicy.artifacts.syntax.markdown import links, possible_targets, without
from evalpolicy.artifacts.syntax.shell.fates import judged
from evalpolicy.artifacts.syntax.shell.reader import parse as parse_shell
from evalpolicy.artifacts.syntax.shell.shells import NO_OPTIONS
from evalpolicy.artifacts.workflow_conditions import holds
from evalpolicy.config.reading import parse as parse_config
from evalpolicy.errors import UsageError
from evalpolicy.facts.gate_commands import GateNames, swallowed
from evalpolicy.facts.job_flow import lost_in
from evalpolicy.facts.waivers import suppressions
from evalpolicy.matching.globs import Globs
from evalpolicy.matching.re2 import PatternError
from evalpolicy.matching.re2 import compiled as compiled_pattern
from evalpolicy.scanners.gitleaks import decode, keys
from evalpolicy.scanners.gitleaks.goregex import _compile
from evalpolicy.scanners.gitleaks.runs.files import script_pins
from evalpolicy.scanners.gitleaks.versions import table
from evalpolicy.snapshot.submission import event, message

Reader = Callable[[str], object]


def _bytes(read: Callable[[bytes], object]) -> Reader:
    return lambda text: read(text.encode())


def _comments(path: str) -> Reader:
    return lambda text: comments.read(path, text)


def _scripts(text: str) -> object:
    found = run_scripts.scripts(dockerfile.parse(text.encode()))
    run_scripts.installs(found)
    return [script.span(command.words[0].start, command.words[-1].end)
            for script in found for command in script.commands if command.words]  # fmt: skip


def _moving_data(text: str) -> object:
    file = dockerfile.parse(b"FROM a\nCOPY . /\nRUN a.sh b.py\n")
    files = {"a.sh": text.encode, "b.py": text.encode}
    found = dockerfile.parse(f"FROM a\nRUN {text}".encode())
    return moving(file, (), files, bool), moving(found, run_scripts.scripts(found), {}, bool)


def _config(text: str) -> object:
    try:
        return parse_config(text.encode(), "evalpolicy.toml")
    except UsageError as error:
        return error


def _gitleaks(text: str) -> object:
    config = gitleaks_config.parse(text.encode())
    version = table().newest
    try:
        raw: object = decode.decode(config.root, version)
    except decode.WrongTypeError as error:
        raw = error
    return raw, config.rules(), list(keys.judge_keys(config, version))


def _pattern(text: str) -> object:
    compiled_pattern.cache_clear()
    try:
        return compiled_pattern(text)
    except PatternError as error:
        return error


def _glob(text: str) -> object:
    return Globs([text])


# Each reader with what its text begins with, where a shape is read in different ways.
READERS: dict[str, tuple[Reader, tuple[str, ...]]] = {
    "yaml": (_bytes(yaml_spans.parse_yaml), ("", "a: ", "a:\n  - |\n")),
    "workflow": (_bytes(workflow.parse), ("jobs:\n  a:\n    steps:\n", "env:\n")),
    "compose": (_bytes(compose.parse), ("services:\n", "include:\n")),
    "pre-commit": (_bytes(pre_commit_config.parse), ("repos:\n",)),
    "toml": (_bytes(toml_reader.parse_toml), ("", "a = ", "[")),
    "configuration": (_config, ("", "a = ", "[")),
    "gitleaks": (_gitleaks, ("", "[allowlist]\npaths = [", "[[rules]]\n")),
    "gate settings in YAML": (_bytes(gate_settings.pre_commit), ("repos:\n",)),
    "gate settings in TOML": (_bytes(gate_settings.gitleaks), ("", "title = [")),
    "gate settings of gitleaks": (_bytes(gate_settings.gitleaks), ("", "[allowlist]\npaths = [")),
    "gate settings in a baseline": (_bytes(gate_settings.baseline), ("", '{"findings": [')),
    "ignore file": (_bytes(gate_settings.ignore_file), ("",)),
    "gate settings of a workflow": (_bytes(gate_settings.workflow), ("", "continue-on-error:")),
    "provenance": (_bytes(provenance.parse), ("", '{"a": ')),
    "broken manifest": (_bytes(broken_manifest.parse), ("", '{"broken": [')),
    "trajectory": (_bytes(trajectory.parse), ("", '{"response": "')),
    "event": (_bytes(event.parse), ("",)),
    "message": (_bytes(message.parse), ("", "a\n\n")),
    "links": (_bytes(links), ("", "a ](b) `c/` <a ")),
    "possible links": (_bytes(possible_targets), ("", "a ](b) `c/` <a ")),
    "links, code hidden": (lambda text: without(text, code=True), ("", "`a` <!-- b -->")),
    "rules document": (_bytes(rules_document.parse), ("", "1. ", "# Changelog\n")),
    "shell": (
        lambda text: judged(parse_shell(text)),
        ("", 'a "', "a $(", "a `", "case a in ", "f() { ", "a <<E\n", "if a; then "),
    ),
    "gate commands": (
        lambda text: list(swallowed(parse_shell(text), GateNames(), NO_OPTIONS)),
        ("ruff ",),
    ),
    "shell of a makefile": (makefile.parse, ("", "a: b\n\t", "A = $(", "a \\\n")),
    "condition of a workflow": (lambda text: holds(text, {}), ("", "a && (", "${{ a", "'")),
    "shell, lost verdicts": (
        lambda text: list(lost_in(parse_shell(text), GateNames(), NO_OPTIONS)),
        ("ruff || true\n", "ruff -o a || true\n"),
    ),
    "engine calls": (_bytes(engine_calls), ("docker build ", "docker run ")),
    "gitleaks commands": (
        lambda text: script_pins(text, "a.sh"),
        ("gitleaks ", "docker run gitleaks ", "gitleaks $("),
    ),
    "moving data": (
        _moving_data,
        ("", "get('hf://a/b' + "),
    ),
    "gitleaks in recipes": (lambda text: script_pins(text, "Makefile"), ("a: gitleaks\n\t",)),
    "build arguments": (_bytes(build_args.from_script), ("docker build --build-arg ",)),
    "bake": (
        lambda text: (
            build_args.from_bake(text.encode()),
            build_args.bake_variables(text.encode()),
            build_args.bake_tags(text.encode()),
            build_args.bake_defaults(text.encode()),
            bake.parse(text.encode()),
        ),
        ("", "target a {\n args = {\n", "{", 'a = "'),
    ),
    "dockerfile": (
        _bytes(dockerfile.parse),
        (
            "",
            "FROM a\nRUN ",
            "FROM a\nLABEL a=",
            "FROM a\nENV a=",
            "ARG a=",
            "FROM ",
            "FROM a\nCOPY ",
            "FROM a\nENV a=b\nENV c=${a#",
            "FROM a\nENV a=b\nENV c=${a/",
        ),
    ),
    "scripts of RUN": (
        _scripts,
        ("FROM a\nRUN ", 'FROM a\nRUN sh -c "', "FROM a\nRUN <<E\n", 'FROM a\nRUN ["sh", "-c", "'),
    ),
    "glob": (_glob, ("", "**/")),
    "pattern on RE2": (_pattern, ("", "(")),
    "pattern of Go": (_compile, ("", "(", "[")),
    "suppressions": (
        lambda text: suppressions.read("a.sh", text.encode()),
        ("# evalpolicy: ignore\n",),
    ),
    **{
        f"comments of {path}": (_comments(path), ("# evalpolicy: ignore\n",))
        for path in (
            "a.sh",
            "a.yaml",
            "a.toml",
            "a.tf",
            "a.py",
            "a.md",
            "a.html",
            "a.js",
            "a.sql",
            "a.ini",
            "Makefile",
        )
    },
    "comments of a Dockerfile": (
        lambda text: comments.read("Dockerfile", text, dockerfile=True),
        ("FROM a\nRUN ",),
    ),
}

# What a text goes on with, again and again, by the language that means something by it.
_ANY = ("[", "{", "(", '"', "'", "\\", " ", "\n", "\r", "\0", "#", "a", "a\n")
_YAML = ("- ", "? ", "!t ", "&a ", "*a ", "- &a b\n", "<<: *a\n", "%T a b\n", "---\n", "{a: ",
         "- a: 1\n", "a: 1\n", "  \n", " a\n  ", "''", "1_", "# frozen: a\n")  # fmt: skip
_TOML = ("a.", "[a]\n", "[[a]]\n", "a=1\n", "[1,", "{a=", '\\"', "'''", '"""', "1_", '"a",', "= ")
_JSON = ('{"a":', '"a",', "[1,", "[]", '\\"', "1", '{"path":"a"},')
_SHELL = ("<<E ", "<<E\n", "0<<E", "<<E\nE\n", "bash <<E\n", "${", '"${', "${a", "$(", "$((", "$a",
          "$'", "`", "&& ", "| a ", ";", "a\\\n", "2>", ">(", "a=1 ", "sudo ", "sh -c ", "${{",
          "if a; then ", "fi ", "case a in b) ", ";; ", "{ ", "( ", "((", "((a\n", "[[ ", "a=(",
          "! ", "f() { ", "f() { a; }\n", "f\n", "a || true\n", "a || { echo\n", "set -e\n",
          "sh <<E\nE\n", "gitleaks ", "gitleaks a\n", "docker build\n")  # fmt: skip
_DOCKER = ("<<E ", "<<E\nE\n", "RUN <<E\nE\n#a\n", "${", "${a:-", "$a", "a\\\n", "\\\n", "a=b ",
           "--a ", "RUN a\n", "FROM a AS b\n", "ENV a=$a\n", "ARG a\n", "LABEL a=b\n",
           "ONBUILD ", "#a\n")  # fmt: skip
_MARKUP = ("<!--", "<!-- -->", "-->", "`", "`a``", "```\n", "<A ", "<a href=", "[a](", "](",
           "[a]: ", "1. a\n", "| 2020-01-01 | a |\n", "# a\n", "> ", "**")  # fmt: skip
_CODE = ("# evalpolicy: ignore[A] b\n", "# a\n", "//", "/*", "-- ", '"""', "`", "<<E\n", '\\"')
_PATTERN = ("*", "**/", "*a", "?", "[!a", "(?:", "(a|", "a*", "a{1,9}", "\\pL", "(?x)", "^", "|")


def units(name: str) -> tuple[str, ...]:
    """What is likely to be dear to a reader."""
    for words, found in _OF:
        if any(word in name for word in words.split(",")):
            return (*_ANY, *found)
    raise KeyError(name)


_OF = (
    (
        "moving data",
        (
            "hf://a/b@~parquet ",
            "'hf://a/b/c",
            "https://",
            "git clone a b;git -C c checkout d;",
            "a/main/",
            "${a}",
            "f(a + ",
            "['git', ",
        ),
    ),
    ("comments of a Dockerfile,dockerfile", _DOCKER),
    ("of a.yaml,in YAML,yaml,workflow,compose,pre-commit", _YAML),
    ("comments of a.md,comments of a.html,links,rules document", _MARKUP),
    ("comments,suppressions", _CODE),
    ("toml,TOML,configuration,of gitleaks", _TOML),
    ("baseline,provenance,manifest,trajectory,event", _JSON),
    ("glob,pattern", _PATTERN),
    ("gitleaks commands,shell,scripts,calls,commands,arguments,bake", _SHELL),
    ("gitleaks", _TOML),
    ("message,ignore file", _CODE),
)


def texts(prefix: str, unit: str) -> Callable[[int], str]:
    """Texts of about n characters."""
    return lambda size: prefix + unit * max(1, size // len(unit))
