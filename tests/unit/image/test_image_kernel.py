import pytest

from firmware.image.kernel import dependencies, load_order, module_name, wanted
from firmware.image.shell import ImageError

DEP = dependencies(
    """kernel/drivers/md/dm-verity.ko.xz: kernel/drivers/md/dm-bufio.ko.xz kernel/drivers/md/dm-mod.ko.xz
kernel/drivers/md/dm-bufio.ko.xz: kernel/drivers/md/dm-mod.ko.xz
kernel/drivers/md/dm-mod.ko.xz:
kernel/net/sctp/sctp.ko.xz:
"""
)
VERITY, BUFIO, MOD, SCTP = DEP


def test_a_module_comes_with_what_it_needs_and_nothing_else() -> None:
    assert wanted(DEP, ["dm_verity"]) == {VERITY, BUFIO, MOD}
    assert wanted(DEP, ["net/sctp/*"]) == {SCTP}


def test_minus_and_underscore_are_one() -> None:
    assert module_name("kernel/drivers/md/dm-verity.ko.xz") == "dm_verity" == module_name("dm_verity.ko")


@pytest.mark.parametrize("pattern", ["dm-vertiy", "net/dccp/*"])
def test_a_pattern_that_chooses_nothing_is_a_fault(pattern: str) -> None:
    with pytest.raises(ImageError, match="has no module"):
        wanted(DEP, [pattern])


def test_what_a_module_needs_is_loaded_before_it_and_once() -> None:
    assert load_order(DEP, ["dm-bufio", "dm-verity"]) == [MOD, BUFIO, VERITY]


def test_what_not_every_kernel_has_may_be_missing() -> None:
    assert wanted(DEP, ["sha1-ce?", "net/dccp/*?", "dm-bufio?"]) == {BUFIO, MOD}
