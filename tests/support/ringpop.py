"""Ringpop's arithmetic in Python: Fingerprint32, the membership checksum, the ring. Written from proto/spec/ringpop.md, as
a second opinion for tests; slow, and checked against proto/vectors like the daemon itself.
"""
import bisect
import struct

WORD = 0xFFFFFFFF
C1, C2 = 0xCC9E2D51, 0x1B873593
POINTS = 100


def turn(value, bits):
    """Rotated right."""
    value &= WORD
    return (value >> bits | value << (32 - bits)) & WORD


def stir(value):
    return (turn(value, 19) * 5 + 0xE6546B64) & WORD


def scramble(value):
    return turn(value * C1, 17) * C2 & WORD


def mix(word, state):
    return stir(state ^ scramble(word))


def finish(value):
    value = (value ^ value >> 16) * 0x85EBCA6B & WORD
    value = (value ^ value >> 13) * 0xC2B2AE35 & WORD
    return value ^ value >> 16


def fingerprint32(data):
    """FarmHash Fingerprint32 of bytes, or of a text as UTF-8."""
    data = data.encode() if isinstance(data, str) else bytes(data)
    size = len(data)

    def word(at):
        return struct.unpack_from("<I", data, at)[0]

    if size <= 4:
        b, c = 0, 9
        for byte in data:
            b = (b * C1 + (byte - 256 if byte > 127 else byte)) & WORD
            c ^= b
        return finish(mix(b, mix(size, c)))
    if size <= 12:
        a, b, c = size + word(0), size * 5 + word(size - 4), 9 + word(size >> 1 & 4)
        return finish(mix(c, mix(b, mix(a, size * 5))))
    if size <= 24:
        half = size >> 1
        first, second, middle, before_middle = word(0), word(4), word(half), word(half - 4)
        last, before_last = word(size - 4), word(size - 8)
        a = turn(before_middle, 12) + last
        h = mix(before_last, middle * C1 + size & WORD) + a
        a = turn(a, 3) + before_last
        h = mix(first, h & WORD) + a
        a = turn(a + last, 12) + middle
        return finish(mix(second, h & WORD) + a & WORD)
    h = stir(stir(size ^ scramble(word(size - 4))) ^ scramble(word(size - 16)))
    g = stir(stir(C1 * size & WORD ^ scramble(word(size - 8))) ^ scramble(word(size - 12)))
    f = turn(C1 * size + scramble(word(size - 20)), 19) + 113
    for at in range(0, (size - 1) // 20 * 20, 20):
        a, b, c, d, e = struct.unpack_from("<5I", data, at)
        h = mix(d, h + a & WORD) + e
        g, f = mix(c, g + b & WORD) + a, mix(b + e * C1, f + c & WORD) + d
        f += g
        g += f
    for shift in (11, 17):
        g, f = turn(g, shift) * C1, turn(f, shift) * C1
    for part in (g, f):
        h = turn(stir(h + part), 17) * C1
    return h & WORD


# -- membership ------------------------------------------------------------------------------------------------------

def label_checksum(labels):
    """Signed, 0 without labels."""
    total = 0
    for key, value in (labels or {}).items():
        pair = b"".join(struct.pack(">I", len(text)) + text for text in (key.encode(), value.encode()))
        total ^= fingerprint32(pair)
    return total - (1 << 32) if total >> 31 else total


def membership_checksum(members, dialect="go"):
    """Of rows with address, status, incarnationNumber and perhaps labels; tombstones do not count."""
    rows = [(m["address"], f"{m['address']}{m['status']}{m['incarnationNumber']}", label_checksum(m.get("labels")))
            for m in members if m["status"] != "tombstone"]
    if dialect == "node":
        return fingerprint32(";".join(text for _, text, _ in sorted(rows)))
    return fingerprint32("".join(sorted(f"{text}#labels{labels};" if labels else f"{text};" for _, text, labels in rows)))


# -- ring ------------------------------------------------------------------------------------------------------------

class Ring:
    """address -> identity, None where the address itself is hashed."""

    def __init__(self, servers):
        self.servers = dict(servers)
        self.points = sorted((fingerprint32(text), address) for address in self.servers for text in self.texts(address))
        self.hashes = [point for point, _ in self.points]

    @classmethod
    def of(cls, members):
        """Of rows as in /admin/stats: the reachable ones, under their identity labels."""
        return cls({m["address"]: (m.get("labels") or {}).get("__identity") for m in members
                    if m["status"] in ("alive", "suspect")})

    def texts(self, address):
        identity = self.servers[address]
        return [f"{identity}#{i}" if identity else f"{address}{i}" for i in range(POINTS)]

    def owner(self, key):
        at = bisect.bisect_left(self.hashes, fingerprint32(key))
        return self.points[at % len(self.points)][1]

    def checksum(self):
        return fingerprint32(";".join(sorted(identity or address for address, identity in self.servers.items())))
