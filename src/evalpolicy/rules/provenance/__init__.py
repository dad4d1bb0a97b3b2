"""PRV: whether it is known where each fixture comes from, and whether that still holds.

All findings point into the provenance file (`layout.provenance`), at the key or value that is
wrong; only a missing entry has no place there, and is reported at its fixture. Every finding's
subject is the fixture's name without its suffix. While the file cannot be read, nothing is said
of its entries: that it is no JSON object is a problem, and the check is not passed (exit code 3).
"""

from evalpolicy.rules.provenance.content import provenance_contradicts, provenance_digest
from evalpolicy.rules.provenance.form import provenance_invalid, provenance_vague
from evalpolicy.rules.provenance.presence import provenance_missing, provenance_orphan
from evalpolicy.rules.provenance.staleness import (
    provenance_stale_benchmark,
    provenance_stale_revision,
)

__all__ = [
    "provenance_contradicts",
    "provenance_digest",
    "provenance_invalid",
    "provenance_missing",
    "provenance_orphan",
    "provenance_stale_benchmark",
    "provenance_stale_revision",
    "provenance_vague",
]
