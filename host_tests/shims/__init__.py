"""The only stand-ins for what a module's MicroPython has and this interpreter lacks."""
