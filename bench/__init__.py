"""Benchmarks: whole commands against each other, in turns, as ratios."""
