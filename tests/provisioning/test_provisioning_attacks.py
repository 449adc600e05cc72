"""Each test is an attack on a configuration on its way, or a mishap: refused in words, the old one in use."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from jwcrypto import jwe, jwk, jws

from firmware.phone.errors import ProvisioningError
from firmware.provisioning import code, program, sealed
from firmware.release import provision
from firmware.release.keys import KeyFolder
from tests.provisioning.scene import Scene, Server
from tests.rig.certs import Authority, pin

Claims = dict[str, Any]


def refused(scene: Scene, words: str, content: bytes | None = None, **options: Any) -> None:
    """It is not taken, for this reason; what was there is there, and the reason is kept."""
    before = {file.name: file.read_bytes() for file in scene.here.iterdir()}
    with pytest.raises(ProvisioningError) as caught:
        scene.pull(content, **options)
    assert words in str(caught.value)
    assert {file.name: file.read_bytes() for file in scene.here.iterdir()} == before
    assert words in json.loads(scene.state.read_text())["result"]


def secret(scene: Scene) -> bytes:
    return scene.ticket().secret


def issuer(scene: Scene) -> jwk.JWK:
    return provision._issuer(scene.keys)


def claims(scene: Scene, **changes: Any) -> Claims:
    found = sealed.unseal(scene.served().read_bytes(), secret(scene), (scene.ticket().issuer,))
    return found | changes


def again(scene: Scene, **changes: Any) -> bytes:
    """Signed by the administrator: a mistake, or an old one."""
    return sealed.seal(claims(scene, **changes), secret(scene), issuer(scene))


# --- somebody on the way, or on the server ------------------------------------------------------------


def test_roll_back_to_an_older_configuration(scene: Scene) -> None:
    old = scene.served().read_bytes()
    scene.change('domain = "phone.test"', 'domain = "new.test"')
    scene.make(hours=1)
    scene.pull()
    refused(scene, "somebody put an old one back", old)


def test_roll_back_while_the_power_is_cut(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the number and the file: the newest is fetched again, the older one is refused."""
    scene.pull()
    old = scene.served().read_bytes()
    scene.change('domain = "phone.test"', 'domain = "new.test"')
    scene.make(hours=1)
    with monkeypatch.context() as cut:
        cut.setattr(Path, "replace", _power_cut)
        with pytest.raises(PowerCut):
            scene.pull()
    assert scene.config.account is not None
    assert scene.config.account.domain == "phone.test"
    refused(scene, "somebody put an old one back", old)
    assert scene.pull()
    assert scene.config.account.domain == "new.test"


class PowerCut(BaseException):
    pass


def _power_cut(*arguments: object) -> None:
    raise PowerCut


