"""Values on the command lines: what argparse calls with a text, with errors as sentences."""

from __future__ import annotations

import argparse


def address(text: str) -> tuple[str, int]:
    """`HOST:PORT` as (host, port)."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not HOST:PORT")
    return host.strip("[]"), int(port)


def port(text: str) -> int:
    """A TCP port, 0 for any that is free."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is no TCP port from 0 to 65535")
    return number


def count(text: str) -> int:
    """A whole number above zero."""
    number = int(text)
    if not 0 < number < 1_000_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number greater than 0")
    return number


def parameter(text: str) -> tuple[int, str]:
    """`N=VALUE` as (number, value) of a module parameter 0 to 31."""
    number, equals, value = text.partition("=")
    if not equals or not number.isdigit() or int(number) > 31:
        raise argparse.ArgumentTypeError(f"'{text}' is not N=VALUE with N from 0 to 31")
    return int(number), value


def positive(text: str) -> float:
    """A number greater than zero."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0 or value == float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number greater than 0")
    return value
