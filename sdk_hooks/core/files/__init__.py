"""The files of an image, before they are layers: where they come from, and who owns them."""
