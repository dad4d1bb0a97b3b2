"""Whether a command's failure fails its script: the judge is bash itself."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalpolicy.artifacts.syntax.shell.fates import judged
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import innermost
from evalpolicy.artifacts.syntax.shell.shells import Options

MODES = {"": (), "e": ("-e",), "ep": ("-e", "-o", "pipefail")}


def fate(script: str, mode: str = "e", name: str = "gate") -> str:
    """The fate of the one command of that name."""
    found = judged(parse(script), Options("e" in mode, "p" in mode))
    (kind,) = {
        each.fate.kind
        for each in found
        for word in innermost(each.command).words[:1]
        if word.text == name
    }
    return kind


@cache
def stubs(root: Path) -> str:
    """A PATH on which `gate` does as $GATE says and leaves a mark, and `ok` succeeds."""
    for name, text in {
        "gate": ': > "$MARK"; exit "$GATE"',
        "ok": "exit 0",
    }.items():
        (root / name).write_text(f"#!/bin/sh\n{text}\n")
        (root / name).chmod(0o755)
    return f"{root}:/usr/bin:/bin"


def fails(root: Path, script: str, mode: str) -> bool | None:
    """Whether bash fails where `gate` does; None if that does not depend on it."""
    mark = root / "mark"
    mark.unlink(missing_ok=True)
    codes = []
    for code in ("1", "0"):
        done = subprocess.run(
            ["bash", *MODES[mode], "-c", script], capture_output=True, cwd=root, timeout=600,
            env={"PATH": stubs(root), "GATE": code, "MARK": str(mark)}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        codes.append(done.returncode)
    return codes[0] != 0 if codes[1] == 0 and mark.exists() else None


SCRIPTS = [
    "gate",
    "gate; ok",
    "gate\nok\n",
    "gate || true",
    "gate ||\n  :",
    "gate || echo bad",
    "gate || false",
    "gate || exit 0",
    "gate || exit 3",
    "gate || exit",
    "gate || { echo bad; exit 0; }",
    "gate || { echo bad; exit 1; }",
    "gate || { echo bad; exit; }",
    "gate || (exit 1)",
    "gate || (echo a; exit 0)",
    "gate || echo bad && exit 1",
    "gate || true || exit 1",
    "gate || true && true",
    "gate && ok",
    "gate && ok; ok",
    "ok && gate; ok",
    "ok && gate || true",
    "gate && ok || true",
    "ok || true; gate",
    "{ gate; }",
    "{ gate; ok; }",
    "{ gate; } || true",
    "{ gate; ok; } || exit 1",
    "{ gate && ok; }; ok",
    "( gate && ok ); ok",
    "( gate; ok ); ok",
    "( gate; ok ) || true",
    "( gate; ok ) | cat",
    "( set -e; gate; ok ); ok",
    "gate | cat",
    "gate |& cat",
    "ok | gate",
    "ok | gate | cat",
    "set -o pipefail\ngate | cat",
    "set -euo pipefail; set +o pipefail; gate | cat; ok",
    "set +e; gate; ok",
    "set +e\ngate\nset -e\nok",
    "set -e; gate; ok",
    "set +eu; gate; set -eu; ok",
    "set -o errexit; gate; ok",
    "if ok; then gate; fi",
    "if ok; then gate; fi; ok",
    "if ok; then gate; ok; fi",
    "if ! ok; then ok; else gate; fi; ok",
    "if false; then ok; elif ok; then gate; fi; ok",
    "if gate; ok; then ok; fi",
    "for i in 1 2; do gate; done",
    "for i in 1 2; do gate; done; ok",
    "for i in 1 2; do gate || true; done",
    "for i in 1; do gate; done || true",
    "for i in 1\ndo\ngate\nok\ndone\n",
    "for ((i = 0; i < 1; i++)); do gate; done; ok",
    "i=0; while [ $i = 0 ]; do i=1; gate; done; ok",
    "until gate; do break; done",
    "case a in a) gate ;; *) ok ;; esac",
    "case a in (a) gate;; esac; ok",
    "case a in\n  b) ok ;;\n  a | c)\n    gate || true\n    ;;\nesac",
    "gate & ok",
    "gate & wait $!",
    "! gate",
    "! gate; ok",
    "x=$(gate); ok",
    "x=$(gate)",
    "x=$(gate; ok); ok",
    "x=$(set -e; gate; ok); ok",
    "echo $(gate)",
    'echo "$(gate)"; ok',
    "echo `gate`",
    "x=`gate`; ok",
    "export x=$(gate); ok",
    "cat <(gate)",
    "f() { gate; }; f",
    "f() { gate; ok; }; f; ok",
    "f() { gate; ok; }; f || true",
    "f() { gate; ok; }\nif f; then ok; fi",
    "function f { gate || true; }; f; ok",
    "f() { gate; }; f | cat",
    "f() { gate || return 0; ok; }; f",
    "f() ( gate; ok ); f; ok",
    "g() { f; }; f() { gate; ok; }; g; ok",
    "bash -c 'gate || true'",
    "bash -c 'gate; ok'",
    "bash -ec 'gate; ok'",
    "bash -o errexit -c 'gate; ok'",
    "bash -c 'gate' || true",
    "bash -eo pipefail -c 'gate | cat'; ok",
    "sh -e <<'E'\ngate\nok\nE\nok",
    "sh <<E || true\ngate\nE",
    "timeout 300 bash -c 'gate' || true",
    "echo 'gate || true'; gate",
    "gate # || true",
    "gate \\\n  || true",
    "gate > f 2>&1 || true",
    "A=1 gate || true",
    "gate; exit 0",
    "ok && { gate; }; ok",
    "true && { ok; gate; } && ok || exit 4",
    '[ -n "$PATH" ] && gate; ok',
    "[[ -n $PATH && 1 ]] && gate",
    "(( 1 + 1 )) && gate",
    "((gate); ok); ok",
    "gate <<E || true\nx\nE\n",
    "if ok; then\n  ok\nelse\n  ok\nfi\ngate || true\n",
    "{ ok; { gate; }; ok; }; ok",
    "{ ok; ( gate ); ok; }; ok",
    "! { gate; ok; }",
    "time gate || true",
    "if ok; then gate || true; else exit 1; fi",
    "exec gate",
    "gate || printf '%s' bad",
    "if ! gate; then echo bad; fi",
    "if gate; then :; fi; ok",
    "if gate; then echo good; else echo bad >&2; fi",
    "if ! gate; then echo bad; exit 1; fi",
    "if gate; then echo good; else false; fi",
    "if gate && ok; then echo good; fi",
    "if ! gate; then echo bad; fi > log",
    "local_() { local x=$(gate); ok; }; local_",
    "export x=$(gate)",
]
LOOKED_AT = [
    ("gate; rc=$?; exit $rc", "asked"),
    ("gate; if [ $? -ne 0 ]; then exit 1; fi", "asked"),
    ("gate\ncase $? in 0) ;; *) exit 1;; esac", "asked"),
    ("gate | cat; exit ${PIPESTATUS[0]}", "asked"),
    ("gate || rc=$?", "asked"),
    ("gate || failed=1", "asked"),
    ("gate || exit $?", "asked"),
    ("gate || { rm x; exit 0; }", "asked"),
    ("if gate; then ok; else exit 1; fi", "asked"),
    ("while ! gate; do sleep 1; done", "asked"),
    ("gate & p=$!; wait $p", "asked"),
    ("if ! gate; then echo bad > log; fi", "asked"),
    ("if ! gate; then failed=1; echo bad; fi", "asked"),
    ("if gate; then echo 0; else echo 1; fi | grep -q 0", "asked"),
    ("{ if gate; then echo 0; else echo 1; fi; } > log", "asked"),
    ("x=$(if gate; then echo 0; else echo 1; fi)", "asked"),
    ("f() { if gate; then echo 0; else echo 1; fi; }; x=$(f)", "asked"),
    ("if gate; then echo 0; elif ok; then echo 1; fi", "asked"),
    ("if gate; then echo 0; else echo 1 >&2; fi", "unheeded"),
    ('if ! gate; then echo bad >> "$GITHUB_STEP_SUMMARY"; fi', "unheeded"),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("script", SCRIPTS)
def test_bash_agrees(script, mode, tmp_path_factory):
    root = tmp_path_factory.getbasetemp()
    found, real = fate(script, mode), fails(root, script, mode)
    assert found == "asked" or real is None or (found == "fails") == real


@pytest.mark.parametrize(("script", "kind"), LOOKED_AT)
def test_what_looks_at_the_exit_code(script, kind):
    assert fate(script, "") == kind


REST = ("ok", "true", "false", "exit 0", "exit 3", ":", "{ ok; exit 1; }", "(exit 1)", "return 0")
# What may stand around a script; a function's name counts how deep it is, lest it call itself.
AROUND = [
    *(f"%s {operator} {rest}" for operator in ("&&", "||") for rest in REST),
    *(f"%s\n{rest}" for rest in ("ok", "true", "exit 0", "set +e")),
    "ok; %s",
    "ok && %s",
    "{ %s\n}",
    "(%s\n)",
    "if ok; then %s\nfi",
    "if false; then ok; else\n%s\nfi",
    "if %s\nthen ok; fi",
    "if ok; then ok; %s\nelse ok; fi; ok",
    "for i in 1; do %s\ndone",
    "case a in a) %s\n;; esac",
    "%s | cat",
    "ok | %s",
    "! %s",
    "%s &",
    "x=$(%s)",
    "set -e; %s",
    "set -o pipefail; %s",
    "f@() { %s\n}; f@",
    "g@() { f@; ok; }; f@() { %s\n}; g@",
]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(AROUND), min_size=1, max_size=6), st.sampled_from(list(MODES)))
def test_bash_agrees_about_any_nesting(tmp_path_factory, forms, mode):
    script = "gate"
    for depth, form in enumerate(forms):
        script = form.replace("@", str(depth)).replace("%s", script)
    real = fails(tmp_path_factory.getbasetemp(), script, mode)
    found = fate(script, mode)
    assert found == "asked" or real is None or (found == "fails") == real, script
