"""Archives that want to do harm are refused as a whole, before anything of them is unpacked."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from a2bench.base.archives import ArchiveLimits, checked_zip, read_member
from a2bench.errors import InputError

LIMITS = ArchiveLimits(members=20, member_bytes=3_000_000, total_bytes=5_000_000, ratio=100)
HOSTILE = (
    *("../x", "a/../../x", "/etc/passwd", "C:/x", "c:x", "a\\..\\x", "\\\\host\\x", ".."),
    *("a\x1b[2Jx", "a\nb", "x" * 500),
)


def write(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def named(name: str) -> zipfile.ZipInfo:
    """An entry with a name that `zipfile` would mend."""
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    return info


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def patched(path: Path, *members: tuple[str, bytes], change: Callable[[bytes], bytes]) -> Path:
    """An archive whose bytes were changed, as `zipfile` would not write it."""
    write(path, *members)
    path.write_bytes(change(path.read_bytes()))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught, checked_zip(path, LIMITS):
        pass
    return str(caught.value)


def test_a_good_archive_is_read_member_by_member(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", ("a/b.png", b"one"), ("c.txt", b"two"), method=zipfile.ZIP_DEFLATED)
    with checked_zip(path, LIMITS) as archive:
        assert read_member(archive, "a/b.png", LIMITS) == b"one"
        with pytest.raises(KeyError):
            read_member(archive, "b.png", LIMITS)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_lead_outside_or_hide_something_are_refused(tmp_path: Path, name: str) -> None:
    assert "is refused: the name" in refusal(write(tmp_path / "a.zip", ("good.png", b"x"), (named(name), b"x")))


def test_a_name_with_a_zero_byte_is_refused(tmp_path: Path) -> None:
    path = patched(
        tmp_path / "a.zip", ("good.pngXexe", b"x"), change=lambda data: data.replace(b"good.pngXexe", b"good.png\0exe")
    )
    assert "control characters" in refusal(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["..", ".", "", "a", "b.png", "C:", "\\", "\u202e", "con"]), min_size=1, max_size=6))
def test_whatever_is_accepted_stays_inside(tmp_path: Path, parts: list[str]) -> None:
    name = "/".join(parts)
    target = tmp_path / "target"
    try:
        with checked_zip(write(tmp_path / "a.zip", (named(name), b"x")), LIMITS):
            pass
    except InputError:
        return
    assert (target / name).resolve().is_relative_to(target.resolve())
    assert "\\" not in name and not name.startswith("C:")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    path = write(tmp_path / "a.zip", (special("a.png", kind | 0o777), b"/etc/passwd"))
    assert "not a plain file but a link or a device" in refusal(path)


def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    bomb = write(tmp_path / "ratio.zip", ("a.png", bytes(2_900_000)), method=zipfile.ZIP_DEFLATED)
    assert "more than 100 times its packed size" in refusal(bomb)
    large = write(tmp_path / "large.zip", ("a.png", bytes(3_000_001)))
    assert "3 MB; the limit is 3 MB" in refusal(large)
    together = write(tmp_path / "sum.zip", *((f"{i}.png", bytes(2_000_000)) for i in range(3)))
    assert "it unpacks to" in refusal(together)
    many = write(tmp_path / "many.zip", *((f"{i}.png", b"") for i in range(21)))
    assert "more than 20 members" in refusal(many)


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """The bomb without nesting: many entries of the directory point at one packed member."""

    def overlap(data: bytes) -> bytes:
        second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
        return data[: second + 42] + struct.pack("<I", 0) + data[second + 46 :]

    path = patched(tmp_path / "a.zip", ("a.png", b"x" * 50), ("b.png", b"y" * 50), change=overlap)
    with pytest.raises(InputError), checked_zip(path, LIMITS) as archive:
        read_member(archive, "a.png", LIMITS)
        read_member(archive, "b.png", LIMITS)


def test_a_member_that_lies_about_its_size_gives_no_more_than_it_says(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(4_000_000))
    data = bytearray(buffer.getvalue())
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 1000)
    path = tmp_path / "a.zip"
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="damaged"), checked_zip(path, LIMITS) as archive:
        read_member(archive, "a.png", LIMITS)


def test_names_that_are_one_file_on_some_systems_are_refused(tmp_path: Path) -> None:
    assert "is in it twice" in refusal(write(tmp_path / "a.zip", ("A.png", b"x"), ("a.PNG", b"y")))


def test_encrypted_and_strangely_packed_members_are_refused(tmp_path: Path) -> None:
    def encrypt(data: bytes) -> bytes:
        place = data.index(b"PK\x01\x02") + 8
        return data[:place] + b"\x01" + data[place + 1 :]

    assert "is encrypted" in refusal(patched(tmp_path / "a.zip", ("a.png", b"x"), change=encrypt))
    strange = write(tmp_path / "b.zip", ("a.png", b"x" * 100), method=zipfile.ZIP_BZIP2)
    assert "method other than stored and deflate" in refusal(strange)


def test_zip64_is_refused(tmp_path: Path) -> None:
    def claim(data: bytes) -> bytes:
        end = data.rindex(b"PK\x05\x06")
        return data[: end + 10] + b"\xff\xff" + data[end + 12 :]

    assert "zip64" in refusal(patched(tmp_path / "a.zip", ("a.png", b"x"), change=claim))


@pytest.mark.parametrize("cut", [0, 1, 30, 60, 100])
def test_what_is_no_archive_is_refused_in_one_sentence(tmp_path: Path, cut: int) -> None:
    path = patched(tmp_path / "a.zip", ("a.png", b"x" * 100), change=lambda data: data[:cut])
    assert "is not a usable zip archive" in refusal(path)


def test_every_single_damaged_byte_gives_an_error_or_the_same_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", ("a.png", b"some picture"), method=zipfile.ZIP_DEFLATED)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            with checked_zip(path, LIMITS) as archive:
                data = read_member(archive, "a.png", LIMITS)
        except (InputError, KeyError):
            continue
        assert data == b"some picture", place
