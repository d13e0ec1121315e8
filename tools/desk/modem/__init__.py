"""SIM800 model: an AT modem as bytes in, bytes out, with time, dialling and the phone injected."""
