"""The desk: where identity, contacts and register live. The only room with keyring."""
