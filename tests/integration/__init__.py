"""The commands against real programs: what others accept of our images, and deployments to real targets."""
