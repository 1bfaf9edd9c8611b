"""Base images, a page of facts each."""
