"""Pushes images to registries: the OCI distribution-spec, logins and certificates."""
