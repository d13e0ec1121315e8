# A frozen image: `make modules` here, then in MicroPython's ports/esp32
#   make BOARD=ESP32_GENERIC FROZEN_MANIFEST=<this file>
include("$(PORT_DIR)/boards/manifest.py")
include("../../firmware/manifest.py")
freeze_mpy(
    "../../build/modules/xtensawin",
    ("ovms_can.mpy", "ovms_crypto.mpy", "ovms_twai.mpy", "twai_port.mpy"),
)
module("board.py")
module("esp32_board.py", base_path="..")
