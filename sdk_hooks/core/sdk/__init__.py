"""The SDK: recipes of its workspace, its packages, and how the commands get into it."""
