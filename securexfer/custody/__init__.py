"""The record: what was sent, opened and released, so that it can be answered for."""
