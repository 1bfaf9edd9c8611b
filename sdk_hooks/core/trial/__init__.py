"""Tries what `tests:` of container.yaml says on a container that runs."""
