"""Small peers of the firmware, and a store, for virtual time on any runtime."""
