"""Errors an AT command can end with, and their texts (SIM800 AT manual V1.12, chapter 19)."""

CME_NOT_ALLOWED = 3
CME_UNSUPPORTED = 4
CME_NO_SIM = 10
CME_SIM_PIN = 11
CME_SIM_PUK = 12
CME_SIM_FAILURE = 13
CME_SIM_BUSY = 14
CME_WRONG_PASSWORD = 16
CME_NO_NETWORK = 30
CME_APN_REFUSED = 133

CME_TEXTS = {
    CME_NOT_ALLOWED: "operation not allowed",
    CME_UNSUPPORTED: "operation not supported",
    CME_NO_SIM: "SIM not inserted",
    CME_SIM_PIN: "SIM PIN required",
    CME_SIM_PUK: "SIM PUK required",
    CME_SIM_FAILURE: "SIM failure",
    CME_SIM_BUSY: "SIM busy",
    CME_WRONG_PASSWORD: "incorrect password",
    31: "network timeout",
    32: "network not allowed - emergency call only",
    CME_NO_NETWORK: "no network service",
    100: "unknown",
    107: "GPRS services not allowed",
    113: "roaming not allowed in this location area",
    CME_APN_REFUSED: "requested service option not subscribed",
    148: "unspecified GPRS error",
    149: "PDP authentication failure",
    772: "SIM powered down",
    797: "operation not allowed in CFUN 0/4",
}

CMS_OPERATION_NOT_ALLOWED = 302
CMS_INVALID_PDU = 304
CMS_INVALID_TEXT = 305
CMS_NO_SIM = 310
CMS_SIM_PIN = 311
CMS_SIM_BUSY = 314
CMS_INVALID_INDEX = 321
CMS_NO_NETWORK = 331


class CommandError(Exception):
    """A command failed: plain ERROR, or with a `cme` or `cms` number."""

    def __init__(self, cme=None, cms=None):
        super().__init__(f"cme={cme} cms={cms}")
        self.cme = cme
        self.cms = cms

    def result_text(self, cmee_mode):
        """The final result line for error mode `cmee_mode` (0 plain, 1 numeric, 2 text)."""
        if self.cms is not None:
            return f"+CMS ERROR: {self.cms}"
        if self.cme is None or cmee_mode == 0:
            return "ERROR"
        if cmee_mode == 1:
            return f"+CME ERROR: {self.cme}"
        return f"+CME ERROR: {CME_TEXTS.get(self.cme, 'unknown')}"
