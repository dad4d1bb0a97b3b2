"""The matrix benchmark × agent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from evalpolicy.engine.survey.model import STATES, State, Story, Survey, SurveyedBenchmark
from evalpolicy.reporters.html.icons import icon
from evalpolicy.reporters.html.markup import Markup, join, tag
from evalpolicy.reporters.text import count

_RANK: Mapping[State, int] = {state: rank for rank, state in enumerate(STATES)}
Numbered = tuple[int, Story]
"""A fixture's details and its number in the survey, which identifies it in the page."""


def section(survey: Survey) -> Markup:
    cells: dict[tuple[str, str], list[Numbered]] = {}
    for number, story in enumerate(survey.stories):
        key = (story.row.benchmark or "", story.row.agent or "")
        cells.setdefault(key, []).append((number, story))
    names = {benchmark.name for benchmark in survey.benchmarks}
    agents = _agents(survey)
    stray = [n for (b, a), told in cells.items() if b not in names for n in told]
    covered = {b for b, _ in cells if b in names}
    lead = (
        f"{count(len(covered), 'benchmark')} of {len(names):,} have a recorded run; "
        f"{len([1 for b, _ in cells if b in names]):,} of "
        f"{count(len(names) * len(agents), 'pair')} of benchmark and agent."
    )
    return tag(
        "section",
        tag("h2", "Coverage", id="h-coverage"),
        tag("p", lead, class_="lead"),
        tag(
            "div",
            tag(
                "div",
                _tools(),
                _table(survey.benchmarks, agents, cells),
                _stray(stray),
                class_="main",
            ),
            _legend(survey.stories, len(names) * len(agents), cells, names),
            class_="coverage",
        ),
        id="coverage",
        aria_labelledby="h-coverage",
    )


def _agents(survey: Survey) -> list[str]:
    return sorted({*survey.agents, *(s.row.agent for s in survey.stories if s.row.agent)})


def _tools() -> Markup:
    return tag(
        "div",
        tag(
            "div",
            tag("label", "Benchmark", for_="mq"),
            tag("input", type="search", id="mq", placeholder="name", autocomplete="off",
                spellcheck="false"),
            class_="field",
        ),
        tag(
            "label",
            tag("input", type="checkbox", id="only-covered"),
            tag("span", "Only with fixtures"),
            class_="toggle",
        ),
        tag("output", "", id="mcount", aria_live="polite"),
        class_="js controls slim",
    )  # fmt: skip


def _table(
    benchmarks: Sequence[SurveyedBenchmark],
    agents: Sequence[str],
    cells: Mapping[tuple[str, str], Sequence[Numbered]],
) -> Markup:
    of_agent = Counter({a: sum(len(cells.get((b.name, a), ())) for b in benchmarks)
                        for a in agents})  # fmt: skip
    return tag(
        "div",
        tag(
            "table",
            tag(
                "caption",
                "Rows are benchmarks, columns are agents. Arrow keys move between cells, Enter "
                "opens a fixture's details.",
                class_="vh",
            ),
            tag(
                "thead",
                tag(
                    "tr",
                    tag("th", tag("span", "benchmark"), scope="col", class_="corner"),
                    *(tag("th", tag("span", agent), scope="col") for agent in agents),
                    tag("th", tag("span", "fixtures"), scope="col", class_="sum"),
                ),
            ),
            tag("tbody", *(_row(benchmark, agents, cells) for benchmark in benchmarks)),
            tag(
                "tfoot",
                tag(
                    "tr",
                    tag("th", "fixtures", scope="row"),
                    *(tag("td", of_agent[agent] or "") for agent in agents),
                    tag("td", f"{sum(of_agent.values()):,}", class_="sum"),
                ),
            ),
            id="matrix",
        ),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label="Matrix of benchmarks and agents",
    )


def _row(
    benchmark: SurveyedBenchmark,
    agents: Sequence[str],
    cells: Mapping[tuple[str, str], Sequence[Numbered]],
) -> Markup:
    found = [cells.get((benchmark.name, agent), ()) for agent in agents]
    total = sum(map(len, found))
    labels = f"{benchmark.tasks} tasks, {benchmark.env}"
    if benchmark.released != "-":
        labels += f", released: {benchmark.released}"
    return tag(
        "tr",
        tag("th", benchmark.name, scope="row", title=labels),
        *(
            _cell(benchmark.name, agent, stories) if stories else _EMPTY
            for agent, stories in zip(agents, found, strict=True)
        ),
        tag("td", total or "", class_="sum"),
        data_b=benchmark.name,
        data_n=total or None,
    )


_EMPTY = Markup('<td class="e"><span class="vh">no fixture</span></td>')


def _cell(benchmark: str, agent: str, stories: Sequence[Numbered]) -> Markup:
    states = {state for _, story in stories for state in story.states}
    gravest = min((story.states[0] for _, story in stories), key=lambda state: _RANK[state])
    words = f"{benchmark}, {agent}: {STATES[gravest][0]}, {count(len(stories), 'fixture')}"
    return tag(
        "td",
        tag(
            "a",
            icon(gravest),
            tag("sup", len(stories)) if len(stories) > 1 else None,
            href=f"#f{stories[0][0]}",
            class_=f"k-{gravest}",
            data_f=" ".join(str(number) for number, _ in stories),
            aria_label=words,
            title=words,
        ),
        data_k=" ".join(state for state in STATES if state in states),
    )


def _stray(stray: Sequence[Numbered]) -> Markup | None:
    if not stray:
        return None
    return tag(
        "p",
        f"{count(len(stray), 'fixture')} without a known benchmark and agent: ",
        join(*(
            join(", " if n else None, tag("a", story.row.fixture, href=f"#f{number}",
                                          data_f=number))
            for n, (number, story) in enumerate(stray)
        )),
        class_="stray",
    )  # fmt: skip


def _legend(
    stories: Sequence[Story],
    pairs: int,
    cells: Mapping[tuple[str, str], Sequence[Numbered]],
    names: set[str],
) -> Markup:
    counted = Counter(state for story in stories for state in story.states)
    empty = pairs - sum(b in names for b, _ in cells)
    return tag(
        "aside",
        tag("h3", "States of fixtures"),
        tag("p", "A cell shows the worst; a fixture can have several.", class_="dim"),
        tag(
            "ul",
            *(_state(state, *STATES[state], counted[state]) for state in STATES),
            tag(
                "li",
                tag("span", class_="sign e"),
                tag("span", "no fixture", class_="word"),
                tag("span", f"{empty:,}", class_="n"),
                class_="none",
            ),
        ),
        class_="legend",
        aria_label="States of fixtures",
    )


def _state(state: State, word: str, meaning: str, number: int) -> Markup:
    return tag(
        "li",
        tag(
            "button",
            tag("span", icon(state), class_=f"sign k-{state}"),
            tag("span", word, tag("small", meaning), class_="word"),
            tag("span", f"{number:,}", class_="n"),
            type="button",
            data_state=state,
            data_word=word,
            data_n=number,
            aria_pressed="false",
            disabled=True,
        ),
    )
