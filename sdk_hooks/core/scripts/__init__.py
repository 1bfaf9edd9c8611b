"""Understands the scripts of packages without running anything: a small shell over the files of an image."""
