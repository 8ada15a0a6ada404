"""The data: reading extracts, minimising them, and nothing else. The only room with polars."""
