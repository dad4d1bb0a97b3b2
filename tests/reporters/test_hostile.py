"""What a repository may hold, against everything that reads a report."""

from __future__ import annotations

import json as stdlib_json
import random
import re
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from tests.reporters.sample import finding, report
from tests.samples.credentials import context, token

from evalpolicy.policy.portable import portable
from evalpolicy.policy.report import FileProblem, Waived
from evalpolicy.reporters import FORMATS, render
from evalpolicy.reporters.safe import lines_without_credentials, shown
from evalpolicy.scanners.credentials import SHAPES, Shape

HOSTILE = {
    "command": "::error file=x::owned",
    "command behind blanks": "   ::add-mask::x",
    "command on a new line": "a\n::set-output name=x::y\nb",
    "command behind CR": "a\r::error::x",
    "command that wraps": "word " * 18 + "::error ::" + "x" * 40,
    "old command": "a ##[add-path]/tmp/evil",
    "old command, one sign more": "a ###[error]x",
    "stop commands": "::stop-commands::x",
    "escaped line end": "a%0A::error::x%25",
    "properties": "a,line=99:b;c",
    "colour": "a\x1b[31mred\x1b[0m",
    "title": "a\x1b]0;owned\x07",
    "C1": "a\x9b31mred",
    "backspace": "evil\x08\x08\x08\x08good",
    "NUL": "a\x00b",
    "bidi": "a\u202egnp.exe",
    "separators": "a\u2028::error::b\u2029c\x85d",
    "surrogate": "a\udcffb",
    "not a character": "a\uffffb\ufffe",
    "tag": "<script>alert(1)</script><img src=x onerror=y>",
    "comment": "<!-- a --><b>",
    "entity": "&lt;b&gt; &amp;",
    "CDATA": "]]><x/>",
    "link": "[click](https://evil.example/)",
    "image": "![x](https://evil.example/x.png)",
    "reference": "[a]: https://evil.example\n\n[a]",
    "autolink": "<https://evil.example> https://evil.example www.evil.example a@evil.example",
    "escaped link": "\\[click](https://evil.example/)",
    "heading": "# big\n\n---\n\n* list",
    "mention": "@everyone #1 owner/repo#2",
    "backticks": "`` ` ``` <b>",
    "only backticks": "```",
    "fence": "```\n<b>\n```",
    "table": "a | b | c",
    "placeholder": "{0} {{1}}",
    "blank": " ",
}


def hostile_report(text, times=1):
    path = f"x/{text}"
    found = finding(path=path, message=text or "x", help=text, subject=text, about=text, cause=text)
    first = finding(path=text, message=f"see {text}", help=text, cause=text)
    excerpts = {(path, 2): text.split("\n")[0], (text, 2): text.split("\n")[0]}
    return report(
        [*[first] * times, found],
        [FileProblem(path, 1, text), FileProblem(text, 1, text)],
        [Waived(found, "comment", text), Waived(first, "baseline", text)],
        excerpts=excerpts,
    )


def outputs():
    for name in FORMATS:
        for kind, text in HOSTILE.items():
            yield pytest.param(name, text, id=f"{name}: {kind}")


@pytest.mark.parametrize("times", [1, 100], ids=["each", "folded"])
@pytest.mark.parametrize(("name", "text"), list(outputs()))
def test_nothing_starts_a_command_or_moves_a_cursor(name, text, times):
    output = render(name, hostile_report(text, times))
    output.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", output)
    assert "##[" not in output
    for line in output.split("\n"):
        if line.lstrip().startswith("::"):
            assert name == "github"
            assert re.match(r"::error file=", line)


