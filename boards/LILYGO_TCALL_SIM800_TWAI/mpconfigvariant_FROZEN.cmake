# The firmware in the image itself. Its partition romfs stays empty.
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
