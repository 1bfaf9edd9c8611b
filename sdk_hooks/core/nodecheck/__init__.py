"""Whether a machine can be the node of a cluster, and what a Yocto build has to change for that."""
