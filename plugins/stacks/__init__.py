"""Container engines on targets."""
