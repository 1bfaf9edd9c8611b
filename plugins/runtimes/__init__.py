"""OCI runtimes."""
