"""The commands in the documents do what the documents say."""

from __future__ import annotations

import re

import pytest
from docsite import console
from docsite.console import Block, Command, blocks, documents, shows

DOCUMENTS = {str(path.relative_to(console.ROOT)): path for path in documents()}
# A test neither installs anything nor goes out.
OUTWARD = re.compile(r"\b(?:pip|pipx|uv|npm|npx|apt|apt-get|brew|curl|wget|docker|podman) ")
# A reason says what is missing here, not only that something is.
SHORTEST_REASON = 15


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands(name, tmp_path):
    place = console.fleet(tmp_path)
    for block in blocks(DOCUMENTS[name].read_text(encoding="utf-8")):
        if block.reason is not None:
            continue
        codes = set()
        for command in block.commands:
            ran, place = console.run(command, place, tmp_path)
            where = f"{name}:{command.line}: $ {command.text}\n{ran.output}"
            assert ran.code in (0, block.exit), f"exit code {ran.code}: {where}"
            codes.add(ran.code)
            if command.output is not None:
                assert shows(command.output, ran.output), "\n".join((where, "", *command.output))
        assert block.exit in codes, f"no command ends with {block.exit}: {name}: {block}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_not_run_says_why(name):
    text = DOCUMENTS[name].read_text(encoding="utf-8")
    found = list(blocks(text))
    assert text.count("\n```console\n") == sum(1 for b in found if b.commands) - text.count(
        "<!-- setup\n"
    )
    for block in found:
        assert block.reason is None or len(block.reason) >= SHORTEST_REASON
        if block.reason is None:
            for command in block.commands:
                assert not OUTWARD.search(command.text), (
                    f"{name}:{command.line}: mark the block: <!-- not run: it installs … -->"
                )
    # Commands stand in blocks that are run, or say why they are not.
    assert not re.search(r"^```(?:sh|bash|shell|zsh)\b", text, re.MULTILINE)


def test_blocks():
    text = """
<!-- setup
cp a b
-->

<!-- exit 1 -->
```console
$ one \\
    two
$ three   # why
out

…
```

<!-- not run: it needs the network -->
```console
$ four
```
"""
    assert list(blocks(text)) == [
        Block((Command("cp a b", None, 3),)),
        Block(
            (
                Command("one \\\n    two", None, 8),
                Command("three   # why", ("out", "", "…"), 10),
            ),
            1,
        ),
        Block((Command("four", None, 18),), 0, "it needs the network"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shown", "output", "fits"),
    [
        (("a", "b"), "a\nb\n", True),
        (("a",), "a\nb\n", False),
        (("b",), "a\nb\n", False),
        (("a", "…"), "a\nb\nc\n", True),
        (("…", "c"), "a\nb\nc\n", True),
        (("a", "…", "c"), "a\nc\n", True),
        (("…",), "", True),
        (("a…c",), "abc\n", True),
        (("a…c",), "ab\nc\n", False),
        (("a",), "", False),
        (("a.c",), "abc\n", False),
    ],
)
def test_output(shown, output, fits):
    assert shows(shown, output) is fits
