"""LBL: the labels of benchmarks, agents and models, checked against their contracts.

A contract is a JSON Schema for a unit's resolved labels; `[contracts]` replaces the built-in
ones with the fleet's own. Only the labels that the Dockerfile itself sets on the final image
count.
"""

from evalpolicy.rules.labels.agreement import gateway_version_disagrees, metadata_disagrees
from evalpolicy.rules.labels.contract import (
    label_empty,
    label_in_lost_stage,
    label_invalid,
    label_missing,
)
from evalpolicy.rules.labels.image import per_task_mismatch, upstream_base
from evalpolicy.rules.labels.keys import label_name_mismatch, label_repeated, label_unknown
from evalpolicy.rules.labels.values import (
    data_revision_decorative,
    data_revision_mutable,
    label_unresolved,
)

__all__ = [
    "data_revision_decorative",
    "data_revision_mutable",
    "gateway_version_disagrees",
    "label_empty",
    "label_in_lost_stage",
    "label_invalid",
    "label_missing",
    "label_name_mismatch",
    "label_repeated",
    "label_unknown",
    "label_unresolved",
    "metadata_disagrees",
    "per_task_mismatch",
    "upstream_base",
]
