"""Rules of one organization, for evalpolicy."""
