"""Forms that an image is written in."""
