"""One pass over the bytes: the same result whatever the cache, the pieces, the processes."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import convert, to_builtins
from tests.fleets import FIXTURES, FLEET, repository, write
from tests.samples.credentials import token
from tests.samples.trajectories import failed_row, lines, litellm_row, otlp_row

from evalpolicy.config.reading import Layout
from evalpolicy.facts.recordings import mapping, reading
from evalpolicy.facts.recordings.mapping import Recordings
from evalpolicy.facts.recordings.reading import Content, read_content, read_pieces
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.scanners.credentials import SHAPES
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.cache import Cache

HOSTS = (r"[a-z]+\.corp\.example",)
KEY = token(next(s for s in SHAPES if s.id == "hugging-face"), random.Random(1))
SAMPLES = {
    "litellm": lines(litellm_row("a"), failed_row(), litellm_row("b", id="2")),
    "otlp": lines(otlp_row()),
    "leaks": lines(litellm_row(f"é {KEY} at llm.corp.example"), failed_row() | {"error_str": KEY}),
    "bad": b'{"\xff\n\x00\n{}\n[[[' + b"[" * 5000,
    "empty": b"",
    "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:"
    + b"ab" * 32
    + b"\nsize 12345\n",
    "surrogate": b'{"status": "failure", "response": {}, "error_str": "\\ud800 x"}\n',
}


def rows(root, cache=None, **how):
    with open_snapshot(root) as snapshot:
        fleet = Fleet(snapshot, Layout())
        found = Recordings(fleet, cache or Cache(None), HOSTS, **how)
        result = {path: to_builtins(_content(found[path])) for path in found}
    if cache:
        cache.save()
    return result


def _content(recording):
    from evalpolicy.facts.recordings.reading import Content

    return Content(recording.summary, recording.leaks, recording.leaked, recording.pointer)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_row_is_json_and_comes_back_as_it_was(name):
    content = read_content(SAMPLES[name], HOSTS)
    assert convert(json.loads(json.dumps(to_builtins(content))), Content) == content


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=4))
def test_any_bytes_come_back(raw):
    content = read_content(b"\n".join([*raw, lines(litellm_row(KEY))]), HOSTS)
    assert convert(json.loads(json.dumps(to_builtins(content))), Content) == content
    assert content.leaked >= 1


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "pointer"])
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_pieces_hold_what_the_whole_does(name, size):
    whole = SAMPLES[name]

    def pieces():
        return (whole[at : at + size] for at in range(0, len(whole), size))

    assert read_pieces(pieces, HOSTS) == read_content(whole, HOSTS)


def test_no_reply_and_no_secret_is_in_a_row():
    reply = "what nobody should keep"
    content = lines(
        litellm_row(f"{reply} {KEY}", user_agent=f"claude-cli/{KEY}", model=KEY),
        failed_row() | {"error_str": f"bad {KEY}"},
    )
    row = json.dumps(to_builtins(read_content(content, HOSTS)))
    assert KEY not in row
    assert KEY[4:] not in row
    assert reply not in row


@pytest.fixture
def fleet(tmp_path):
    files = {f"{FIXTURES}/arc-{n}-codex.traces.jsonl": c for n, c in enumerate(SAMPLES.values())}
    return repository(tmp_path / "fleet", {**FLEET, **files})


def test_the_cache_changes_nothing(fleet, tmp_path, monkeypatch):
    plain = rows(fleet)
    assert len(plain) == len(SAMPLES)
    file = str(tmp_path / "cache.sqlite")
    first = rows(fleet, Cache(file))
    assert json.dumps(first) == json.dumps(plain)
    monkeypatch.setattr(reading, "read_content", lambda *_: pytest.fail("read again"))
    assert json.dumps(rows(fleet, Cache(file))) == json.dumps(plain)


def test_a_changed_byte_and_other_hosts_are_read_anew(fleet, tmp_path):
    file = str(tmp_path / "cache.sqlite")
    path = f"{FIXTURES}/arc-0-codex.traces.jsonl"
    before = rows(fleet, Cache(file))
    write(fleet, {path: SAMPLES["litellm"].replace(b'"a"', b'"c"')})
    after = rows(fleet, Cache(file))
    assert before[path] != after[path]
    with open_snapshot(fleet) as snapshot:
        other = Recordings(Fleet(snapshot, Layout()), Cache(file), ())
    assert sum(r.leaked for r in other.values()) < sum(row[2] for row in after.values())


def test_large_files_are_read_in_pieces(fleet, monkeypatch):
    plain = rows(fleet)
    monkeypatch.setattr(mapping, "_WHOLE", 100)
    pieces = rows(fleet)
    for path, row in plain.items():
        assert row[:3] == pieces[path][:3]
