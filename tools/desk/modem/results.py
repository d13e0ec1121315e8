"""What a command handler may return besides None."""

# The handler has written its own final result (SHUT OK, a bare IP address): no OK follows.
NO_RESULT = object()
