"""A day of a module as a tape, and what plays it to the firmware on a VM."""