@pytest.mark.parametrize("text", list(HOSTILE.values()), ids=list(HOSTILE))
class TestEach:
    def test_json_gives_the_same_text_back(self, text):
        document = stdlib_json.loads(render("json", hostile_report(text)))
        assert document["findings"][1]["message"] == portable(text)
        assert document["findings"][1]["path"] == portable(f"x/{text}")

    def test_sarif_has_no_links_and_names_the_file(self, text):
        run = stdlib_json.loads(render("sarif", hostile_report(text)))["runs"][0]
        for result in run["results"]:
            said = re.sub(r"\\.", "", result["message"]["text"])
            assert "[" not in said
            assert "]" not in said
        uris = [
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            for result in run["results"]
        ]
        assert all(re.fullmatch(r"(?:[A-Za-z0-9_.~/-]|%[0-9A-F]{2})*", uri) for uri in uris)
        named = {unquote_to_bytes(uri) for uri in uris}
        assert named == {p.encode("utf-8", "surrogateescape") for p in (f"x/{text}", text)}

    def test_markdown_has_no_html_no_links_and_the_same_words(self, text):
        output = render("markdown", hostile_report(text))
        parser = MarkdownIt("gfm-like")
        tokens = [t for block in parser.parse(output) for t in (block, *(block.children or ()))]
        kinds = {token.type for token in tokens}
        assert not kinds & {"html_inline", "link_open", "image", "fence", "hr"}
        html = [token.content for token in tokens if token.type == "html_block"]
        assert html == [
            "<details><summary>and 1 more in 1 file</summary>\n", "</details>\n",
        ]  # fmt: skip
        headings = [t.content for t in tokens if t.type == "inline" and t.level == 1]
        assert sum(t.type == "heading_open" for t in tokens) == 3, headings
        codes = [token.content for token in tokens if token.type == "code_inline"]
        words = shown(text)
        assert codes.count(words) >= 3 or codes.count(f" {words} ") >= 3

    def test_junit_is_xml_that_says_the_same(self, text):
        root = ElementTree.fromstring(render("junit", hostile_report(text)))
        messages = [failure.get("message") for failure in root.iter("failure")]
        assert shown(text).replace("\uffff", "\ufffd").replace("\ufffe", "\ufffd") in messages

    def test_html_has_no_element_of_it_and_the_same_words(self, text):
        page = PageReader(render("html", hostile_report(text)))
        plain = PageReader(render("html", hostile_report("x")))
        assert set(page.elements) <= set(plain.elements) | {("code", ()), *OF_PATHS}
        links = {re.sub("^#c-[0-9a-f]{32}$", "#c-…", link) for link in page.links}
        assert links <= {"#main", "#first", "#findings", "#r-LBL001", "#c-…"}
        assert page.code == plain.code
        assert re.sub("`", "", shown(text)).strip() in re.sub("`", "", page.words)

    def test_github_reads_one_annotation_a_line(self, text):
        lines = render("github", hostile_report(text)).splitlines()
        assert len(lines) == 4
        of_problems, of_findings = (f"x/{text}", text), sorted((text, f"x/{text}"))
        for line, path in zip(lines, (*of_problems, *of_findings), strict=True):
            command, properties, data = as_the_runner_reads(line)
            assert command == "error"
            assert set(properties) <= {"file", "line", "col", "endColumn", "title"}
            assert data.endswith(shown(text)) or f"({shown(text)})" in data
            if not re.search(
                "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\udc80-\udcff]|##", path
            ):
                assert properties["file"] == path


OF_PATHS = {("span", ("class",)), ("b", ()), ("wbr", ())}


class PageReader(HTMLParser):
    """The elements of a page with their attributes' names, its links, its code and its words."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.links, self.code, self.words = [], set(), [], ""
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.links |= {value for name, value in attrs if name in ("href", "src") and tag == "a"}
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data):
        if self._inside in ("script", "style"):
            self.code.append(data)
        else:
            self.words += data


def as_the_runner_reads(line):
    """A workflow command as actions/runner parses it: name, properties, data."""
    head, _, data = line.removeprefix("::").partition("::")
    name, _, listed = head.partition(" ")
    properties = dict(pair.split("=", 1) for pair in listed.split(",") if pair)
    for mark, escaped in (("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C"), ("%", "%25")):
        properties = {key: value.replace(escaped, mark) for key, value in properties.items()}
    for mark, escaped in (("\r", "%0D"), ("\n", "%0A"), ("%", "%25")):
        data = data.replace(escaped, mark)
    return name, properties, data


def test_the_first_line_of_a_key_hides_no_finding_behind_it() -> None:
    """What stands below it in a report has the letters of a key, and is none."""
    begin = "-" * 5 + "BEGIN PRIVATE KEY" + "-" * 5
    words = "\n".join(f"a/b{n}: error: LBL001 the label is missing, Xyz19 {n}" for n in range(9))
    text = f"Dockerfile: {begin}\n{words}\n"
    assert lines_without_credentials(text) == (text, 0)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_each_kind_of_credential_is_looked_for(shape: Shape) -> None:
    rng = random.Random(shape.id)
    for _ in range(9):
        made = token(shape, rng)
        before, after = context(shape)
        text = f"{before}{made}{after}"
        assert made not in shown(text)
        assert made not in lines_without_credentials(text)[0]
        assert lines_without_credentials(text)[1] == 1
