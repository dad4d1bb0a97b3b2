"""The web page in a real browser: what it shows, how it is used, whom it shuts out."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.reporters.html import fleet
from tests.reporters.html.hostile import hostile_page
from tests.reporters.test_hostile import HOSTILE

pytestmark = [pytest.mark.engine("chromium"), pytest.mark.xdist_group("chromium")]

WINDOWS = [("light", 1280), ("dark", 1280), ("light", 400), ("dark", 400)]


@pytest.fixture
def index(riddles):
    return riddles / "index.html"


@pytest.fixture
def data(riddles):
    return json.loads((riddles / "report.json").read_text())


def count(page):
    return page.inner_text("#count")


def wait_for_count(page, words):
    page.wait_for_function("words => document.getElementById('count').textContent === words",
                           arg=words)  # fmt: skip


def wait_for_narrowing(page):
    page.wait_for_function("() => document.getElementById('count').textContent.includes(' of ')")


def job(page, rule):
    """What the page says to do about a rule."""
    return page.locator(".job", has_text=rule).first


def visible_rows(page):
    return page.evaluate(
        "[...document.querySelectorAll('.group tbody tr')].filter(r => r.checkVisibility()).length"
    )


class TestShows:
    def test_what_was_found_and_what_to_do(self, shown, index, data):
        with shown(index) as page:
            errors = data["summary"]["error"]
            assert page.inner_text("h1") == f"{errors} errors to fix"
            assert page.title() == f"{errors} errors to fix · riddles · evalpolicy"
            tiles = page.locator(".verdict > div").all_inner_texts()
            assert re.sub(r"\s+", " ", tiles[0]).startswith(f"errors {errors}")
            rules = Counter(finding["rule"] for finding in data["findings"])
            assert page.locator(".job").count() == len(rules)
            first = data["causes"][0]["rule"]
            assert first in page.locator(".job").first.inner_text()
            assert f"Show all {rules[first]}" in page.locator(".job").first.inner_text()
            assert "evalpolicy provenance backfill" in job(page, "PRV001").inner_text()

    def test_every_section_has_a_heading_and_a_way_there(self, shown, index):
        with shown(index) as page:
            links = page.locator(".top nav a")
            assert links.all_inner_texts() == [
                "First", "Findings", "Coverage", "Fixtures", "Sizes", "Trend",
            ]  # fmt: skip
            for link in links.all():
                link.click()
                section = page.locator(link.get_attribute("href"))
                assert section.locator("h2").first.is_visible()

    @pytest.mark.parametrize("width", [320, 400, 768, 1280])
    def test_nothing_sticks_out_of_the_window(self, shown, index, width):
        with shown(index, width=width) as page:
            page.click("#open-all")
            page.click(".stories > summary")
            assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_since_tells_what_is_new_and_what_is_gone(self, shown, index):
        with shown(index) as page:
            told = page.inner_text("#trend")
            assert re.search(r"[1-9]\d* gone, [1-9]\d* new, \d+ unchanged", told)
            assert "label-missing" not in told
            page.check("#only-new")
            new = int(page.locator("#only-new ~ .n").inner_text())
            wait_for_narrowing(page)
            assert count(page).startswith(f"{new} of ")
            assert visible_rows(page) == new

    def test_it_prints(self, shown, index):
        with shown(index, width=1280, color_scheme="dark") as page:
            page.emulate_media(media="print", color_scheme="dark")
            assert not page.is_visible(".top")
            assert not page.is_visible("#filters")
            assert page.is_visible("#matrix")
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
                "rgb(255, 255, 255)"
            )
            pdf = page.pdf(format="A4")
            assert pdf.startswith(b"%PDF")
            assert len(re.findall(rb"/Type /Page\b", pdf)) >= 3


class TestFindings:
    def test_text_narrows_and_opens(self, shown, index, data):
        with shown(index) as page:
            assert count(page) == f"{len(data['findings'])} findings"
            assert visible_rows(page) == 0
            page.fill("#q", "pin005 nothing-like-this")
            wait_for_count(page, f"0 of {len(data['findings'])} findings")
            assert page.is_visible("#none")
            page.fill("#q", "pin005 SOLVER")
            wait_for_count(page, f"2 of {len(data['findings'])} findings")
            assert visible_rows(page) == 2
            page.click("text=Reset")
            wait_for_count(page, f"{len(data['findings'])} findings")
            assert visible_rows(page) == 0

    @pytest.mark.parametrize("severity", ["error", "warning", "note"])
    def test_severity(self, shown, index, data, severity):
        with shown(index) as page:
            page.uncheck(f"input[value={severity}]")
            left = len(data["findings"]) - data["summary"][severity]
            wait_for_count(page, f"{left} of {len(data['findings'])} findings")
            assert visible_rows(page) == left

    def test_family(self, shown, index, data):
        with shown(index) as page:
            page.select_option("#family", "PRV")
            left = sum(finding["rule"].startswith("PRV") for finding in data["findings"])
            wait_for_count(page, f"{left} of {len(data['findings'])} findings")
            assert visible_rows(page) == left

    def test_benchmark(self, shown, index, data):
        with shown(index) as page:
            page.select_option("#benchmark", "haiku")
            wait_for_narrowing(page)
            told = page.evaluate(
                "[...document.querySelectorAll('.group tbody tr')]"
                ".filter(r => r.checkVisibility()).map(r => r.innerText)"
            )
            assert told
            assert all("haiku" in row for row in told)
            stems = {stem for stem, benchmark, *_ in fleet.fixtures() if benchmark == "haiku"}
            expected = [
                f for f in data["findings"]
                if "/haiku/" in f["path"] or f["subject"] in stems or f["path"].split("/")[-1]
                .split(".")[0] in stems
            ]  # fmt: skip
            assert len(told) == len(expected)

    def test_all_controls_together(self, shown, index, data):
        with shown(index) as page:
            page.select_option("#family", "LBL")
            page.uncheck("input[value=warning]")
            page.fill("#q", "chess")
            wait_for_count(page, f"1 of {len(data['findings'])} findings")

    def test_the_address_keeps_what_the_controls_say(self, shown, index, data):
        total = len(data["findings"])
        with shown(index) as page:
            page.select_option("#family", "PRV")
            page.uncheck("input[value=note]")
            page.fill("#q", "goose copilot")
            page.wait_for_function(
                "address => location.hash === address",
                arg="#findings?q=goose+copilot&family=PRV&without=note",
            )
            told = count(page)
            page.reload()
            assert count(page) == told
            assert page.input_value("#q") == "goose copilot"
            assert not page.is_checked("input[value=note]")
            page.click("text=Reset")
            wait_for_count(page, f"{total} findings")
            assert page.evaluate("location.hash") == "#findings"

    def test_an_address_that_names_what_is_not_there_narrows_nothing(self, shown, index, data):
        with shown(index) as page:
            page.evaluate("location.hash = '#findings?family=%00&benchmark=<b>&without=x&y=%E0'")
            page.wait_for_timeout(100)
            assert count(page) == f"{len(data['findings'])} findings"
            assert page.input_value("#family") == ""

    def test_the_count_is_announced(self, shown, index):
        with shown(index) as page:
            assert page.get_attribute("#count", "aria-live") == "polite"

    def test_a_job_leads_to_its_findings(self, shown, index, data):
        with shown(index) as page:
            page.fill("#q", "nothing like this")
            page.wait_for_selector("#none:visible")
            page.click(".job .go >> nth=0")
            group = page.locator(f"[data-rule={data['causes'][0]['rule']}]")
            assert group.get_attribute("open") is not None
            assert group.locator("summary").evaluate("e => e === document.activeElement")
            assert count(page) == f"{len(data['findings'])} findings"

    def test_a_command_can_be_copied(self, shown, index):
        with shown(index, permissions=["clipboard-read", "clipboard-write"]) as page:
            job(page, "PRV001").locator(".copy").first.click()
            page.wait_for_selector("text=Copied")
            assert page.evaluate("navigator.clipboard.readText()") == (
                "evalpolicy provenance backfill"
            )


class TestMatrix:
    def test_every_pair_is_a_cell(self, shown, index):
        with shown(index) as page:
            rows = page.locator("#matrix tbody tr")
            assert rows.count() == len(fleet.BENCHMARKS)
            assert page.locator("#matrix tbody td:not(.sum)").count() == len(
                fleet.BENCHMARKS
            ) * len(fleet.CLIENTS)
            linked = page.eval_on_selector_all(
                "#matrix td a", "links => links.flatMap(a => a.dataset.f.split(' '))"
            )
            assert sorted(map(int, linked)) == list(range(len(list(fleet.fixtures()))))

    def test_a_click_tells_the_story(self, shown, index):
        with shown(index) as page:
            cell = page.locator("#matrix a[aria-label*='ambiguous']")
            cell.click()
            assert page.inner_text("#story-title") == fleet.AMBIGUOUS
            told = page.inner_text("#story")
            for words in (
                "can be read in two ways",
                "task 4-mini of word-count, by swe-agent",
                "openai/gpt-x 5 turns",
                "No entry.",
                "PRV001",
                f"evalpolicy provenance record {fleet.AMBIGUOUS}",
            ):
                assert words in told
            page.keyboard.press("Escape")
            assert not page.is_visible("#story")
            assert cell.evaluate("e => e === document.activeElement")

    def test_a_story_has_its_provenance_and_its_replay(self, shown, index):
        with shown(index) as page:
            page.locator("#matrix a[aria-label*='not reproduced, 1 fixture']").first.click()
            told = page.inner_text("#story")
            assert "exhausted: 2 of 5 calls came after the last turn" in told
            assert re.search(r"captured\s+2026-06-15T08:30:00Z\s+option: --captured", told)

    def test_a_cell_of_two_fixtures_tells_both(self, shown, index):
        with shown(index) as page:
            cell = page.locator("#matrix a:has(sup)").first
            cell.click()
            assert page.locator("#story article").count() == 2
            assert page.inner_text("#story-title") == "2 fixtures"
            page.click("#story-close")
            assert not page.is_visible("#story")

    def test_a_finding_in_a_story_leads_to_its_rule(self, shown, index):
        with shown(index) as page:
            page.locator("#matrix a[aria-label*='ambiguous']").click()
            page.click("#story [data-show=FIX002]")
            assert not page.is_visible("#story")
            assert page.locator("[data-rule=FIX002]").get_attribute("open") is not None

    def test_the_keyboard_moves_in_it_and_it_is_one_stop(self, shown, index):
        with shown(index) as page:
            stops = page.locator("#matrix [tabindex='0']")
            assert stops.count() == 1
            stops.first.focus()

            def where():
                return page.evaluate(
                    "(() => { const c = document.activeElement.closest('td');"
                    "return [c.parentElement.rowIndex, c.cellIndex]; })()"
                )

            page.keyboard.press("Control+Home")
            assert where() == [1, 1]
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowDown")
            assert where() == [2, 2]
            page.keyboard.press("ArrowLeft")
            page.keyboard.press("ArrowUp")
            page.keyboard.press("ArrowUp")
            page.keyboard.press("ArrowLeft")
            assert where() == [1, 1]
            page.keyboard.press("End")
            assert where() == [1, len(fleet.CLIENTS)]
            page.keyboard.press("Control+End")
            assert where() == [len(fleet.BENCHMARKS), len(fleet.CLIENTS)]
            page.keyboard.press("PageUp")
            page.keyboard.press("Home")
            assert where() == [len(fleet.BENCHMARKS) - 10, 1]
            assert stops.count() == 1
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.closest('#matrix') === null")

    def test_enter_opens_the_story(self, shown, index):
        with shown(index) as page:
            page.locator("#matrix a").nth(3).focus()
            page.keyboard.press("Enter")
            assert page.is_visible("#story")
            assert page.evaluate("document.activeElement.id") == "story-title"

    def test_benchmarks_narrow_it(self, shown, index):
        with shown(index) as page:
            page.fill("#mq", "WORD-")
            assert page.locator("#matrix tbody tr:visible").count() == 2
            assert page.inner_text("#mcount") == f"2 of {len(fleet.BENCHMARKS)} benchmarks"
            page.check("#only-covered")
            assert page.locator("#matrix tbody tr:visible").count() == 1
            assert page.locator("#matrix [tabindex='0']:visible").count() == 1

    def test_a_state_can_be_picked_out(self, shown, index):
        with shown(index) as page:
            button = page.locator("[data-state=stale]")
            button.click()
            assert button.get_attribute("aria-pressed") == "true"
            picked = page.locator("#matrix td.picked")
            assert 0 < picked.count() <= 3
            assert all("stale" in k for k in picked.evaluate_all("e => e.map(c => c.dataset.k)"))
            assert page.inner_text("#mcount") == f"{picked.count()} cells with stale"
            button.click()
            assert picked.count() == 0
            assert page.inner_text("#mcount") == ""


class TestColours:
    def test_the_switch_outranks_the_system_and_lasts(self, shown, index):
        with shown(index, color_scheme="light") as page:
            background = "getComputedStyle(document.body).backgroundColor"
            light = page.evaluate(background)
            page.check("input[value=dark]", force=True)
            dark = page.evaluate(background)
            assert dark != light
            page.reload()
            assert page.evaluate(background) == dark
            assert page.is_checked("input[value=dark]")
            page.check("input[name=theme][value='']", force=True)
            assert page.evaluate(background) == light

    def test_the_system_is_followed(self, shown, index):
        seen = set()
        for scheme in ("light", "dark"):
            with shown(index, color_scheme=scheme) as page:
                seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert len(seen) == 2

    def test_nothing_moves_where_that_was_asked_for(self, shown, index):
        with shown(index, reduced_motion="reduce") as page:
            page.locator("#matrix a").first.click()
            assert page.evaluate("document.getElementById('story').getAnimations().length") == 0


class TestForEveryone:
    @pytest.mark.parametrize(("scheme", "width"), WINDOWS)
    def test_axe_finds_nothing(self, shown, index, need_engine, scheme, width):
        try:
            from axe_playwright_python.sync_playwright import Axe
        except ImportError:
            need_engine("axe-playwright-python is not installed: pip install -e '.[engines]'")
        with shown(index, width=width, color_scheme=scheme, reduced_motion="reduce") as page:
            page.click("#open-all")
            page.click(".stories > summary")
            for fold in page.locator("details:not([open]) > summary:visible").all()[:12]:
                fold.click()
            assert _violations(Axe().run(page)) == []
            page.evaluate("document.querySelector('#matrix a').click()")
            assert _violations(Axe().run(page)) == []

    def test_axe_can_find_something(self, shown, index, need_engine):
        """Else the audit above would be worth nothing."""
        try:
            from axe_playwright_python.sync_playwright import Axe
        except ImportError:
            need_engine("axe-playwright-python is not installed: pip install -e '.[engines]'")
        with shown(index) as page:
            page.evaluate("document.documentElement.style.setProperty('--soft', '#bbb')")
            page.evaluate("document.getElementById('q').previousElementSibling.remove()")
            found = _violations(Axe().run(page))
            assert {"color-contrast"} <= {id for id, *_ in found}

    def test_it_can_be_read_without_a_script(self, shown, index):
        with shown(index, java_script_enabled=False) as page:
            assert not page.is_visible("#filters")
            assert not page.is_visible(".themes")
            assert page.locator("[data-state]:enabled").count() == 0
            page.click("[data-rule=PRV001] > summary")
            assert page.is_visible("#r-PRV001")
            page.click("#matrix a >> nth=0")
            target = page.locator("#matrix a").first.get_attribute("href")
            assert page.is_visible(f"{target} .numbers")
            page.click(".job .go >> nth=1")
            assert page.is_visible(page.locator(".job .go").nth(1).get_attribute("href"))

    def test_the_first_tab_skips_to_the_content(self, shown, index):
        with shown(index) as page:
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
            page.keyboard.press("Enter")
            assert page.evaluate("document.activeElement.id") == "main"


class TestTrustsNothing:
    def test_hostile_names_stay_words(self, shown, tmp_path):
        file = tmp_path / "index.html"
        file.write_text(hostile_page(HOSTILE.values()), encoding="utf-8")
        with shown(file) as page:
            page.click("#open-all")
            assert page.locator("img, iframe, object, embed, base").count() == 0
            assert page.locator("script").count() == 2
            assert page.evaluate(
                "[...document.querySelectorAll('[href]')].map(e => e.getAttribute('href'))"
                ".every(h => h.startsWith('#') || h.startsWith('data:image/svg+xml,'))"
            )
            for cell in page.locator("#matrix a").all()[:5]:
                cell.click()
                page.keyboard.press("Escape")
            assert "<script>alert(1)</script>" in page.inner_text("#matrix")

    def test_the_policy_lets_nothing_else_run(self, shown, index, tmp_path):
        with listening() as (port, asked):
            evil = (
                "<script>document.title = 'owned'</script>"
                "<p onclick=\"document.title = 'owned'\" id='evil' style='color: red'>x</p>"
                f"<img src='http://127.0.0.1:{port}/x.png'>"
            )
            file = tmp_path / "index.html"
            file.write_text(index.read_text().replace("</main>", f"{evil}</main>"))
            refused = ("inline script", "inline event handler", "inline style", "x.png")
            with shown(file, expected=refused) as page:
                page.click("#evil")
                assert "owned" not in page.title()
                colour = "getComputedStyle(document.getElementById('evil')).color"
                assert page.evaluate(colour) != "rgb(255, 0, 0)"
            assert asked == []


@contextmanager
def listening():
    """A server on this machine that takes down what it is asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], asked
        server.shutdown()


def _violations(result):
    return [
        (violation["id"], node["target"], node["failureSummary"])
        for violation in result.response["violations"]
        for node in violation["nodes"][:3]
    ]
