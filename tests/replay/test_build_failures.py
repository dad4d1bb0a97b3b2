"""Why a bake failed, by what real builders say.

The messages are those of buildx 0.29.1 with BuildKit 0.25.1 as a remote builder, each from a bake
that was made to fail so: with no name server, and with a registry that answers 404, 403 or 503.
Only the name server's address was replaced.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from evalpolicy.replay.images.failures import canonical, unresolved_base

MESSAGES = Path(__file__).parent / "messages"
LOCAL = {
    "no-such-host": "ghcr.io/example/benchmarks/task-1:latest",
    "not-found": "localhost:5999/benchmarks/task-1:latest",
    "denied": "localhost:5999/denied/task-1:latest",
    "unavailable": "localhost:5999/busy/task-1:latest",
    "short-name": "task-1:latest",
    "context-image": "localhost:5999/agents/shell:latest",
}
"""The bases that a builder was asked for and could not resolve."""
OTHERS = ("other-base", "frontend", "syntax", "copy", "no-base", "run-that-prints")
"""What fails for another reason, although it may say the same words."""


def said(name: str) -> str:
    return (MESSAGES / f"{name}.txt").read_text()


def test_every_message_is_judged():
    assert {file.stem for file in MESSAGES.iterdir()} == {*LOCAL, *OTHERS}


@pytest.mark.parametrize("name", LOCAL)
def test_a_base_that_is_in_the_store_was_not_seen(name):
    assert unresolved_base(said(name), LOCAL.values()) == LOCAL[name]


@pytest.mark.parametrize("name", LOCAL)
def test_a_base_that_is_not_in_the_store_is_a_failure_of_the_network(name):
    others = [image for image in LOCAL.values() if image != LOCAL[name]]
    assert unresolved_base(said(name), others) is None


@pytest.mark.parametrize("name", OTHERS)
def test_everything_else_is_what_it_is(name):
    assert unresolved_base(said(name), LOCAL.values()) is None


def test_a_run_that_prints_the_words_is_not_believed():
    """The same words as in the client's own lines are there, behind a time."""
    assert "> [internal] load metadata for localhost:5999" in said("run-that-prints")
    assert unresolved_base(said("run-that-prints"), [LOCAL["not-found"]]) is None


@pytest.mark.parametrize("character", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_characters_that_only_seem_to_end_a_line_end_none(character):
    """A RUN can print them; the time stands before the first of its lines alone."""
    forged = ["#5 0.1 x", "------", " > [internal] load metadata for docker.io/a/b:1:", "------"]
    words = said("copy").replace("\n#5 ", f"\n{character.join(forged)}\n#5 ", 1)
    assert forged[2] in words
    assert unresolved_base(words, ["a/b:1"]) is None


@pytest.mark.parametrize("text", ["", "\n", "ERROR: ", "ERROR: failed to solve: "])
def test_saying_nothing_is_another_failure(text):
    assert unresolved_base(text, LOCAL.values()) is None


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("x", "docker.io/library/x:latest"),
        ("x:1", "docker.io/library/x:1"),
        ("a/x:1", "docker.io/a/x:1"),
        ("docker.io/x:1", "docker.io/library/x:1"),
        ("localhost/x:1", "localhost/x:1"),
        ("localhost:5000/x", "localhost:5000/x:latest"),
        ("ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ("ghcr.io/a/b@sha256:00", "ghcr.io/a/b@sha256:00"),
    ],
)
def test_names_as_buildkit_resolves_them(name, full):
    assert canonical(name) == full
