"""``sotto-release``: make and look after the releases of a telephone. Runs on the makers' machine alone.

Exit status: 0 done, 1 refused or failed (the reason is printed), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from firmware.phone.errors import ProvisioningError, UpdateError
from firmware.phone.version import VERSION
from firmware.release import built, bundle, ceremony, description, notice, phrases, provision, small, supply
from firmware.release.keys import KeyFolder
from firmware.release.repository import RepositoryFolder
from firmware.release.supply import RELEASE, VEX
from firmware.updater import notices
from firmware.updater.release import encoded
from firmware.updater.version import parse

DONE, FAILED = 0, 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="sotto-release", description="Make and publish releases.")
    top.add_argument(
        "--keys", type=Path, default=Path("keys"), help="the folder of key files (default: keys)"
    )
    top.add_argument(
        "--served",
        type=Path,
        default=Path("served"),
        help="the folder that a web server serves (default: served)",
    )
    top.add_argument(
        "--phrase-file",
        type=Path,
        help="a file (0600) with the pass phrase of all keys; else it is asked for",
    )
    subs = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = subs.add_parser("ceremony", help="make all keys, once, and the first root")
    made.add_argument("--public", type=Path, default=Path("public"), help="what the image needs goes here")
    made.add_argument(
        "--token", action="append", default=[], metavar="KEY=LABEL", help="KEY is on the token called LABEL"
    )
    made = subs.add_parser("bundle", help="make a signed bundle from images")
    made.add_argument("out", type=Path, metavar="OUT.raucb")
    made.add_argument("--board", required=True)
    made.add_argument("--version", help=f"default: the image's, else this firmware's, {VERSION}")
    made.add_argument(
        "images",
        nargs="+",
        metavar="FOLDER|CLASS=FILE",
        help="a folder with root.img and boot.img, as make image leaves it, or images such as root=root.img",
    )
    made = subs.add_parser("publish", help="publish a release")
    made.add_argument("description", type=Path, metavar="release.toml")
    made.add_argument("bundles", nargs="+", metavar="BOARD=FILE", help="such as raspberry-pi-4=out.raucb")
    made.add_argument(
        "--patches",
        type=int,
        default=3,
        metavar="N",
        help="small downloads from the last N versions (default 3)",
    )
    made.add_argument(
        "--sbom", action="append", default=[], metavar="BOARD=FILE", help="its bill of materials (repeatable)"
    )
    made = subs.add_parser("notice", help="publish security notices beside the release")
    made.add_argument("notices", type=Path, metavar="notices.toml", help="all that are still to be told")
    made = subs.add_parser("sbom", help="write the bill of materials of an image's root folder")
    made.add_argument("root", type=Path, metavar="ROOT")
    made.add_argument("out", type=Path, metavar="OUT.cdx.json")
    made.add_argument("--board", required=True)
    made.add_argument("--version", default=VERSION, help=f"default: this firmware's, {VERSION}")
    made.add_argument("--status", type=Path, metavar="FILE", help="dpkg's status, when it is not in ROOT")
    made.add_argument(
        "--lock", type=Path, action="append", default=[], metavar="FILE", help="pins by hash (repeatable)"
    )
    made.add_argument("--licences", type=Path, metavar="FILE", help="write licences and offer of source too")
    made = subs.add_parser("vulnerabilities", help="hold a bill of materials against Debian's tracker")
    made.add_argument("sbom", type=Path, metavar="FILE.cdx.json")
    made.add_argument("--tracker", type=Path, required=True, metavar="FILE", help="the tracker's data, JSON")
    made.add_argument("--release", default=RELEASE, help=f"Debian's release (default: {RELEASE})")
    made.add_argument("--vex", type=Path, default=VEX, metavar="FILE", help="statements (OpenVEX)")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the findings too")
    subs.add_parser("refresh", help="sign snapshot and timestamp anew: by a timer, at least every few days")
    made = subs.add_parser("replace", help="revoke a key and make another in its place")
    made.add_argument("key", metavar="KEY", help="such as root-1, targets-2 or timestamp")
    made.add_argument("--token", metavar="LABEL", help="the new key is on the token called LABEL")
    made = subs.add_parser("provision", help="configurations for many telephones (docs/provisioning.md)")
    made.add_argument(
        "action", choices=["new", "make"], help="begin a folder, or sign and encrypt what is new"
    )
    made.add_argument("--fleet", type=Path, default=Path("fleet"), help="the folder (default: fleet)")
    made.add_argument("--url", default="", help="of new: where the files will be served")
    subs.add_parser("show", help="what is published, and until when it is good")
    return top


def main(arguments: list[str] | None = None) -> int:
    args = parser().parse_args(arguments)
    try:
        _run(args)
    except (UpdateError, ProvisioningError) as error:
        print(f"sotto-release: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"sotto-release: {error.filename}: {error.strerror}", file=sys.stderr)
        return FAILED
    return DONE


def _run(args: argparse.Namespace) -> None:
    makes_keys = args.command in ("ceremony", "replace") or getattr(args, "action", "") == "new"
    phrase = phrases.from_file(args.phrase_file) if args.phrase_file else phrases.asked(makes_keys)
    keys, repository = KeyFolder(args.keys, phrase, _tokens(args)), RepositoryFolder(args.served)
    now = datetime.now(UTC)
    match args.command:
        case "ceremony":
            ceremony.hold(keys, repository, args.public, now)
            print(
                f"keys are in {args.keys}: move {', '.join(ceremony.ROOT)} and bundle-authority offline, now"
            )
            print(f"what the image needs is in {args.public}: {', '.join(ceremony.IMAGE_FILES)}")
        case "bundle":
            _bundle(args, keys)
        case "publish":
            _publish(args, keys, repository, now)
        case "notice":
            _notice(args, keys, repository, now)
        case "sbom":
            supply.write_sbom(args, now)
        case "vulnerabilities":
            supply.check(args)
        case "refresh":
            signers = ceremony.signers(keys, repository)
            repository.refresh(signers.snapshot, signers.timestamp, now)
            print(repository.told())
        case "replace":
            print(
                f"{args.key} is revoked; the new key is {ceremony.replace(keys, repository, args.key, now)}"
            )
        case "provision" if args.action == "new":
            print("\n".join(provision.begin(args.fleet, args.url, keys)))
        case "provision":
            print("\n".join(provision.make(args.fleet, keys, now)))
        case "show":
            print(repository.told())


def _tokens(args: argparse.Namespace) -> dict[str, str]:
    if args.command == "ceremony":
        return dict(map(_pair, args.token))
    if args.command == "replace" and args.token:
        return {ceremony.next_name(KeyFolder(args.keys, lambda name: ""), args.key): args.token}
    return {}


def _bundle(args: argparse.Namespace, keys: KeyFolder) -> None:
    images: dict[str, Path] = {}
    compatible, version = args.board, parse(args.version or VERSION)
    for given in args.images:
        if "=" in given:
            name, file = _pair(given)
            images[name] = Path(file)
        else:
            images |= {name: Path(given) / f"{name}.img" for name in ("root", "boot")}
            compatible, version = built.read(Path(given), args.board, args.version)
    missing = [str(file) for file in images.values() if not file.is_file()]
    if missing:
        raise UpdateError(f"{missing[0]} is missing; make image BOARD={args.board} writes such images")
    if not (args.keys / f"{ceremony.LEAF}.crt").is_file():
        raise UpdateError(
            f"{args.keys} has no key for bundles; sotto-release --keys {args.keys} ceremony makes all keys, "
            "or name the folder that has them (make bundle KEYS=FOLDER)"
        )
    leaf = keys.certified(ceremony.LEAF)
    keyring = args.keys / f"{ceremony.AUTHORITY}.crt"
    args.out.parent.mkdir(parents=True, exist_ok=True)
    bundle.make(args.out, images, compatible, version, leaf, keyring)
    print(f"{args.out}: {args.out.stat().st_size} octets")


def _publish(args: argparse.Namespace, keys: KeyFolder, repository: RepositoryFolder, now: datetime) -> None:
    bundles = {board: Path(file) for board, file in map(_pair, args.bundles)}
    release = description.read(args.description, bundles, now)
    signed = keys.pair().sign(encoded(release))
    signers = ceremony.signers(keys, repository)
    keyring = args.keys / f"{ceremony.AUTHORITY}.crt"
    with tempfile.TemporaryDirectory(dir=args.served.resolve().parent) as folder:
        patches = small.patches(repository, release, bundles, keyring, args.patches, Path(folder), print)
        others = patches | supply.bills(dict(map(_pair, args.sbom)), release)
        repository.publish(release, [signed], bundles, signers, now, others)
    print(f"{release.version} is published for {', '.join(sorted(bundles))}")
    print(repository.told())


def _notice(args: argparse.Namespace, keys: KeyFolder, repository: RepositoryFolder, now: datetime) -> None:
    before = repository.notices()
    found = notice.read(args.notices, 1 if before is None else before.number + 1)
    signed = keys.pair().sign(notices.encoded(found), notices.DOMAIN)
    repository.notify(found, [signed], ceremony.signers(keys, repository), now)
    print(f"{len(found.notices)} security notices are published, as number {found.number}")


def _pair(text: str) -> tuple[str, str]:
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise UpdateError(f"{text!r} has not the form NAME=VALUE")
    return name, file


if __name__ == "__main__":
    sys.exit(main())
