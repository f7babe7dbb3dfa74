"""Archives that want to do harm, as many as one likes, each with what it tries.

`python tests/leaderboard/submissions/hostile_archives.py 1000` opens that many and says what they took.
"""

import gzip
import io
import random
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass
class Entry:
    """A member as an attacker writes it: what its header says, what the directory says, and its packed bytes."""

    name: bytes
    data: bytes = b"x"
    method: int = zipfile.ZIP_STORED
    packed: bytes | None = None
    size: int | None = None
    packed_size: int | None = None
    crc: int | None = None
    flags: int = 0
    attributes: int = (stat.S_IFREG | 0o644) << 16
    extra: bytes = b""
    header_name: bytes | None = None
    offset: int | None = None
    dos_system: bool = False


@dataclass
class Zip:
    """An archive, written byte by byte."""

    entries: list[Entry] = field(default_factory=list)
    members: int | None = None
    directory_bytes: int | None = None
    comment: bytes = b""
    before: bytes = b""
    after: bytes = b""

    def bytes(self) -> bytes:
        body, directory = bytearray(self.before), bytearray()
        for entry in self.entries:
            deflated = entry.method == zipfile.ZIP_DEFLATED
            packed = entry.packed if entry.packed is not None else deflate(entry.data) if deflated else entry.data
            crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
            size = len(entry.data) if entry.size is None else entry.size
            packed_size = len(packed) if entry.packed_size is None else entry.packed_size
            inner = (20, entry.flags, entry.method, 0, 0x21, crc, packed_size, size)
            name = entry.name if entry.header_name is None else entry.header_name
            offset = len(body) if entry.offset is None else entry.offset
            body += b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", *inner, len(name), 0) + name + packed
            system = 0 if entry.dos_system else 3
            lengths = (len(entry.name), len(entry.extra), 0, 0, 0, entry.attributes, offset)
            directory += b"PK\x01\x02" + struct.pack("<BB", 20, system)
            directory += struct.pack("<HHHHHIIIHHHHHII", *inner, *lengths) + entry.name + entry.extra
        count = min(len(self.entries), 0xFFFF) if self.members is None else self.members
        length = len(directory) if self.directory_bytes is None else self.directory_bytes
        end = struct.pack("<HHHHIIH", 0, 0, count, count, length, len(body), len(self.comment))
        return bytes(body + directory) + b"PK\x05\x06" + end + self.comment + self.after


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


ZEROS = deflate(bytes(30_000_000))
"""30 MB in 29 kB."""


class Hostile(NamedTuple):
    kind: str
    data: bytes


