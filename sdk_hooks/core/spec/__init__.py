"""container.yaml: its model, its reader, its schema."""
