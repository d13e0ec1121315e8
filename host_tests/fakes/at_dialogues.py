"""Reads the modem dialogues of `fixtures/at/dialogues.txt`, on MicroPython too.

`load()` gives {"D6": [run, ...]}: the dialogue and its `--` variants, each a list of steps
`("H", bytes)` host to modem and `("M", bytes)` modem to host. Delays are left out, and a `<...>`
placeholder is 300 bytes of `x`.
"""

_PATH = "fixtures/at/dialogues.txt"
_PLACEHOLDER = b"x" * 300


def load():
    """All dialogues by name."""
    dialogues = {}
    with open(__file__.rsplit("/", 2)[0] + "/" + _PATH) as file:
        for line in file:
            line = _without_comment(line)
            if line.startswith("# "):
                runs = dialogues[line.split(" ")[1]] = [[]]
            elif line.startswith("-- "):
                runs.append([])
            elif line:
                runs[-1].extend(_steps(line))
    return dialogues


def _without_comment(line):
    at = line.find(";;")
    return (line if at < 0 else line[:at]).strip()


def _steps(line):
    if line[0] == "M":
        return [("M", _bytes(line[1:]))]
    request, _, answer = line[1:].partition("=>")
    steps = [("H", _bytes(request))]
    answer = answer.strip()
    if answer:
        steps.append(("M", _bytes(answer[1:])))
    return steps


def _bytes(text):
    text = _without_delays(text.strip())
    if text.startswith("<"):
        return _PLACEHOLDER
    out = bytearray()
    index = 0
    while index < len(text):
        char = text[index]
        index += 1
        if char != "\\":
            out.append(ord(char))
            continue
        char = text[index]
        index += 1
        if char == "x":
            out.append(int(text[index : index + 2], 16))
            index += 2
        else:
            out.append({"r": 13, "n": 10}[char])
    return bytes(out)


def _without_delays(text):
    if text.startswith("~"):
        text = text[text.find(" ") + 1 :]
    at = text.rfind(" ~")
    return text if at < 0 or not text[at + 2 :].isdigit() else text[:at]
