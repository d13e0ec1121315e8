"""Phone numbers in the one form in which they are stored and compared."""


def normal_phone(text):
    """A phone number in the form in which two of them are compared, or "" when it is none.

    `00` becomes `+`, blanks and dashes go; 3 to 20 digits remain, with or without `+`.
    """
    number = text.replace(" ", "").replace("-", "")
    if number.startswith("00"):
        number = "+" + number[2:]
    digits = number[1:] if number.startswith("+") else number
    # A digit of another script takes more than one byte.
    is_number = digits.isdigit() and len(digits.encode()) == len(digits)
    return number if is_number and 3 <= len(digits) <= 20 else ""
