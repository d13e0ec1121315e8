// What help() and os.uname() call it.
#define MICROPY_HW_BOARD_NAME "OVMS on ESP32-C3"
#define MICROPY_HW_MCU_NAME "ESP32C3"

// As MicroPython has it for this chip, which has no host for SD cards; the REPL at the UART, too.
#define MICROPY_HW_ENABLE_SDCARD (0)
#define MICROPY_PY_MACHINE_I2S (0)
#define MICROPY_HW_ENABLE_UART_REPL (1)

// The partition romfs is mounted at /rom.
#define MICROPY_VFS_ROM (1)
