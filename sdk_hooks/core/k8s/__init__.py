"""Deploys to Kubernetes: what container.yaml says as objects of a cluster, and images on its nodes."""
