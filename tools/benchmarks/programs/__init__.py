"""Programs that `make bench` runs on the VMs; each prints one line of JSON."""
