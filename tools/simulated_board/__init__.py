"""The board that desk, benchmarks and tests run the firmware on: stand-ins and models of chips.

No line of it is shared with the firmware. What a MicroPython VM imports of it runs there, too.
"""
