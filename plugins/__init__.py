"""The plugins of this tree, one thing a file."""
