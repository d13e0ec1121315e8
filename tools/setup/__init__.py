"""The set-up helper: asks for a module's settings and writes them, or prints the SMS to send."""
