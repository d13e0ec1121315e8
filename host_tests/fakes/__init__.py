"""Stand-ins for what the firmware talks to; none of them knows the firmware."""