def test_the_power_is_cut_at_every_write(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old or new, whole; and afterwards the new one comes."""
    scene.pull()
    real = os.replace
    for at in range(5):
        scene.change('${name}"', f'${{name}} {at}"')
        scene.make(hours=1)
        left = [at]

        def replace(*arguments: Any, left: list[int] = left) -> None:
            if left[0] == 0:
                raise PowerCut
            left[0] -= 1
            real(*arguments)

        with monkeypatch.context() as cut:
            cut.setattr(os, "replace", replace)
            try:
                scene.pull()
            except PowerCut:
                pass
        assert scene.user == "30"
        scene.pull()
        assert scene.config.account is not None
        assert scene.config.account.display_name.endswith(str(at))
        scene.change(f'${{name}} {at}"', '${name}"')


def test_a_configuration_of_another_telephone(scene: Scene) -> None:
    refused(scene, "not a configuration that was made for this telephone", scene.served("berta").read_bytes())


def test_a_configuration_of_another_telephone_under_our_key(scene: Scene) -> None:
    refused(scene, "another telephone's", again(scene, sub=code.name(b"0" * 16)))


def test_a_changed_octet(scene: Scene) -> None:
    content = bytearray(scene.served().read_bytes())
    for at in range(0, len(content), 97):
        changed = bytearray(content)
        changed[at] ^= 0x01
        refused(scene, "", bytes(changed))


def test_forged_by_who_knows_the_code(scene: Scene, tmp_path: Path) -> None:
    other = KeyFolder(tmp_path / "other-keys", lambda name: "correct horse battery")
    other.make_plain(provision.KEY)
    forged = sealed.seal(claims(scene), secret(scene), provision._issuer(other))
    refused(scene, "somebody else than your administrator", forged)


def test_a_signature_that_is_none(scene: Scene) -> None:
    head = {"alg": "none", "typ": sealed.SIGNED, "jwk": json.loads(issuer(scene).export_public())}
    inner = ".".join((_b64(json.dumps(head)), _b64(json.dumps(claims(scene))), ""))
    refused(scene, "not a configuration that was made", _encrypted(scene, inner))


def test_the_public_key_used_as_a_shared_secret(scene: Scene) -> None:
    public = json.loads(issuer(scene).export_public())
    token = jws.JWS(json.dumps(claims(scene)))
    key = jwk.JWK(kty="oct", k=public["x"])
    head = json.dumps({"alg": "HS256", "typ": sealed.SIGNED, "jwk": public})
    token.add_signature(key, alg="HS256", protected=head)
    refused(scene, "not a configuration that was made", _encrypted(scene, token.serialize(compact=True)))


def test_a_symmetric_key_in_the_place_of_the_issuer(scene: Scene) -> None:
    key = jwk.JWK.generate(kty="oct", size=256)
    token = jws.JWS(json.dumps(claims(scene)))
    head = json.dumps({"alg": "HS256", "typ": sealed.SIGNED, "jwk": json.loads(key.export())})
    token.add_signature(key, alg="HS256", protected=head)
    refused(scene, "somebody else than", _encrypted(scene, token.serialize(compact=True)))


def test_a_compressed_bomb(scene: Scene) -> None:
    refused(scene, "not a configuration", _encrypted(scene, "A" * 1_000_000, zip="DEF"))


def test_another_kind_of_token_under_the_same_key(scene: Scene) -> None:
    token = jws.JWS(json.dumps(claims(scene)))
    head = json.dumps({"alg": "Ed25519", "typ": "JWT", "jwk": json.loads(issuer(scene).export_public())})
    token.add_signature(issuer(scene), alg="Ed25519", protected=head)
    refused(scene, "not a configuration that was made", _encrypted(scene, token.serialize(compact=True)))


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 50, b"<html>Sign in</html>", b"....", b"{}", b"a" * 600_000]
)
def test_something_else_than_a_configuration(scene: Scene, content: bytes) -> None:
    refused(scene, "", content)


def _b64(text: str) -> str:
    return str(jwk.base64url_encode(text))


def _encrypted(scene: Scene, inner: str, **others: str) -> bytes:
    head = {"alg": "dir", "enc": "A256GCM", "typ": sealed.ENCRYPTED} | others
    token = jwe.JWE(inner.encode(), protected=json.dumps(head))
    token.add_recipient(jwk.JWK(kty="oct", k=jwk.base64url_encode(code.key(secret(scene)))))
    return str(token.serialize(compact=True)).encode()


# --- the server and the way to it --------------------------------------------------------------------


def test_a_server_with_another_key(scene: Scene, server: Server) -> None:
    other = "sha256/" + "A" * 43 + "="
    refused(scene, "another key than the ticket says", ticket=scene.ticket(extra=f'pin = ["{other}"]\n'))
    assert server.asked == [], "nothing is asked of it"


def test_a_server_with_the_pinned_key(scene: Scene, server: Server) -> None:
    own = x509.load_pem_x509_certificate(server.certificate.cert.read_bytes())
    assert scene.pull(ticket=scene.ticket(extra=f'pin = ["{pin(own)}"]\n'))


def test_a_server_with_a_certificate_of_somebody_else(scene: Scene, server: Server, tmp_path: Path) -> None:
    ticket = scene.ticket()
    (tmp_path / "ca.pem").write_bytes(Authority.create(tmp_path / "stranger").pem.read_bytes())
    refused(scene, "has no certificate that proves its name", ticket=ticket)
    assert server.asked == []


def test_a_server_that_sends_somewhere_else(scene: Scene, server: Server) -> None:
    server.status, server.headers = 302, {"Location": "http://127.0.0.1/"}
    refused(scene, "answered 302")
    assert len(server.asked) == 1


def test_a_server_that_has_nothing(scene: Scene, server: Server) -> None:
    server.status = 404
    refused(scene, "has no configuration for this telephone")


def test_a_server_that_says_unchanged_to_who_has_nothing(scene: Scene, server: Server) -> None:
    server.status = 304
    refused(scene, "answered 304")


def test_a_server_that_sends_without_end(scene: Scene, server: Server) -> None:
    server.body = b"A" * (sealed.LARGEST + 1)
    refused(scene, "more than any configuration")


def test_a_server_that_is_away(scene: Scene, server: Server) -> None:
    server.stop()
    refused(scene, "cannot be reached")


def test_the_server_learns_nothing_but_the_name_of_a_file(scene: Scene, server: Server) -> None:
    scene.pull()
    path, headers = server.asked[0]
    assert path == "/" + code.name(secret(scene))
    assert set(headers) == {"Host", "User-Agent", "Accept-Encoding"}
    assert headers["User-Agent"] == "Sottovoce"
    seen = scene.served().read_bytes()
    assert b"anna" not in seen.lower()
    assert b"secret" not in seen


# --- the administrator errs --------------------------------------------------------------------------


def test_past_its_date(scene: Scene) -> None:
    refused(scene, "past its date", now=scene.now + timedelta(days=91))


def test_from_the_future(scene: Scene) -> None:
    refused(scene, "from the future", now=scene.now - timedelta(days=2))


def test_a_configuration_that_is_wrong(scene: Scene) -> None:
    scene.pull()
    text = claims(scene)["configuration"].replace("domain", "domian")
    number = claims(scene)["serial"] + 1
    refused(
        scene,
        'account.domian: unknown key; did you mean "domain"?',
        again(scene, configuration=text, serial=number),
    )
    assert scene.user == "30"


WEAKER: dict[str, tuple[str, str]] = {
    "no TLS": ('\n[sip]\ntransport = "udp"\n', "SIP is sent unencrypted"),
    "calls in clear": ("\n[media]\nallow_clear = true\n", "Calls without any encryption"),
    "the provider listens": ('\n[media]\nencryption = "provider"\n', "Your provider can listen"),
}


@pytest.mark.parametrize("which", WEAKER)
def test_a_configuration_that_is_weaker_than_the_telephone(scene: Scene, which: str) -> None:
    extra, words = WEAKER[which]
    weaker = again(scene, configuration=claims(scene)["configuration"] + extra)
    refused(scene, words, weaker)
    assert scene.pull(weaker, ticket=scene.ticket(extra="accept_weaker = true\n"))


NAMES: dict[str, Callable[[Claims], Claims]] = {
    "a password from a file of the telephone": lambda c: {
        "configuration": c["configuration"].replace(
            'password = "secret-of-anna"', 'password_file = "/etc/passwd"'
        )
    },
    "a certificate of the telephone": lambda c: {
        "configuration": c["configuration"] + '\n[sip]\nca_file = "/etc/ssl/certs/ca-certificates.crt"\n'
    },
    "a file with another name": lambda c: {"files": {"../../etc/passwd": "root::0:0::/:/bin/sh"}},
    "a file that overwrites": lambda c: {"files": {"phone.toml": "x"}},
    "a file under the name of another": lambda c: {"files": {"provisioned-0000000000000000.pem": "x"}},
    "too many files": lambda c: {
        "files": {
            f"provisioned-{hashlib.sha256(str(n).encode()).hexdigest()[:16]}.pem": str(n) for n in range(9)
        }
    },
    "no number": lambda c: {"serial": True},
    "a number without end": lambda c: {"serial": 2**60},
    "another form": lambda c: {"command": "reboot"},
    "nobody may sign the next": lambda c: {"issuers": []},
}


@pytest.mark.parametrize("which", NAMES)
def test_more_than_a_configuration_may(scene: Scene, which: str) -> None:
    refused(scene, "", again(scene, **NAMES[which](claims(scene))))


def test_two_with_one_number(scene: Scene) -> None:
    scene.pull()
    changed = claims(scene)["configuration"].replace("phone.test", "other.test")
    refused(scene, "two different configurations have one number", again(scene, configuration=changed))


def test_what_is_remembered_is_damaged(scene: Scene) -> None:
    scene.pull()
    scene.state.write_text("{}")
    with pytest.raises(ProvisioningError, match="nobody knows how new"):
        scene.pull()
    assert scene.user == "30"


def test_the_answer_is_kept_away_from_the_disk_until_it_is_good(scene: Scene) -> None:
    """Nothing of a refused one stays behind, no file and no trial."""
    file = f"provisioned-{hashlib.sha256(b'x').hexdigest()[:16]}.pem"
    bad = again(scene, configuration="[account]\nx = 1\n", files={file: "x"})
    refused(scene, "is wrong", bad)
    assert list(scene.here.iterdir()) == []


def test_a_new_key_of_the_administrator(scene: Scene, tmp_path: Path) -> None:
    """Announced by the old one, it may sign; the old one then no more."""
    other = KeyFolder(tmp_path / "other-keys", lambda name: "correct horse battery")
    other.make_plain(provision.KEY)
    print_of_other = sealed.thumbprint(provision._issuer(other))
    scene.change("days", f'issuers = ["{print_of_other}"]\ndays', "fleet.toml")
    scene.make(hours=1)
    scene.pull()
    scene.change(f'issuers = ["{print_of_other}"]\n', "", "fleet.toml")
    old, scene.keys = scene.keys, other
    ticket = scene.ticket()
    scene.make(hours=1)
    scene.pull(ticket=ticket)
    scene.keys = old
    scene.make(hours=1)
    refused(scene, "somebody else than your administrator", ticket=ticket)


def test_unchanged_costs_no_body(scene: Scene, server: Server) -> None:
    assert scene.pull()
    sent = server.sent
    assert not scene.pull()
    assert server.sent == sent
    assert json.loads(scene.state.read_text())["result"] == program.NOTHING_NEW


def test_a_configuration_that_was_lost_comes_back(scene: Scene) -> None:
    scene.pull()
    (scene.here / "phone.toml").write_text("")
    assert scene.pull()
    assert scene.user == "30"
