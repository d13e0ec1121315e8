"""Makes a car of a DBC file and a mapping: `make car DBC=... MAP=...`.

`mapping` reads both files, `compiler` makes records of them, `writer` the module; what the rules
mean stands in firmware/ovms/vehicle/README.md.
"""
