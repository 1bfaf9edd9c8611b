"""Brings the SDK, base images and containers up to date, and back."""
