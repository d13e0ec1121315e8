"""Puts a message that has arrived into the queue (overlay)."""


def take(modem, header, text):
    """header, text: bytes of the modem. A damaged message is counted."""
    from ovms.protocol import sms_text

    message = sms_text.incoming(header, text)
    if message is None:
        modem.status.count("sms_damaged")
    else:
        modem.queue.append(message)
        modem.status.count("sms_received")
