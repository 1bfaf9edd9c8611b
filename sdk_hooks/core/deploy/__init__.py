"""From a built image to a container that answers on a target."""
