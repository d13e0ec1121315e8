"""What is an IPv4 address: four numbers and three dots. Loaded on demand."""


def is_address(text: str) -> bool:
    """Whether `text` (str) is one that a server may have."""
    numbers = text.split(".")
    if len(numbers) != 4:
        return False
    for digits in numbers:
        # A leading 0 is an octal number for some.
        is_short = 0 < len(digits) < 4 and len(digits.encode()) == len(digits)
        if not (
            is_short and digits.isdigit() and int(digits) < 256 and str(int(digits)) == digits
        ):
            return False
    # Neither "this network" nor multicast nor broadcast.
    return 0 < int(numbers[0]) < 224


def is_numeric(text: str) -> bool:
    """Whether `text` is of digits and dots alone: no name ends with a number (RFC 3696)."""
    return bool(text) and not text.strip("0123456789.")
