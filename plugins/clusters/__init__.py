"""Distributions of Kubernetes."""
