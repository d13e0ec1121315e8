"""The desk: simulators of everything around the module, and the module itself on a computer."""
