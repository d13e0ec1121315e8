# For those who freeze the firmware into an image of their own; see boards/*/manifest.py.
package("ovms")
module("ovms_can.py", base_path="../modules")
module("ovms_crypto.py", base_path="../modules")
module("boot.py")
module("main.py")
