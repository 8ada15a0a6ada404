"""What may leave: the recipe as a model, and reading it from TOML."""
