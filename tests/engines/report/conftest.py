"""A real browser, and the web page of a fleet that has everything."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager

import pytest
from tests.fleets import repository
from tests.reporters.html import fleet

from evalpolicy.__main__ import main
from evalpolicy.replay.reports.json import row

PATIENCE = 60_000
"""Milliseconds: only what hangs takes them."""
ARGUMENTS = ("--no-sandbox", "--disable-background-networking")


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, started once; or the reason why there is none."""
    path = shutil.which("chromium")
    if path is None:
        yield "chromium is not on PATH"
        return
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        yield "playwright is not installed: pip install -e '.[engines]'"
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def shown(chromium, need_engine):
    """`with shown(file, …) as page`: the page in a window; what it complains of fails the test."""
    if isinstance(chromium, str):
        need_engine(chromium)

    @contextmanager
    def show(file, width=1280, expected=(), **how):
        said = []
        context = chromium.new_context(viewport={"width": width, "height": 900}, **how)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: said.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: said.append(f"request: {request.url}"))
        url = file.as_uri()
        page.goto(url)
        yield page
        context.close()
        asked = [line for line in said if line.partition("#")[0] == f"request: {url}"]
        assert asked, "the page itself was not seen to be loaded"
        pictures = [line for line in said if line.startswith("request: data:")]
        left = [line for line in said if line not in (*asked, *pictures)]
        for words in expected:
            assert any(words in line for line in left), left
        assert [line for line in left if not any(words in line for words in expected)] == []

    return show


@pytest.fixture(scope="session")
def riddles(tmp_path_factory):
    """The folder that `evalpolicy report` wrote: with replays, and since an earlier report."""
    top = tmp_path_factory.mktemp("report")
    now = fleet.files()
    replays = top / "replays.json"
    replays.write_text(json.dumps({"replays": [row(one) for one in fleet.replays()]}))
    assert _report(repository(top / "before", fleet.before(now)), top / "earlier") == 0
    root = repository(top / "riddles", now)
    since = str(top / "earlier/report.json")
    assert _report(root, top / "out", "--since", since, "--replays", str(replays)) == 0
    return top / "out"


def _report(root, output, *more):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return main(["report", "--no-cache", "--output", str(output), *more])
