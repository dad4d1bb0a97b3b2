"""The icons of states and severities: shapes, so that nothing depends on colour alone."""

from __future__ import annotations

from collections.abc import Mapping

from evalpolicy.reporters.html.markup import Markup, tag

_SHAPES: Mapping[str, str] = {
    "unreadable": '<path d="M5.6 6.1a2.4 2.4 0 1 1 3.3 2.2c-.6.3-.9.7-.9 1.3M8 12.2v.1"/>',
    "known-bad": '<path d="M4.6 4.6l6.8 6.8M11.4 4.6l-6.8 6.8"/>',
    "bad": '<path d="M8 3.4v5.4M8 12.2v.1"/>',
    "not-reproduced": '<path d="M4 6.3h8M4 9.7h8M10.4 3.6l-4.8 8.8"/>',
    "contradicted": '<circle cx="8" cy="8" r="4.6"/><path d="M4.9 11.1l6.2-6.2"/>',
    "other-agent": '<path d="M3.6 5.8h8.6L10 3.6M12.4 10.2H3.8L6 12.4"/>',
    "stale": '<circle cx="8" cy="8" r="5"/><path d="M8 5v3.2l2.1 1.3"/>',
    "ambiguous": '<path d="M8 13V9.4L4.4 4.2M8 9.4l3.6-5.2"/>',
    "unprovenanced": '<circle cx="8" cy="8" r="3.6"/>',
    "recorded": '<circle cx="8" cy="8" r="3" fill="currentColor"/>',
    "reproduced": '<path d="M3.8 8.4l2.9 2.9 5.5-6.4"/>',
    "error": '<path d="M5.2 2.2h5.6l3 3v5.6l-3 3H5.2l-3-3V5.2zM8 5v3.6M8 11.2v.1"/>',
    "warning": '<path d="M8 2.4l6 11H2zM8 6.6v3M8 11.6v.1"/>',
    "note": '<circle cx="8" cy="8" r="5.8"/><path d="M8 7.4v3.4M8 5v.1"/>',
    "problem": '<path d="M2.4 8a5.6 5.6 0 1 0 11.2 0 5.6 5.6 0 1 0-11.2 0M4.4 11.6l7.2-7.2"/>',
    "copy": '<path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z"/>',
    "close": '<path d="M4 4l8 8M12 4l-8 8"/>',
}


def symbols() -> Markup:
    """The symbols that `icon` refers to, once per page."""
    shapes = (
        f'<symbol id="i-{name}" viewBox="0 0 16 16">{shape}</symbol>'
        for name, shape in _SHAPES.items()
    )
    return Markup(f'<svg class="symbols" aria-hidden="true">{"".join(shapes)}</svg>')


def icon(name: str) -> Markup:
    """An icon next to words that say the same."""
    return Markup(f'<svg class="i" aria-hidden="true"><use href="#i-{name}"/></svg>')


def chip(kind: str, *words: object, **attributes: object) -> Markup:
    """A state or severity as an icon with its word; `kind` also sets the colour."""
    return tag("span", icon(kind), *words, class_=f"chip k-{kind}", **attributes)
