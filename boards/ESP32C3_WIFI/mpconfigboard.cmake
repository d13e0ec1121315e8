# Of MicroPython's own board with this chip, whatever its version; then what all of ours have.
include(boards/ESP32_GENERIC_C3/mpconfigboard.cmake)
include(${MICROPY_BOARD_DIR}/../image.cmake)
