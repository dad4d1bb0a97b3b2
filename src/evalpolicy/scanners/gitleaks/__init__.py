"""What each gitleaks version does with a configuration: version table, evaluator, migration."""
