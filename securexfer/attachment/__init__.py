"""Attachments: files that a column names, found safely, made anew without metadata, archived."""
