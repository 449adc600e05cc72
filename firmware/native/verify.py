"""Does a built module have what the phone stands on? Look at it, then judge what was seen.

The judgement is pure. The module is looked at from outside (what it links to, how it is
hardened) and from inside: a fresh process imports it, starts it and asks it.
"""

import json
import os
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from firmware.native.shell import NativeError, output

SUITES = ("AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80")
CODECS = ("opus/48000", "G722/16000", "PCMA/8000", "PCMU/8000")
ADDITIONS = (
    "Wakeup",
    "mediaSecurity",
    "setTrustedTlsDomain",
    "setTlsListening",
    "dropLateSound",
    "madeByUs",
    "setDisclosure",
    "setAccountContactUser",
    "Watchers",
    "zrtpState",
    "setReceiveGain",
    "setTlsPins",
    "setTimeFloor",
    "DtlsIdentity",
    "Prover",
    "referProgress",
    "setServer",
    "textSend",
)
LINKED = ("libssl.so.3", "libcrypto.so.3", "libsrtp2.so", "libopus.so", "libasound.so", "libbzrtp.so")


@dataclass(frozen=True)
class Observation:
    """What was seen of one built module."""

    needed: tuple[str, ...]  # the libraries that it names
    loaded: tuple[str, ...]  # the file names of the libraries that were loaded with it
    bind_now: bool
    relro: bool
    codecs: tuple[str, ...]
    suites: tuple[str, ...]
    keyings: tuple[str, ...]
    drivers: tuple[str, ...]
    additions: tuple[str, ...]


def judge(seen: Observation) -> list[str]:
    """Name everything that is missing or wrong, one line each; nothing when all is well."""
    faults = [
        f"it lacks the codec {codec}" for codec in CODECS if not any(c.startswith(codec) for c in seen.codecs)
    ]
    faults += [f"it lacks the SRTP suite {suite}" for suite in SUITES if suite not in seen.suites]
    faults += [
        f"it lacks {keying} keys for SRTP" for keying in ("DTLS", "SDES") if keying not in seen.keyings
    ]
    faults += [f"it lacks {name} of sottovoce.cpp" for name in ADDITIONS if name not in seen.additions]
    if "ALSA" not in seen.drivers:
        faults.append("it lacks the ALSA audio driver")
    for library in LINKED:
        if not any(name == library or name.startswith(f"{library}.") for name in seen.needed):
            faults.append(f"it is not linked to {library}")
    for name in sorted({*seen.needed, *seen.loaded}):
        openssl = re.match(r"lib(?:ssl|crypto)[-.].*?(\d+)", name)
        if openssl and openssl.group(1) != "3":
            faults.append(f"it pulls in {name}, which is not OpenSSL 3")
    if not (seen.bind_now and seen.relro):
        faults.append("it is not linked with relro and now")
    return faults


_PROBE = """
import json, os, re, sys
os.environ["PJMEDIA_ALSA_PCMS"] = "default"
import pjsua2 as pj
endpoint = pj.Endpoint()
endpoint.libCreate()
config = pj.EpConfig()
config.logConfig.level = config.logConfig.consoleLevel = 0
config.uaConfig.threadCnt = 0
config.uaConfig.mainThreadOnly = True
endpoint.libInit(config)
names = {pj.PJMEDIA_SRTP_KEYING_SDES: "SDES", pj.PJMEDIA_SRTP_KEYING_DTLS_SRTP: "DTLS"}
keyings = getattr(pj, "srtpKeyings", tuple)()
seen = {
    "codecs": [codec.codecId for codec in endpoint.codecEnum2()],
    "suites": list(endpoint.srtpCryptoEnum()),
    "keyings": [names[keying] for keying in keyings],
    "drivers": sorted({device.driver for device in endpoint.audDevManager().enumDev2()}),
    "additions": [name for name in sys.argv[1:] if hasattr(pj, name)],
    "loaded": sorted(set(re.findall(r"/([^/\\n]+\\.so[^/\\n]*)\\n", open("/proc/self/maps").read()))),
}
endpoint.libDestroy()
print("seen:" + json.dumps(seen))
"""


def observe(module: Path, python: Path) -> Observation:
    """Look at the module in a folder, with the Python that it was built for.

    Raises:
        NativeError: It cannot even be imported and started.
    """
    libraries = list(module.glob("_pjsua2*.so"))
    if len(libraries) != 1:
        raise NativeError(f"{module} holds no built pjsua2")
    elf = output(["readelf", "-dlW", libraries[0]])
    env = {**os.environ, "PYTHONPATH": str(module), "LC_ALL": "C"}
    try:
        printed = output([python, "-B", "-c", _PROBE, *ADDITIONS], env)  # leaves nothing in the module
    except NativeError as error:
        raise NativeError(f"the built pjsua2 does not start: {error}") from error
    answer = next((line for line in printed.splitlines() if line.startswith("seen:")), None)
    if answer is None:
        raise NativeError("the built pjsua2 stopped without an answer")
    seen = {name: tuple(value) for name, value in json.loads(answer.removeprefix("seen:")).items()}
    needed = tuple(re.findall(r"\(NEEDED\).*\[(.+)\]", elf))
    return Observation(needed=needed, bind_now=" NOW" in elf, relro="GNU_RELRO" in elf, **seen)


def require(module: Path, python: Path) -> None:
    """Accept the module, or say in one line why not.

    Raises:
        NativeError: Something is missing.
    """
    faults = judge(observe(module, python))
    if faults:
        raise NativeError(f"the built pjsua2 is not good enough: {'; '.join(faults)}")


def main() -> int:
    """Look at the pjsua2 installed beside this Python, print what was seen, and judge it."""
    site = Path(
        output([sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"]).strip()
    )
    try:
        seen = observe(site, Path(sys.executable))
    except NativeError as error:
        print(f"native: {error}", file=sys.stderr)
        return 1
    print(json.dumps(asdict(seen), indent=2))
    faults = judge(seen)
    for fault in faults:
        print(f"native: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
