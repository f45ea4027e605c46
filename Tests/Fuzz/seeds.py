"""Writes frames to begin with, one a file: seeds.py FOLDER [CAPTURE...]

Every header the parser knows, alone and behind others, for both families; then the first frames of each capture
(pcap; `.zst` is unpacked).
"""

import itertools
import pathlib
import struct
import subprocess
import sys

FRAMES_PER_CAPTURE = 200
TAGS = [(), (0x8100,), (0x88A8,), (0x9100,), (0x88A8, 0x8100), (0x8100, 0x8100, 0x8100)]
PROTOCOLS = [1, 4, 6, 17, 33, 41, 47, 50, 58, 59, 132, 136, 253]
TRANSPORT = struct.pack("!HHIIHHHH", 40000, 53, 1, 0, 0x5012, 1024, 0, 0)
EXTENSIONS = {
    0: bytes(6),
    43: bytes(6),
    60: bytes(6),
    44: struct.pack("!HI", 1, 7),
    51: bytes(14),
}


def ethernet(tags, ether_type, packet):
    return bytes(12) + b"".join(struct.pack("!HH", tag, 100) for tag in tags) + struct.pack("!H", ether_type) + packet


def ipv4(protocol, fragment=0, words=0):
    header = struct.pack("!BBHHHBBHII", 0x45 + words, 0, 60, 1, fragment, 64, protocol, 0, 0xC6336407, 0xC0000201)
    return header + b"\1" * (4 * words) + TRANSPORT


def ipv6(protocol, chain=()):
    numbers = [*chain, protocol]
    body = b""
    for number, following in zip(chain, numbers[1:]):
        content = EXTENSIONS[number]
        length = (len(content) - 6) // (4 if number == 51 else 8)
        body += bytes([following, 0 if number == 44 else length]) + content
    addresses = bytes.fromhex("20010db8004200010000000000000007" "20010db8000100000000000000000080")
    return struct.pack("!IHBB", 6 << 28, len(body) + 20, numbers[0], 64) + addresses + body + TRANSPORT


def synthetic():
    for tags in TAGS:
        for protocol in PROTOCOLS:
            yield ethernet(tags, 0x0800, ipv4(protocol))
            yield ethernet(tags, 0x86DD, ipv6(protocol))
    for fragment, words in itertools.product([0, 0x2000, 0x2001, 0x1FFF, 0x4000], [0, 1, 10]):
        yield ethernet((), 0x0800, ipv4(6, fragment, words))
    for length in range(1, 4):
        for chain in itertools.permutations(EXTENSIONS, length):
            yield ethernet((), 0x86DD, ipv6(6, chain))
    for length in range(4, 11):
        yield ethernet((0x8100,), 0x86DD, ipv6(17, (60,) * length))


def captured(path):
    if path.suffix == ".zst":
        data = subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout
    else:
        data = path.read_bytes()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(data[:4])
    at = 24
    for _ in range(FRAMES_PER_CAPTURE if order else 0):
        if len(data) < at + 16:
            return
        (length,) = struct.unpack_from(order + "I", data, at + 8)
        yield data[at + 16 : at + 16 + length]
        at += 16 + length


def main(folder, *captures):
    frames = set(synthetic())
    for capture in captures:
        frames.update(captured(pathlib.Path(capture)))
    for index, frame in enumerate(sorted(frames)):
        (pathlib.Path(folder) / f"frame-{index}").write_bytes(frame)
    print(f"{len(frames)} frames to begin with")


main(*sys.argv[1:])
