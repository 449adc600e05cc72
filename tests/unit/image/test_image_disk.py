import struct

import pytest

from firmware.image import budget
from firmware.image.disk import TYPES, Sizes, hybrid, script, sizes, starts
from firmware.image.filesystem import name_uuid
from firmware.image.shell import ImageError

PARTS = {"config": 64 << 20, "bootstate": 1 << 20, "boot_a": 96 << 20}


def test_partitions_follow_one_another_from_one_mebibyte() -> None:
    assert starts(PARTS) == {"config": 1 << 20, "bootstate": 65 << 20, "boot_a": 66 << 20}
    lines = [line for line in script(PARTS, "x").splitlines() if line.startswith("start=")]
    assert lines[1].startswith("start=133120, size=2048, ")
    assert 'name="boot_a"' in lines[2]


def test_the_table_follows_from_its_seed_alone() -> None:
    assert script(PARTS, "board 1") == script(PARTS, "board 1") != script(PARTS, "board 2")
    assert len({name_uuid(name) for name in TYPES}) == len(TYPES)


def test_no_partition_has_the_type_by_which_the_data_partition_is_found() -> None:
    from firmware.image.places import DATA

    data = (DATA / "root/usr/lib/repart.d/50-data.conf").read_text()
    (kind,) = [line.removeprefix("Type=") for line in data.splitlines() if line.startswith("Type=")]
    assert kind.lower() not in {found.lower() for found in TYPES.values()}


def test_a_hybrid_mbr_names_the_config_partition_first_and_stays_protective() -> None:
    sector = bytes(510) + b"\x55\xaa"
    made = hybrid(sector, 1 << 20, 64 << 20)
    kind, start, count = struct.unpack_from("<4xB3xII", made, 446)
    assert (kind, start, count) == (0x0C, 2048, 131072), "FAT32 with LBA, where GPT has it too"
    assert made[462 + 4] == 0xEE
    assert len(made) == 512
    assert made[510:] == b"\x55\xaa"


def test_what_is_larger_than_its_budget_is_refused_with_both_numbers() -> None:
    limits = Sizes({}, unpacked=100_000_000, bundle=50_000_000)
    budget.check(budget.Measured(99_000_000, 20_000_000, 30_000_000), limits)
    with pytest.raises(ImageError, match=r"101 MB.*100"):
        budget.check(budget.Measured(101_000_000, 1, 1), limits)
    with pytest.raises(ImageError, match="an update has 51 MB"):
        budget.check(budget.Measured(1, 21_000_000, 30_000_000), limits)


def test_a_whole_update_fits_into_its_slot() -> None:
    found = sizes()
    assert found.bundle <= found.partitions["root_a"] + found.partitions["boot_a"]
