"""Random input for the whole firmware, by seed, and what must hold whatever it is.

Everything here runs on CPython and MicroPython and depends on nothing but the seed.
"""
