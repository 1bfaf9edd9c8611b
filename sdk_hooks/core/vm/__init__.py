"""What keeping a virtual machine takes, whatever the hypervisor: locks, keys, consoles, processes, ports."""
