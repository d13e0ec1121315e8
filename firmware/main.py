# Runs after boot.py. The board file knows the pins, the application does the rest.
from board import Board

from ovms.app import main

main(Board())
