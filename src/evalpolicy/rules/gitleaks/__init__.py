"""GLK: what the pinned version of gitleaks does with the configuration."""

from evalpolicy.rules.gitleaks.forms import deprecated_form, form_ignored
from evalpolicy.rules.gitleaks.loading import does_not_load, no_rules, unknown_key
from evalpolicy.rules.gitleaks.meaning import broader_than_written, dead_entry
from evalpolicy.rules.gitleaks.paths import blinds_fixtures, stale_path
from evalpolicy.rules.gitleaks.pinning import config_not_read, pin_unknown, pins_differ

__all__ = [
    "blinds_fixtures",
    "broader_than_written",
    "config_not_read",
    "dead_entry",
    "deprecated_form",
    "does_not_load",
    "form_ignored",
    "no_rules",
    "pin_unknown",
    "pins_differ",
    "stale_path",
    "unknown_key",
]
