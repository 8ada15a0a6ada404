"""Drives: what lies on one in clear."""
