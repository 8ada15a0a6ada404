"""Keys and proofs. The only room that imports `cryptography`."""
