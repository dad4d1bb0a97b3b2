"""`python -m bench.mutants`: does a test fail when a line of evalpolicy does something else?"""
