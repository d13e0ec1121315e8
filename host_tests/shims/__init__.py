"""What a test needs beyond plain Python, on CPython and MicroPython alike."""
