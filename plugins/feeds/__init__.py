"""Formats of packages and feeds, a module each."""
