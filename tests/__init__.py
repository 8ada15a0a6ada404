"""Tests. Each states a behaviour in a sentence; none prints or asserts on a cell value it leaks."""
