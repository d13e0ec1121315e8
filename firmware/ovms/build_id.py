"""Which build this is: the build writes its id in here, and tracebacks are translated by it."""

BUILD_ID = "source"
