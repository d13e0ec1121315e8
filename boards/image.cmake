# What an image of MicroPython has for any of these boards; the mpconfigboard.cmake of each includes it.

# A file of settings knows no variables, and the name of a partition table in one counts from MicroPython's port.
set(OVMS_PARTITIONS ${CMAKE_BINARY_DIR}/sdkconfig.partitions)
file(WRITE ${OVMS_PARTITIONS}
    "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"${MICROPY_BOARD_DIR}/partitions-romfs.csv\"\n")

list(APPEND SDKCONFIG_DEFAULTS
    ${MICROPY_BOARD_DIR}/sdkconfig.board
    ${OVMS_PARTITIONS})
