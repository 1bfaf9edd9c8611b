"""An API server of Kubernetes for tests: no cluster is behind it."""
