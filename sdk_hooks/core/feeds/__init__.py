"""Packages out of binary feeds: read, resolved, fetched and unpacked without BitBake."""
