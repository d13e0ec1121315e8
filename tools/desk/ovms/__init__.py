"""OVMS protocol v2 as a server and as an app speak it: `server.OvmsServer`, `client.AppClient`.

Nothing here is shared with the firmware, so each checks the other.
"""
