"""A mutation run over what must not fail: `make mutants`, or `make mutants T=FILE` for one file.

Each small change of a source (`changes.py`) must make one of the tests of its file (`targets.py`)
fail, else somebody has to say in `survivors.txt` why that is no hole.
"""
