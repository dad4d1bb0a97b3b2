"""The sizes of tracked files."""

from __future__ import annotations

from evalpolicy.engine.survey.model import Sized, SurveyedSizes
from evalpolicy.reporters.html.icons import chip
from evalpolicy.reporters.html.markup import Markup, path, tag
from evalpolicy.reporters.html.numbers import size
from evalpolicy.reporters.text import count

_BAR = 160


def section(sizes: SurveyedSizes) -> Markup:
    facts = [
        (size(sizes.total), f"in {count(sizes.files, 'tracked file')}"),
        (size(sizes.fixtures), "in fixtures"),
    ]
    if sizes.budget is not None:
        facts.append((size(sizes.budget * 1024), "budget for fixtures"))
    largest = sizes.largest[0].size if sizes.largest else 0
    return tag(
        "section",
        tag("h2", "Sizes", id="h-sizes"),
        tag("dl", *(tag("div", tag("dt", w), tag("dd", n)) for n, w in facts), class_="tiles"),
        tag(
            "details",
            tag("summary", f"The {len(sizes.largest)} largest files"),
            tag(
                "table",
                tag(
                    "thead",
                    tag(
                        "tr",
                        tag("th", "file", scope="col"),
                        tag("th", "size", scope="col", class_="num"),
                        tag("th", tag("span", "compared", class_="vh"), scope="col"),
                        tag("th", "limit", scope="col", class_="num"),
                    ),
                ),
                tag("tbody", *(_row(file, largest) for file in sizes.largest)),
                class_="sizes",
            ),
            class_="fold",
            open=True,
        )
        if sizes.largest
        else None,
        id="sizes",
        aria_labelledby="h-sizes",
    )


def _row(file: Sized, largest: int) -> Markup:
    return tag(
        "tr",
        tag("th", path(file.path), scope="row"),
        tag("td", size(file.size), class_="num"),
        tag("td", _bar(file, largest), class_="bar"),
        tag(
            "td",
            chip("error", "over ") if file.is_over else None,
            size(file.limit * 1024) if file.limit else "allowed",
            class_="num",
        ),
    )


def _bar(file: Sized, largest: int) -> Markup:
    long = max(1, round(_BAR * file.size / largest)) if largest else 1
    kind = "over" if file.is_over else "fixture" if file.is_fixture else "file"
    return Markup(
        f'<svg class="barline b-{kind}" viewBox="0 0 {_BAR} 8" preserveAspectRatio="none" '
        f'aria-hidden="true"><rect width="{long}" height="8" rx="1"/></svg>'
    )
