"""What is connected to what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.sip.mixing import Links, Voiced, links

CALLS = st.lists(st.booleans(), max_size=4).map(
    lambda speak: [Voiced(number, number + 10, speaks) for number, speaks in enumerate(speak)]
)


@given(CALLS, st.sets(st.integers(0, 4)), st.booleans())
def test_only_who_may_speak_is_connected_and_only_the_mixed_hear_each_other(
    calls: list[Voiced], mixed: set[int], muted: bool
) -> None:
    found = links(calls, mixed, muted=muted)
    by_port = {one.port: one for one in calls}
    for one in calls:
        link = found[one.call]
        assert link.ear is one.speaks
        assert link.mouth is (one.speaks and not muted)
        for far in link.far:
            assert by_port[far].speaks
            assert one.speaks
            assert {by_port[far].call, one.call} <= mixed
            assert one.port in found[by_port[far].call].far, "both ways"


def test_three_together() -> None:
    found = links([Voiced(1, 11, True), Voiced(3, 13, True)], (1, 3), muted=True)
    assert found == {1: Links(11, True, False, (13,)), 3: Links(13, True, False, (11,))}
