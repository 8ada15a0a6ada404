"""Bundles of each release, as it packed them, which every later one must open."""
