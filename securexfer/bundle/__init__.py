"""The parcel: one ZIP file, written in one pass, read with distrust. Only here is pyzipper."""
