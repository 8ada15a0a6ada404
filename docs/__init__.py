"""The pages, and what writes those of them that the program makes."""
