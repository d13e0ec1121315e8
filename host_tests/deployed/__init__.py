"""The firmware's tests against what is flashed: the tests are translated, the firmware is not.

The build knows nothing of it: `tree.py` takes the files that a desk runs (byte for byte those of
`make firmware`), `translate.py` rewrites the tests to their names, `runner.py` runs them on the
32-bit VM with code on demand that is forgotten all the time. No test is left out.

What a test therefore does not do:
- use what the firmware itself does not use: it is not in what ships, and the test is told so;
- change a constant, or put a module of its own into `sys.modules`: what is read again from the
  shelf does not know. A fake goes in where the firmware takes an object;
- make one fake play two parts (the app and its commander): each part has its own short names, and
  two of them may be the same;
- count the heap with whatever code happens to be loaded: `expect.heap_bytes()` forgets it first.
"""
