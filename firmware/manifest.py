# For those who freeze the firmware into an image of their own; see boards/*/manifest.py. It adds
# the native modules, which only the project's own mpy-cross compiles right (modules/README.md).
package("ovms")
module("boot.py")
module("main.py")
