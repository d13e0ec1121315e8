"""SIM800 facts that are needed all the time: its unsolicited lines and the fields of its answers.

Source: SIM800 AT manual V1.12 with its TCP/IP application note; hardware facts 4.2 to 4.5.
"""

# Lines that may come at any time, as `protocol/at.py` wants them.
URCS = (
    b"\nRDY\n+CFUN:\n+CPIN:\nCall Ready\nSMS Ready\nSMS FULL\nNORMAL POWER DOWN"
    b"\nUNDER-VOLTAGE WARNNING\nUNDER-VOLTAGE POWER DOWN"
    b"\nOVER-VOLTAGE WARNNING\nOVER-VOLTAGE POWER DOWN"
    b"\nRING\n+CLIP:\nNO CARRIER\n+CREG:\n+CGREG:\n+CMTI:\n+CMT:\n+CDS:\n+CDSI:\n+CUSD:"
    b"\nCONNECT OK\nCONNECT FAIL\nALREADY CONNECT\nSTATE:\nCLOSED\n+PDP:"
    b"\n*PSUTTZ:\n*PSNWID:\n+CTZV:\nDST:\n+CSQN:\n+CGEV:\n+SAPBR 1:\n+CDNSGIP:\n"
)
# The tool synchronisation bytes of a restart, as far as they are text, and the noise behind them.
RESET_MARK = b"IIII\xff"
COUNTED = b"+CIPRXGET: 2,"
ANNOUNCED = b"+CIPRXGET: 1"
