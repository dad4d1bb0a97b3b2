"""Credentials: their shapes, where they stand, and how to take them out.

`Scanner(hosts).scan(content)` finds them, `scan_stream` in files of any size, `locate` says where
(line, column, JSON path), `redact` replaces them. Nothing here ever shows a credential: a `Hit`
has only its masked form.
"""

from evalpolicy.scanners.credentials.places import Place, locate
from evalpolicy.scanners.credentials.providers import SHAPES
from evalpolicy.scanners.credentials.redaction import (
    Change,
    plain_scanner,
    redact,
    redact_text,
)
from evalpolicy.scanners.credentials.scanner import Hit, Scanner
from evalpolicy.scanners.credentials.shapes import Shape
from evalpolicy.scanners.credentials.streams import scan_stream

__all__ = [
    "SHAPES",
    "Change",
    "Hit",
    "Place",
    "Scanner",
    "Shape",
    "locate",
    "plain_scanner",
    "redact",
    "redact_text",
    "scan_stream",
]
