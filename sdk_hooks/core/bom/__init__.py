"""What is in an image: its components, and the documents that say so."""
