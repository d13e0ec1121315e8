"""Puts a message that has arrived into the queue (overlay)."""

from ovms import overlay


def take(modem, header, text):
    """header, text: bytes of the modem. A damaged message is counted."""
    message = overlay.call("ovms.protocol.sms_text", "incoming", header, text)
    if message is None:
        modem.status.count("sms_damaged")
    else:
        modem.queue.append(message)
        modem.status.count("sms_received")
