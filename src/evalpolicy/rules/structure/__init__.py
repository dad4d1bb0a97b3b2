"""STR: what belongs together in a fleet is complete and consistent."""

from evalpolicy.rules.structure.bake import bake_contexts
from evalpolicy.rules.structure.catalogue import benchmark_incomplete, counts
from evalpolicy.rules.structure.compose import compose_shared, tag_axis
from evalpolicy.rules.structure.documents import dead_link, rules_document_form

__all__ = [
    "bake_contexts",
    "benchmark_incomplete",
    "compose_shared",
    "counts",
    "dead_link",
    "rules_document_form",
    "tag_axis",
]
