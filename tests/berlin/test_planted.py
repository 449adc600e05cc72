"""The report can fail: each kind of leak, planted in evidence and in a running phone, is found and named."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.image.disk import sizes, starts
from firmware.image.places import DATA
from tests.berlin import fixed_root, judge, page, report
from tests.berlin.experiments import EXPERIMENTS
from tests.berlin.experiments.measures import default_faults
from tests.berlin.model import Experiment, NotYet, Result, Row, Seen, Verdict
from tests.berlin.plants import PLANTS, Plant
from tests.berlin.rows import rows
from tests.berlin.run import carry_out
from tests.berlin.stage import Stage
from tests.rig.capture import Packet
from tests.rig.far_end import Place
from tests.rig.identity import Identity
from tests.rig.kamailio import Message

WHO = Identity.random()
SECRETS = WHO.secrets("0.1.0")

CLEAN = (
    "INVITE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.4.4.4:5061;branch=z9hG4bKx\r\n"
    'From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=k2\r\nTo: <sip:bob@phone.test>\r\n'
    "Call-ID: kx9\r\n"
    "CSeq: 7 INVITE\r\nContact: <sip:x81kq@127.4.4.4:5061;transport=tls>\r\nPrivacy: id\r\n"
    "User-Agent: Telephone\r\nContent-Length: 60\r\n\r\n"
    "v=0\r\no=- 1 1 IN IP4 127.4.4.4\r\ns=-\r\nc=IN IP4 127.4.4.4\r\nt=0 0\r\n"
)


def message(text: str) -> Message:
    return Message(True, "tls", "127.4.4.4:5061", "127.0.0.1:5061", 0.0, text)


def place(text: str) -> Place:
    return Place("INVITE", "sip", text.encode())


def test_clean_evidence_is_clean() -> None:
    assert judge.leaks(SECRETS, [place(CLEAN), Place("rtcp", "rtcp", b"\x81\xca\0\1abcdef0123456789")]) == []


@pytest.mark.parametrize(
    ("secret", "spoiled"),
    [
        ("user", CLEAN.replace("x81kq", WHO.user)),
        ("user", CLEAN.replace("x81kq", "".join(f"%{ord(letter):02x}" for letter in WHO.user))),
        ("host name", CLEAN.replace("s=-", f"s={WHO.host_name}")),
        ("host name", CLEAN.replace("kx9", f"kx9@{WHO.host_name.upper()}")),
        (
            "digest user",
            CLEAN.replace("Privacy: id", f'Proxy-Authorization: Digest username="{WHO.auth_user}"'),
        ),
        ("display name, a part", CLEAN.replace("Anonymous", WHO.display_name.split()[1])),
        ("model", CLEAN.replace("Telephone", f"Telephone ({WHO.model})")),
        ("version", CLEAN.replace("Telephone", "Telephone/0.1.0")),
        ("product", CLEAN.replace("s=-", "s=pjmedia")),
    ],
)
def test_a_leak_in_a_message_is_found(secret: str, spoiled: str) -> None:
    assert spoiled != CLEAN
    assert secret in {finding.secret for finding in judge.leaks(SECRETS, [place(spoiled)])}


def test_a_leak_in_a_control_packet_is_found() -> None:
    spoiled = Place("rtcp packet 3, decrypted", "rtcp", b"\x81\xca\0\6\1\2\3\4\1\16" + WHO.user.encode())
    assert [finding.secret for finding in judge.leaks(SECRETS, [spoiled])] == ["user"]


def test_a_number_in_a_file_is_found() -> None:
    files = {"log": b"info: registered\n", "state/history": WHO.number[::-1].encode()}
    assert [finding.place for finding in judge.traces(WHO.traces(), files)] == ["state/history"]
    assert judge.traces(WHO.traces(), {"log": b"info: registered\n"}) == []


def test_a_packet_in_clear_is_found() -> None:
    rtp = Packet(0.0, "udp", ("127.4.4.4", 4000), ("127.0.0.1", 4000), b"\x80\x08" + bytes(170))
    assert judge.readable([rtp], [])
    sip = Packet(0.0, "tcp", ("127.4.4.4", 4000), ("127.0.0.1", 5060), CLEAN.encode())
    assert judge.readable([sip], [])


def test_speech_that_can_be_told_from_silence_is_found() -> None:
    def packets(*lengths: int) -> list[Packet]:
        ends = ("127.4.4.4", 4000), ("127.0.0.1", 4000)
        return [Packet(0.0, "udp", *ends, b"\x80\x78" + bytes(length)) for length in lengths]

    assert len(judge.sizes(packets(100, 100, 100))) == 1
    assert len(judge.sizes(packets(100, 40, 100))) == 2


def test_an_undeclared_destination_is_found() -> None:
    packet = Packet(0.0, "udp", ("127.4.4.4", 4000), ("192.0.2.7", 53), b"?")
    assert judge.undeclared([packet], [("127.0.0.1", 5061)]) == ["192.0.2.7:53 over udp"]
    assert judge.undeclared([packet], [("192.0.2.7", 53)]) == []


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("X-MAC: 02fe5e10aabb", "x-mac"),
        ("User-Agent: Telephone 0.1.0", "User-Agent"),
        ('Contact: <sip:x@h>;+sip.instance="<urn:uuid:1>"', "identifier"),
    ],
)
def test_a_talkative_register_is_found(field: str, fault: str) -> None:
    plain = "REGISTER sip:phone.test SIP/2.0\r\nVia: v\r\nCSeq: 1 REGISTER\r\n"
    assert judge.register_faults(message(plain + "\r\n")) == []
    assert any(fault in one for one in judge.register_faults(message(f"{plain}{field}\r\n\r\n")))


def test_presence_that_is_shown_is_found() -> None:
    def notify(body: str) -> str:
        return f"NOTIFY sip:x SIP/2.0\r\nEvent: presence\r\n\r\n{body}"

    assert judge.presence_shown([notify(""), notify("<basic>closed</basic>")]) == []
    assert judge.presence_shown([notify("<basic>open</basic>")]) == ["open"]
    assert judge.presence_shown([notify("<dialog><state>confirmed</state></dialog>")]) == ["confirmed"]
    assert judge.presence_shown([notify("<rpid:on-the-phone/>")]) == ["on-the-phone"]


def test_a_preview_that_lies_is_found() -> None:
    told = {
        "From name": "Anonymous",
        "From address": "sip:anonymous@anonymous.invalid",
        "Contact user": "random, new for each call",
        "Privacy": "id",
        "P-Preferred-Identity": "not sent",
        "SDP origin": "-",
        "Via address": "127.4.4.4",
        "RTCP CNAME": "random, new for each call",
    }
    assert judge.preview_differences(told, [message(CLEAN)]) == []
    for spoiled in (
        CLEAN.replace('"Anonymous"', '"Alice"'),
        CLEAN.replace("Privacy: id\r\n", ""),
        CLEAN.replace("Privacy: id", "Privacy: id\r\nP-Preferred-Identity: <sip:alice@phone.test>"),
        CLEAN.replace("o=-", "o=alice"),
        CLEAN.replace("x81kq@", ""),
    ):
        assert judge.preview_differences(told, [message(spoiled)]), spoiled
    assert judge.preview_differences(told, [message(CLEAN), message(CLEAN)]), "the same random user twice"


def test_suites_without_forward_secrecy_are_found() -> None:
    names = {0x009D: "TLS_RSA_WITH_AES_256_GCM_SHA384", 0xC02C: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"}
    assert judge.weak_suites([0x1302, 0xC02C, 0x00FF], names) == []
    assert judge.weak_suites([0xC02C, 0x009D], names) == ["TLS_RSA_WITH_AES_256_GCM_SHA384"]


def test_a_default_that_is_weaker_or_unknown_is_found() -> None:
    dumped = '[media]\nencryption = "end-to-end"\n# no [account]: direct\n[sip]\n# bind is not set: x\n'
    good = {
        "media.encryption": {"default": "end-to-end", "strongest": "end-to-end"},
        "[account]": {},
        "sip.bind": {},
    }
    assert default_faults(dumped, good) == ([], [])
    assert default_faults(dumped.replace("end-to-end", "provider"), good)[0]
    assert default_faults(dumped + "extra = true\n", good)[0] == ["sip.extra is not in the table"]
    weaker = good | {"media.encryption": {"default": "end-to-end", "strongest": "more"}}
    assert default_faults(dumped, weaker)[0] == ["media.encryption is weaker than 'more' without a reason"]
    excused = good | {
        "media.encryption": {"default": "end-to-end", "strongest": "more", "reason": "there is no more"}
    }
    assert default_faults(dumped, excused) == ([], ["media.encryption"])


def test_a_root_that_could_be_written_or_is_not_checked_is_found() -> None:
    init = (DATA / "init").read_text()
    assert fixed_root.first_root_faults(init) == []
    for sound, spoiled in (
        ("-o ro,nodev /dev", "-o rw,nodev /dev"),
        (" restart_on_corruption", ""),
        ("--readonly ", ""),
        ("= 64 ]", "= 0 ]"),
    ):
        assert sound in init
        assert fixed_root.first_root_faults(init.replace(sound, spoiled)), sound
    assert fixed_root.mount_faults("a", "[Mount]\nOptions=nosuid,nodev,noexec\n") == []
    assert fixed_root.mount_faults("a", "[Mount]\nOptions=nosuid,nodev\n") == ["a lacks noexec"]


def test_a_changed_block_of_an_image_is_found(tmp_path: Path) -> None:
    blocks = [b"hsqs".ljust(4096, b"\1"), *([bytes(4096)] * 200)]
    verity = f"{len(blocks)},{fixed_root.root_hash(blocks, b'salt')},{b'salt'.hex()}"
    (tmp_path / "image.json").write_text('{"board": "x"}')
    at = starts(sizes().partitions)
    image = tmp_path / "sottovoce-x.img"
    with image.open("wb") as disk:
        for slot in "ab":
            for name, octets in (
                ("boot", f"args=ro sottovoce.verity={verity}".encode()),
                ("root", b"".join(blocks)),
            ):
                disk.seek(at[f"{name}_{slot}"])
                disk.write(octets)
    assert fixed_root.image_faults(tmp_path) == []
    with image.open("r+b") as disk:
        disk.seek(at["root_b"] + 150 * 4096)
        disk.write(b"\1")
    (fault,) = fixed_root.image_faults(tmp_path)
    assert "root b" in fault


def result(verdict: Verdict) -> Result:
    return Result("one", "It was tried.", "It was <seen>.", verdict, ("evidence/a/b c.txt",))


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], Verdict.NOT_YET),
        ([Verdict.PASS], Verdict.PASS),
        ([Verdict.PASS, Verdict.NOT_YET], Verdict.NOT_YET),
        ([Verdict.NOT_YET, Verdict.FAIL, Verdict.PASS], Verdict.FAIL),
    ],
)
def test_the_verdict_of_a_row(parts: list[Verdict], whole: Verdict) -> None:
    row = rows()["P1"]
    row.results.extend(map(result, parts))
    assert row.verdict is whole


def test_what_cannot_be_carried_out_is_a_failure_and_not_a_gap(tmp_path: Path) -> None:
    def broken(stage: Stage) -> Seen:
        """Divide."""
        raise ZeroDivisionError("division by zero")

    def missing(stage: Stage) -> Seen:
        """Ask."""
        raise NotYet("It comes later.")

    stage = Stage(tmp_path, tmp_path / "work")
    failed = carry_out(Experiment("P1", broken), stage)
    assert failed.verdict is Verdict.FAIL
    assert "ZeroDivisionError" in (tmp_path / failed.evidence[0]).read_text()
    later = carry_out(Experiment("P1", missing), stage)
    assert (later.verdict, later.observed, later.done) == (Verdict.NOT_YET, "It comes later.", "Ask.")


def test_every_row_has_experiments_and_each_says_what_it_does() -> None:
    found = rows()
    assert set(found) == {experiment.row for experiment in EXPERIMENTS}
    assert len(found) == 15
    assert all(len(experiment.done) > 20 for experiment in EXPERIMENTS)


def test_the_page_is_whole_and_escapes_what_was_seen() -> None:
    row: Row = rows()["P1"]
    row.results.extend(map(result, Verdict))
    made = page.html([row], datetime.now(UTC), "0.1.0", planted="a <leak>")
    assert "It was &lt;seen&gt;." in made
    assert "a &lt;leak&gt;" in made
    assert 'href="evidence/a/b%20c.txt"' in made
    assert "http://" not in made.replace("http://www.w3.org", "")
    told = json.loads(json.dumps(report.as_json([row], "now", "0.1.0")))
    assert [one["id"] for one in told["rows"]] == ["P1"]
    assert told["rows"][0]["verdict"] == "fail"
    assert told["rows"][0]["experiments"][0]["evidence"] == ["evidence/a/b c.txt"]


EVIDENCE = {
    "user-in-contact": ("user in INVITE", "Contact"),
    "host-name-in-sdp": ("host name in INVITE", "SDP i="),
    "user-in-cname": ("user in rtcp packet",),
    "user-in-guest-mode": ("in both: 1 identifiers", "Of the owner: user."),
    "user-in-refer": ("user in REFER", "Referred-By"),
    "number-in-log": ("number in log",),
    "stranger-sees-presence": ("open",),
}
"""What the report must say of each plant."""


@pytest.mark.live
@pytest.mark.parametrize("name", PLANTS)
def test_a_leak_planted_in_a_running_phone_fails_its_row(name: str, tmp_path: Path) -> None:
    """The real daemon with one leak; the row's experiment must fail, and name that leak."""
    plant = PLANTS[name]
    with tempfile.TemporaryDirectory(prefix="rig-") as work:  # short: baresip cuts long names of recordings
        look_for_plant(Stage(tmp_path, Path(work), plant, brief=True), plant)


def look_for_plant(stage: Stage, plant: Plant) -> None:
    """Carry out the experiment that must find it."""
    if plant.grants_stranger and not stage.has("firmware/phone/presence.py"):
        pytest.skip("grants to watchers are not built")
    [experiment] = [one for one in EXPERIMENTS if one.work.__name__ == plant.experiment]
    seen = carry_out(experiment, stage)
    assert seen.verdict is Verdict.FAIL, seen.observed
    texts = "\n".join(
        [seen.observed, *((stage.out / file).read_text(errors="replace") for file in seen.evidence)]
    )
    for words in EVIDENCE[plant.name]:
        assert words in texts, seen.observed
