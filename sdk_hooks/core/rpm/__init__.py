"""Reads rpm packages, and what repositories say of them."""
