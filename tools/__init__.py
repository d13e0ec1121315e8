"""What runs on a computer: the desk, the build and the checks. CPython only."""
