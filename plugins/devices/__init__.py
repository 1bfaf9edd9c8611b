"""Ways to say which device of a target a container gets."""
