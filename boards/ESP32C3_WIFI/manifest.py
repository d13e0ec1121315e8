# A frozen image: `make image MPY_DIR=... FROZEN=1`, see board.md of LILYGO_TCALL_SIM800.
include("$(PORT_DIR)/boards/manifest.py")
include("../../firmware/manifest.py")
freeze_mpy(
    "../../build/modules/rv32imc",
    ("ovms_can.mpy", "ovms_crypto.mpy", "ovms_twai.mpy", "twai_port.mpy"),
)
module("board.py")
module("esp32_board.py", base_path="..")
