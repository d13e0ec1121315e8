"""A year of the module in hours of nobody's time: the firmware in a seeded story."""
