"""Inputs that nobody meant, for everything that reads: `make fuzz MINUTES=10 SEED=1`."""
