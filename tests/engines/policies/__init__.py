"""evalpolicy beside the policy engine that a fleet already has: the same files, both verdicts."""
