"""The engine: decides, and runs what was decided."""
