"""Credentials: their shapes, where they stand, and how to take them out.

`Scanner(hosts).scan(content)` finds them, `scan_stream` in files of any size, `locate` says where
(line, column, JSON path), `redact` replaces them. Nothing here ever shows a credential: a
`CredentialHit` has only its masked form.
"""

from evalpolicy.scanners.credentials.places import CredentialPlace, locate
from evalpolicy.scanners.credentials.providers import SHAPES
from evalpolicy.scanners.credentials.redaction import (
    ReplacedCredentials,
    plain_scanner,
    redact,
    redact_text,
)
from evalpolicy.scanners.credentials.scanner import CredentialHit, Scanner
from evalpolicy.scanners.credentials.shapes import Shape
from evalpolicy.scanners.credentials.streams import scan_stream

__all__ = [
    "SHAPES",
    "CredentialHit",
    "CredentialPlace",
    "ReplacedCredentials",
    "Scanner",
    "Shape",
    "locate",
    "plain_scanner",
    "redact",
    "redact_text",
    "scan_stream",
]
