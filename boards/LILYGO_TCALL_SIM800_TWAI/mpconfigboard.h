// What help() and os.uname() call it.
#define MICROPY_HW_BOARD_NAME "OVMS on LilyGO T-Call SIM800, TWAI"
#define MICROPY_HW_MCU_NAME "ESP32"

// The partition romfs is mounted at /rom.
#define MICROPY_VFS_ROM (1)
