"""What each command prints with `--json`, as JSON Schemas, by what is described."""
