"""``python -m tests.rig``: a registrar and bob's baresip to try a phone against by hand, until Ctrl-C.

Prints how to start a phone for alice. Bob answers by himself (``--manual``: he only rings; type ``accept``,
``hangup`` or any other of baresip's commands).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.rig.baresip import Baresip
from tests.rig.certs import Authority
from tests.rig.kamailio import Registrar
from tests.rig.phone import Phone
from tests.rig.processes import RigError


def main() -> None:
    """Run until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.rig", description=__doc__)
    parser.add_argument("--codec", default="opus")
    parser.add_argument("--encryption", default="dtls", help="dtls, sdes, sdes-optional or none")
    parser.add_argument("--manual", action="store_true", help="bob does not answer by himself")
    parser.add_argument("--folder", type=Path, default=None)
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="rig-hand-"))
    authority = Authority.create(folder / "ca")
    with (
        Registrar(folder, authority.registrar(), udp=True, tcp=True) as registrar,
        Baresip(
            folder,
            "bob",
            registrar=registrar,
            authority=authority,
            codecs=[chosen.codec],
            encryption=chosen.encryption,
            answer="manual" if chosen.manual else "auto",
        ) as bob,
    ):
        bob.wait_registered()
        phone = Phone(folder, authority, registrar=registrar)
        print(f"everything is in {folder}; bob has the number 102; start a phone for alice with")
        print("  " + " ".join(phone.process.argv[3:]))
        print("baresip's commands: dial, accept, hangup, sndcode 12, callstat; sip: messages; Ctrl-D ends")
        try:
            while line := input("bob> "):
                name, _, rest = line.partition(" ")
                try:
                    print(registrar.summary() if name == "sip" else bob.command(name, rest))
                except RigError as error:
                    print(error)
        except (EOFError, KeyboardInterrupt):
            print()


if __name__ == "__main__":
    main()
