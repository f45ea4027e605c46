"""Captures read, changed and put together: classic pcap, little-endian, microseconds, Ethernet."""

import ipaddress
import struct

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)


def frames(path):
    """Time in microseconds, original length and bytes of each frame."""
    with open(path, "rb") as file:
        if file.read(4) != HEADER[:4]:
            raise SystemExit(f"{path}: not a little-endian pcap with microseconds")
        file.seek(24)
        while len(head := file.read(16)) == 16:
            seconds, micros, kept, length = struct.unpack("<IIII", head)
            if len(data := file.read(kept)) < kept:
                return
            yield seconds * 1_000_000 + micros, length, data


def write(path, rows):
    with open(path, "wb") as file:
        file.write(HEADER)
        for time, length, data in rows:
            file.write(struct.pack("<IIII", time // 1_000_000, time % 1_000_000, len(data), length))
            file.write(data)


def renamed(data, names):
    """The frame with IPv4 addresses replaced; checksums are left as they were."""
    start = 18 if data[12:14] == b"\x81\x00" else 14
    if data[start - 2:start] != b"\x08\x00":
        return data
    source, destination = data[start + 12:start + 16], data[start + 16:start + 20]
    return (data[:start + 12] + names.get(source, source) + names.get(destination, destination)
            + data[start + 20:])


def excerpt(path, start, seconds, names):
    """So many seconds of a capture, over and over if it is shorter, as if it began at `start`, under other addresses."""
    table = {ipaddress.ip_address(old).packed: ipaddress.ip_address(new).packed for old, new in names.items()}
    rows = list(frames(path))
    span = rows[-1][0] - rows[0][0] + 1_000_000
    for turn in range(seconds * 1_000_000 // span + 1):
        for time, length, data in rows:
            offset = turn * span + time - rows[0][0]
            if offset >= seconds * 1_000_000:
                return
            yield start + offset, length, renamed(data, table)
