"""How long evalpolicy takes, measured as whole processes: `python -m bench`."""
