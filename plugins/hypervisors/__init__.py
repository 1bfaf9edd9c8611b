"""Hypervisors that give a target."""
