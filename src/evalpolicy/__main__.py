"""The way in: `evalpolicy` and `python -m evalpolicy`."""

from __future__ import annotations

from evalpolicy.frontends.cli.boundary import main, run

__all__ = ["main", "run"]

if __name__ == "__main__":
    run()
