"""What the OCI specifies: layouts, layers, configs, archives, bundles."""
