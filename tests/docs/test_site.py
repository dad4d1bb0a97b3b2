"""The site, built by mkdocs: strict, every link within it leads somewhere, nothing is fetched."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from docsite.generated import ROOT
from tests.conftest import ENGINES

from evalpolicy.frontends.cli.program import COMMANDS
from evalpolicy.reporters.sarif import INFORMATION
from evalpolicy.rules import all_rules

pytestmark = pytest.mark.engine("mkdocs")


class Page(HTMLParser):
    """What a page links to, what it loads, and the anchors that it has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors = {""}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors.update(given[key] for key in ("id", "name") if given.get(key))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in ("script", "img", "iframe", "source") and given.get("src"):
            self.loads.append(given["src"])
        elif tag == "link" and given.get("href") and given.get("rel") not in ("canonical",):
            self.loads.append(given["href"])


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """`build(change)` builds a copy of the documents and gives (exit code, output, the site)."""

    def run(change=lambda copy: None):
        if find_spec("mkdocs") is None:
            stop = pytest.fail if ENGINES == "required" else pytest.skip
            stop("mkdocs is not installed: pip install -e '.[docs]'")
        copy = tmp_path_factory.mktemp("docs")
        for name in ("docs", "docsite", "examples", "schemas", "src"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        (copy / "tests").mkdir()
        shutil.copytree(ROOT / "tests/samples", copy / "tests/samples")
        shutil.copy(ROOT / "tests/replays.py", copy / "tests")
        for name in (
            "mkdocs.yml",
            "README.md",
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "pyproject.toml",
        ):
            shutil.copy(ROOT / name, copy)
        change(copy)
        done = subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--strict"],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr, copy / "site"

    return run


@pytest.fixture(scope="module")
def site(build):
    code, output, site = build()
    assert code == 0, output
    return site


@pytest.fixture(scope="module")
def pages(site):
    return {
        str(path.relative_to(site)): Page(path.read_text(encoding="utf-8"))
        for path in sorted(site.rglob("*.html"))
    }


def test_every_rule_has_its_page_where_reports_say_it_is(pages):
    for rule in all_rules():
        address = f"{INFORMATION}rules/{rule.id}/"
        assert f"{address.removeprefix(INFORMATION)}index.html" in pages


def test_every_schema_is_where_its_id_says(site):
    for file in sorted((ROOT / "schemas").glob("*.json")):
        id = json.loads(file.read_text())["$id"]
        assert (site / id.removeprefix(INFORMATION)).read_bytes() == file.read_bytes()


def test_every_command_is_in_the_reference(pages):
    for name in COMMANDS:
        assert f"evalpolicy-{name}" in pages["reference/commands/index.html"].anchors


def test_links_within_the_site_lead_somewhere(pages, site):
    broken = []
    for name, page in pages.items():
        # The page for what is not there is served under any address.
        if name == "404.html":
            continue
        here = f"{INFORMATION}{name.removesuffix('index.html')}"
        for link in [*page.links, *page.loads]:
            target = urljoin(here, link)
            if not target.startswith(INFORMATION):
                continue
            path = unquote(urlsplit(target).path).lstrip("/")
            path += "index.html" if not path or path.endswith("/") else ""
            if not (site / path).is_file() or (
                path in pages and urlsplit(target).fragment not in pages[path].anchors
            ):
                broken.append((name, link))
    assert broken == []


def test_nothing_is_fetched_from_elsewhere(pages):
    for name, page in pages.items():
        for load in page.loads:
            address = urlsplit(load)
            assert not address.netloc or load.startswith(INFORMATION), (name, load)


def test_it_is_strict(build):
    def break_a_link(copy: Path) -> None:
        page = copy / "docs/index.md"
        page.write_text(page.read_text() + "\n[away](no-such-page.md)\n")

    code, output, _ = build(break_a_link)
    assert code != 0
    assert "no-such-page.md" in output


def test_a_page_that_nothing_leads_to_is_an_error(build):
    code, output, _ = build(lambda copy: (copy / "docs/lost.md").write_text("# Lost\n"))
    assert code != 0
    assert "lost.md" in output
