"""The reference target: a small machine with crun and dropbear, made of the packages of a distribution."""
