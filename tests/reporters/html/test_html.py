"""The page as HTML, without a browser: whole, consistent, and shut."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from tests.reporters.html.hostile import hostile_page
from tests.reporters.sample import finding, report, sample
from tests.reporters.test_hostile import HOSTILE

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.reporters import render
from evalpolicy.reporters.html import numbers
from evalpolicy.reporters.html.markup import Markup, prose, tag

_VOID = {"meta", "link", "input", "br", "wbr", "path", "circle", "rect", "use"}


class Page(HTMLParser):
    """Attributes of all elements, contents of scripts and styles; fails where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.code, self._open = [], {"script": [], "style": []}, []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag}: an attribute twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] in self.code:
            self.code[self._open[-1]].append(data)

    def values(self, attribute):
        return [attrs[attribute] for _, attrs in self.elements if attribute in attrs]


@pytest.fixture(scope="module", params=["sample", "hostile", "empty"])
def page(request):
    if request.param == "hostile":
        return Page(hostile_page(HOSTILE.values()))
    return Page(render("html", sample() if request.param == "sample" else report()))


def test_names_are_there_once(page):
    assert [name for name, n in Counter(page.values("id")).items() if n > 1] == []


def test_links_and_labels_lead_somewhere(page):
    ids = set(page.values("id"))
    links = {h[1:] for h in page.values("href") if h.startswith("#")}
    assert links <= ids
    assert {*page.values("for"), *page.values("aria-labelledby")} <= ids


def test_the_policy_names_what_is_there_and_nothing_else(page):
    policy = next(a["content"] for t, a in page.elements if "http-equiv" in a)
    rules = dict(part.split(" ", 1) for part in policy.split("; "))
    digests = {
        kind: {
            f"'sha256-{b64encode(sha256(code.encode()).digest()).decode()}'" for code in contents
        }
        for kind, contents in page.code.items()
    }
    assert set(rules.pop("script-src").split()) == digests["script"]
    assert set(rules.pop("style-src").split()) == digests["style"]
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }


def test_nothing_is_inline_and_nothing_is_fetched(page):
    for name, attrs in page.elements:
        assert not {"style", "src", "srcset", "action", "formaction", "ping"} & set(attrs), name
        assert not [attribute for attribute in attrs if attribute.startswith("on")], name


def test_the_style_fetches_nothing():
    assert "url(" not in render("html", sample())
    assert "@import" not in render("html", sample())


def test_a_long_line_is_cut_around_what_is_meant():
    line = "a" * 5000 + "HERE" + "b" * 5000
    found = finding(path="p", span=Span(1, 5001, 1, 5005))
    page = render("html", report([found], excerpts={("p", 1): line}))
    told = re.search(r"<pre>(.*?)</pre>", page)[1]
    assert "<mark>HERE</mark>" in told
    assert "…aaa" in told
    assert "bbb…" in told
    assert len(told) < 500


def test_text_is_escaped_once_and_markup_is_left():
    assert tag("p", "a & b", Markup("<b>c</b>"), title='"x"') == (
        '<p title="&quot;x&quot;">a &amp; b<b>c</b></p>'
    )


@pytest.mark.parametrize(
    ("words", "html"),
    [
        ("run `a b` now", "run <code>a b</code> now"),
        ("a ` b", "a ` b"),
        ("``", "``"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
    ],
)
def test_what_stands_between_backticks_is_code(words, html):
    assert prose(words) == html


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1,023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB"),
     (5 << 40, "5,120.0 GiB")],
)  # fmt: skip
def test_sizes(count, words):
    assert numbers.size(count) == words


@pytest.mark.parametrize(
    ("now", "then", "words"), [(3, 1, "+2"), (1, 1200, "−1,199"), (2, 2, "±0")]
)
def test_changes(now, then, words):
    assert numbers.change(now, then) == words
