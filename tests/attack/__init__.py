"""Attacks: everything that must be refused, and proof that it is."""