class Attacker:
    """Draws archives of one kind after another; ``outside`` is where an escape would show."""

    def __init__(self, good: bytes, outside: Path, seed: int = 11) -> None:
        self.good, self.outside, self.dice = good, outside, random.Random(seed)
        with zipfile.ZipFile(io.BytesIO(good)) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}

    def archives(self, number: int) -> Iterator[Hostile]:
        kinds: list[Callable[[], bytes]] = [
            self.traversal, self.absolute, self.other_system, self.control_characters, self.look_alike, self.link,
            self.hard_link, self.device, self.ratio_bomb, self.many_bombs, self.huge_size, self.huge_total, self.many,
            self.many_unsaid, self.overlap, self.quoted_overlap, self.zip64, self.zip64_member, self.lying_size,
            self.bad_checksum, self.twice, self.case_twice, self.header_of_another, self.encrypted, self.strange_method,
            self.nested, self.tar, self.gzipped, self.garbage, self.cut, self.patched, self.glued, self.long_name,
            self.long_comment, self.endless_json, self.hostile_video, self.file_and_folder, self.no_such_offset,
        ]  # fmt: skip
        for index in range(number):
            kind = kinds[index % len(kinds)]
            yield Hostile(kind.__name__, kind())

    def _name(self) -> bytes:
        return self.dice.choice([b"run.json", b"submission.json", b"videos/a.mp4", b"scores.jsonl"])

    def _with(self, *entries: Entry, **how: object) -> bytes:
        """The good members, with others among them."""
        rest = [Entry(name.encode(), data) for name, data in self.members.items()]
        place = self.dice.randrange(len(rest) + 1)
        return Zip([*rest[:place], *entries, *rest[place:]], **how).bytes()  # type: ignore[arg-type]

    def traversal(self) -> bytes:
        up = self.dice.choice([b"../", b"videos/../../", b"./../", b"videos/../videos/../../"])
        target = self.dice.choice([b"escaped", b"outside/escaped", b"run.json"])
        return self._with(Entry(up * self.dice.randint(1, 9) + target))

    def absolute(self) -> bytes:
        slashes = b"/" * self.dice.randint(0, 2)
        return self._with(Entry(slashes + str(self.outside / "escaped").encode()))

    def other_system(self) -> bytes:
        name = self.dice.choice(
            [
                b"C:\\escaped",
                b"c:escaped",
                b"..\\..\\escaped",
                b"\\\\host\\share\\x",
                b"videos\\..\\..\\x",
                b"\\escaped",
            ]
        )
        return self._with(Entry(name, dos_system=self.dice.random() < 0.5))

    def control_characters(self) -> bytes:
        name = bytearray(self._name())
        name.insert(self.dice.randrange(len(name)), self.dice.choice([0, 10, 13, 27, 127]))
        return self._with(Entry(bytes(name)))

    def look_alike(self) -> bytes:
        name = self.dice.choice(
            ["run\u200b.json", "ｒun.json", "videos/\u202e4pm.a", "videos/a\u2024mp4", "videos∕a.mp4", "run.json ",
             "run.json.", "videos//a.mp4", "./run.json", "videos/./a.mp4", "VIDEOS/a.mp4", "aux", "videos/con.mp4:x",
             "videos/\udce9.mp4"]
        )  # fmt: skip
        raw = name.encode("utf-8", "surrogateescape")
        return self._with(Entry(raw, flags=self.dice.choice([0, 0x800])))

    def link(self) -> bytes:
        target = self.dice.choice([b"/etc/passwd", b"../../outside", str(self.outside).encode()])
        first = Entry(self.dice.choice([b"videos", b"videos/a.mp4", b"run.json"]), target)
        first.attributes = (stat.S_IFLNK | 0o777) << 16
        return self._with(first, Entry(b"videos/escaped.mp4"))

    def hard_link(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            entry = tarfile.TarInfo("run.json")
            entry.type, entry.linkname = tarfile.LNKTYPE, "/etc/passwd"
            archive.addfile(entry)
        data = buffer.getvalue()
        return data if self.dice.random() < 0.5 else data + self._with()

    def device(self) -> bytes:
        kind = self.dice.choice([stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, 0o150000])
        return self._with(Entry(self._name(), attributes=(kind | 0o666) << 16))

    def ratio_bomb(self) -> bytes:
        size = self.dice.choice([30_000_000, 1_000_001, 4_000])  # said rightly, or less than there is
        bomb = Entry(self._name(), method=zipfile.ZIP_DEFLATED, packed=ZEROS, size=size, crc=0)
        return Zip([bomb]).bytes()

    def many_bombs(self) -> bytes:
        packed = deflate(bytes(990_000))
        names = (b"videos/%d.mp4" % number for number in range(self.dice.randint(1000, 3000)))
        return Zip(
            [Entry(name, method=zipfile.ZIP_DEFLATED, packed=packed, size=990_000, crc=0) for name in names]
        ).bytes()

    def huge_size(self) -> bytes:
        size = self.dice.choice([(1 << 30) + 1, 0xFFFFFFFE, 1 << 31])
        return self._with(Entry(b"videos/a.mp4", size=size, packed_size=self.dice.choice([1, size])))

    def huge_total(self) -> bytes:
        size = 1 << 30
        names = (b"videos/%d.mp4" % number for number in range(self.dice.randint(4, 40)))
        return Zip([Entry(name, size=size, packed_size=size) for name in names]).bytes()

    def many(self) -> bytes:
        number = self.dice.choice([20_001, 30_000, 65_534])
        return Zip([Entry(b"%d" % index, b"") for index in range(number)]).bytes()

    def many_unsaid(self) -> bytes:
        return Zip(
            [Entry(b"%d" % index, b"") for index in range(30_000)], members=self.dice.choice([1, 7, 400])
        ).bytes()

    def overlap(self) -> bytes:
        names = [b"videos/%d.mp4" % number for number in range(self.dice.randint(2, 60))]
        packed = deflate(bytes(90_000))
        entries = [
            Entry(names[0], method=zipfile.ZIP_DEFLATED, packed=packed, size=90_000, crc=zlib.crc32(bytes(90_000)))
        ]
        for name in names[1:]:
            entries.append(
                Entry(name, method=zipfile.ZIP_DEFLATED, packed=b"", packed_size=len(packed), size=90_000, offset=0)
            )
        return Zip(entries).bytes()

    def quoted_overlap(self) -> bytes:
        """Each member quotes the headers of those behind it, down to one kernel that all of them unpack."""
        number, kernel = self.dice.randint(2, 60), deflate(bytes(90_000))
        tail, size, entries = kernel, 90_000, []
        for index in reversed(range(number)):
            name = b"videos/%03d.mp4" % index
            inner = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, 0, len(tail), size, len(name), 0)
            header = b"PK\x03\x04" + inner + name
            entries.append((name, len(tail), size))
            tail, size = header + tail, size + len(header)
            if index:  # as a stored block of the member before
                tail = b"\x00" + struct.pack("<HH", len(header), len(header) ^ 0xFFFF) + tail
        offsets, place = [], 0
        for index in range(number):
            offsets.append(place)
            place += 30 + len(b"videos/%03d.mp4" % index) + 5
        directory = bytearray()
        for offset, (name, packed, unpacked) in zip(offsets, reversed(entries), strict=True):
            facts = (20, 20, 0, 8, 0, 0x21, 0, packed, unpacked, len(name), 0, 0, 0, 0, 0o100644 << 16, offset)
            directory += b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", *facts) + name
        end = struct.pack("<HHHHIIH", 0, 0, number, number, len(directory), len(tail), 0)
        return tail + bytes(directory) + b"PK\x05\x06" + end

    def zip64(self) -> bytes:
        data = self._with()
        end = data.rindex(b"PK\x05\x06")
        record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1 << 40, 1 << 40, 1 << 40, 0)
        locator = b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1)
        return data[:end] + record + locator + data[end:]

    def zip64_member(self) -> bytes:
        size = self.dice.choice([1 << 62, 1 << 40, (1 << 64) - 1])
        extra = struct.pack("<HHQQ", 1, 16, size, self.dice.choice([size, 1]))
        return self._with(Entry(b"videos/a.mp4", size=0xFFFFFFFF, packed_size=0xFFFFFFFF, extra=extra))

    def lying_size(self) -> bytes:
        name, data = self.dice.choice(sorted(self.members.items()))
        entries = [Entry(n.encode(), d) for n, d in self.members.items()]
        liar = next(entry for entry in entries if entry.name == name.encode())
        liar.method = self.dice.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
        liar.size = len(data) + self.dice.choice([-1, 1, 1000, -len(data)])
        return Zip(entries).bytes()

    def bad_checksum(self) -> bytes:
        entries = [Entry(n.encode(), d) for n, d in self.members.items()]
        self.dice.choice(entries).crc = self.dice.randrange(1, 1 << 32)
        return Zip(entries).bytes()

    def twice(self) -> bytes:
        return self._with(Entry(self.dice.choice(sorted(self.members)).encode(), b"another"))

    def case_twice(self) -> bytes:
        return self._with(Entry(self.dice.choice(sorted(self.members)).upper().encode(), b"another"))

    def header_of_another(self) -> bytes:
        entries = [Entry(n.encode(), d) for n, d in self.members.items()]
        self.dice.choice(entries).header_name = self.dice.choice([b"../../escaped", b"/etc/passwd", b"run.jso", b""])
        return Zip(entries).bytes()

    def encrypted(self) -> bytes:
        entries = [Entry(n.encode(), d) for n, d in self.members.items()]
        self.dice.choice(entries).flags = self.dice.choice([1, 0x41, 0x2001])
        return Zip(entries).bytes()

    def strange_method(self) -> bytes:
        entries = [Entry(n.encode(), d) for n, d in self.members.items()]
        self.dice.choice(entries).method = self.dice.choice([1, 2, 6, 9, 12, 14, 19, 93, 95, 97, 98, 99, 0xFFFF])
        return Zip(entries).bytes()

    def nested(self) -> bytes:
        inner = self.ratio_bomb()
        for _ in range(self.dice.randint(1, 5)):
            inner = Zip([Entry(self._name(), inner)]).bytes()
        return self._with(Entry(self.dice.choice([b"more.zip", b"videos/a.mp4", b"videos/a.zip"]), inner))

    def tar(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=self.dice.choice(["w", "w:gz", "w:bz2"])) as archive:
            for name in ("../escaped", str(self.outside / "escaped")):
                entry = tarfile.TarInfo(name)
                entry.size = 1
                archive.addfile(entry, io.BytesIO(b"x"))
        return buffer.getvalue()

    def gzipped(self) -> bytes:
        return gzip.compress(self.good, mtime=0)

    def garbage(self) -> bytes:
        data = self.dice.randbytes(self.dice.choice([0, 1, 21, 22, 23, 1000, 70_000]))
        return data if self.dice.random() < 0.5 else data + Zip().bytes()

    def cut(self) -> bytes:
        return self.good[: self.dice.randrange(len(self.good))]

    def patched(self) -> bytes:
        """Bytes of the directory drawn anew."""
        data = bytearray(self.good)
        start = self.good.index(b"PK\x01\x02")
        while bytes(data) == self.good:
            for _ in range(self.dice.randint(1, 6)):
                data[self.dice.randrange(start, len(data))] = self.dice.randrange(256)
        return bytes(data)

    def glued(self) -> bytes:
        other = Zip([Entry(b"../escaped")]).bytes()
        return self.dice.choice([other + self.good, self.good + other, b"#!/bin/sh\n" + self.good, self.good + b"\0"])

    def long_name(self) -> bytes:
        name = self.dice.choice([b"a" * 65_000, b"videos/" * 9000 + b"a", b"videos/" + b"a" * 500 + b".mp4"])
        return self._with(Entry(name))

    def long_comment(self) -> bytes:
        return self._with(comment=self.dice.choice([b"PK\x05\x06" * 9000, b"c" * 65_535, b"PK\x05\x06" + bytes(18)]))

    def endless_json(self) -> bytes:
        name = self.dice.choice(["run.json", "submission.json", "submission.sig", "samples.jsonl", "scores.jsonl"])
        body = self.dice.choice([b"[" * 200_000, b'{"a":' * 200_000, b"9" * 200_000, b"\xff" * 9, b"[NaN]", b""])
        return Zip([Entry(n.encode(), body if n == name else d) for n, d in self.members.items()]).bytes()

    def hostile_video(self) -> bytes:
        bad = self.dice.choice(
            [b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n", bytes(200),
             b"\0\0\0\x18ftypisom" + self.dice.randbytes(500), b"\x1a\x45\xdf\xa3" + self.dice.randbytes(500),
             b"RIFF\xff\xff\xff\xffAVI " + self.dice.randbytes(500)]
        )  # fmt: skip
        return Zip([Entry(n.encode(), bad if n.endswith("mp4") else d) for n, d in self.members.items()]).bytes()

    def file_and_folder(self) -> bytes:
        return self._with(Entry(self.dice.choice([b"videos", b"run.json/escaped", b"videos/a.mp4/b.mp4", b"videos/"])))

    def no_such_offset(self) -> bytes:
        entries = [Entry(n.encode(), d) for n, d in self.members.items()]
        self.dice.choice(entries).offset = self.dice.choice([1, 0xFFFFFFFF, 10_000_000, 0x7FFFFFFF])
        return Zip(entries).bytes()
