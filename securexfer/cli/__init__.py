"""The face: the only code that prints or prompts. One module for each group of commands."""
