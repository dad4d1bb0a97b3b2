"""The documentation's generated pages, and what tests and mkdocs do with the written ones."""
