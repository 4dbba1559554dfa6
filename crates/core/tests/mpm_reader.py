"""Reads merchant-presented codes by EMVCo's rules alone, knowing nothing of the writer that it checks.

Takes codes on standard input, each followed by a zero byte. For each code prints one line: `refused: ` and why, or the
values by their ids, `59=SHOP`, those in a template after its own, `26.00=com.example`, parted by tabs.
"""

import re
import sys

PLAIN = re.compile(r"[ -~]+")
TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
DIGITS = re.compile(r"[0-9]+")
AMOUNT = re.compile(r"[0-9]+(\.[0-9]*)?")
# Form, least and most characters, by id (EMVCo, merchant-presented mode, 1.1, table 3.2 and those of the templates).
FORMS = {
    "00": (DIGITS, 2, 2), "01": (re.compile("11|12"), 2, 2), "52": (DIGITS, 4, 4), "53": (DIGITS, 3, 3),
    "54": (AMOUNT, 1, 13), "55": (re.compile("0[123]"), 2, 2), "56": (AMOUNT, 1, 13), "57": (AMOUNT, 1, 5),
    "58": (PLAIN, 2, 2), "59": (PLAIN, 1, 25), "60": (PLAIN, 1, 15), "61": (PLAIN, 1, 10),
    "64.00": (PLAIN, 2, 2), "64.01": (TEXT, 1, 25), "64.02": (TEXT, 1, 15),
} | {f"62.{i:02}": (PLAIN, 1, 25) for i in range(1, 9)} | {"62.09": (re.compile("[AME]+"), 1, 3)}
TEMPLATES = [*range(26, 52), *range(80, 100)]


def objects(text, above=""):
    """Yields id and value of each data object, those of a template after it."""
    seen = set()
    while text:
        head = re.match(r"([0-9]{2})([0-9]{2})", text, re.ASCII)
        if not head or head[1] in seen or not 1 <= int(head[2]) <= len(text) - 4:
            raise ValueError(f"malformed data object {above}{text[:2]}")
        seen.add(head[1])
        name, value, text = above + head[1], text[4 : 4 + int(head[2])], text[4 + int(head[2]) :]
        yield name, value
        if name in ("62", "64") or not above and int(name) in TEMPLATES or re.fullmatch(r"62\.[5-9][0-9]", name):
            yield from objects(value, name + ".")


def crc(data):
    remainder = int.from_bytes(data, "big") << 16
    # The initial value is what is added to the first two bytes.
    remainder ^= 0xFFFF << 8 * len(data)
    while remainder.bit_length() > 16:
        remainder ^= 0x11021 << remainder.bit_length() - 17
    return f"{remainder:04X}"


def read(text):
    values = dict(objects(text))
    top = [name for name in values if "." not in name]
    if top[0] != "00" or values["00"] != "01" or top[-1] != "63" or len(text) > 512:
        raise ValueError("not a code of version 1")
    if crc(text[:-4].encode()) != values["63"]:
        raise ValueError("wrong checksum")
    if not {"52", "53", "58", "59", "60"} < set(top) or not any(2 <= int(name) <= 51 for name in top):
        raise ValueError("a data object is missing")
    for name, value in values.items():
        template = name.rpartition(".")[0]
        if template not in ("", "62") and template + ".00" not in values:
            raise ValueError(f"nobody owns {template}")
        unowned = (PLAIN, 1, 32) if name.endswith(".00") else (TEXT, 1, 99)
        form, least, most = FORMS.get(name, unowned)
        if not form.fullmatch(value) or not least <= len(value) <= most:
            raise ValueError(f"{name} is malformed")
    templates = {name.rpartition(".")[0] for name in values}
    return {name: value for name, value in values.items() if name not in templates}


for line in sys.stdin.buffer.read().decode().split("\0")[:-1]:
    try:
        said = "\t".join(f"{name}={value}" for name, value in read(line).items())
    except ValueError as error:
        said = f"refused: {error}"
    sys.stdout.buffer.write((said + "\n").encode())
