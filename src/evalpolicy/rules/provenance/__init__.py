"""PRV: whether the origin of each fixture is recorded, and whether the record is still correct.

All findings point into the provenance file (`layout.provenance`), at the key or value that is
wrong; only a missing entry has no place there and is reported at its fixture. Every finding's
subject is the fixture's name without its suffix. If the file is not a JSON object, its entries
are not checked: that is reported as a problem, with exit code 3.
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
