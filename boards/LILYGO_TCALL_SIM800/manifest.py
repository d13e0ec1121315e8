# A frozen image: make -C ports/esp32 BOARD=ESP32_GENERIC FROZEN_MANIFEST=<this file>
include("$(PORT_DIR)/boards/manifest.py")
include("../../firmware/manifest.py")
module("board.py")
