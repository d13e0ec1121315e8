"""What `make bench` measures, one file per group of rows."""
