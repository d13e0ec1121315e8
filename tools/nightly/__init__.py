"""What is too heavy for `make test`: other machines and other people's programs, once a night."""
