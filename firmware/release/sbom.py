"""The bill of materials of an image: CycloneDX 1.6 in JSON, the same octets for the same image."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.exception import CycloneDxException
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from firmware.phone.errors import UpdateError
from firmware.release.parts import Kind, Part
from firmware.updater.version import Version

NAME = "sottovoce"
SNAPSHOT = "https://snapshot.debian.org/package/"
"""Every version of every source package that Debian ever had."""

_NAMESPACE = uuid.UUID("8d8f1a52-77c1-5f0c-9a58-6f1f9f1f9c11")
_PREFIX = "sottovoce:"


def encoded(parts: Sequence[Part], board: str, version: Version, built: datetime) -> bytes:
    """The bill of materials of ``version`` for ``board``. Raises UpdateError when two parts are one."""
    phone = Component(
        name=NAME,
        version=str(version),
        type=ComponentType.FIRMWARE,
        bom_ref=f"{NAME}@{version}",
        licenses=[LicenseFactory().make_from_string("GPL-3.0-or-later")],
        properties=[Property(name=f"{_PREFIX}board", value=board)],
    )
    bom = Bom()
    bom.metadata.timestamp = built.astimezone(UTC)
    bom.metadata.component = phone
    components = {part: _component(part) for part in parts}
    if len({c.bom_ref.value for c in components.values()}) != len(parts):
        raise UpdateError("the bill of materials has a part twice")
    for component in components.values():
        bom.components.add(component)
    inner = {name for part in parts for name in part.inside}
    bom.register_dependency(phone, [c for p, c in components.items() if p.name not in inner or _outer(p)])
    for part, component in components.items():
        inside = [c for p, c in components.items() if p.name in part.inside and not _outer(p)]
        bom.register_dependency(component, inside)
    content = "\n".join(sorted(str(c.bom_ref.value) for c in components.values()))
    bom.serial_number = uuid.uuid5(_NAMESPACE, f"{board} {version} {content}")
    try:
        return (JsonV1Dot6(bom).output_as_string(indent=1) + "\n").encode()
    except CycloneDxException as error:
        raise UpdateError(f"the bill of materials cannot be written: {error}") from error


def _outer(part: Part) -> bool:
    return part.kind in (Kind.DEBIAN, Kind.PYTHON)


def _component(part: Part) -> Component:
    purl = _purl(part)
    return Component(
        name=part.name,
        version=part.version or None,
        type=ComponentType.FILE if part.kind is Kind.PATCH else ComponentType.LIBRARY,
        bom_ref=str(purl) if purl else f"{part.kind.value}:{part.name}",
        purl=purl,
        licenses=_licences(part.licences),
        hashes=_hashes(part),
        external_references=_references(part),
        properties=_properties(part),
    )


def _purl(part: Part) -> PackageURL | None:
    match part.kind:
        case Kind.DEBIAN:
            return PackageURL(
                "deb", "debian", part.name, part.version, {"arch": part.arch} if part.arch else None
            )
        case Kind.PYTHON:
            return PackageURL("pypi", None, part.name, part.version)
        case Kind.SOURCE:
            return PackageURL("generic", None, part.name, part.version)
        case Kind.PATCH:
            return None


def _licences(names: Iterable[str]) -> list[License]:
    """Each by its SPDX identifier where it is one, else by the name that its maker gave it."""
    made = LicenseFactory()
    found: dict[str, License] = {}
    for text in names:
        try:
            found[text] = made.make_with_id(text)
        except (CycloneDxException, ValueError):
            found[text] = made.make_with_name(text)
    return list(found.values())


def _hashes(part: Part) -> list[HashType]:
    """Of the one file that it is; a lock that allows several says so in a property."""
    if len(part.sha256) != 1:
        return []
    return [HashType(alg=HashAlgorithm.SHA_256, content=part.sha256[0])]


def _references(part: Part) -> list[ExternalReference]:
    if not part.source:
        return []
    return [ExternalReference(type=ExternalReferenceType.SOURCE_DISTRIBUTION, url=XsUri(source_url(part)))]


def source_url(part: Part) -> str:
    return f"{SNAPSHOT}{part.source}/{part.source_version.replace('+', '%2B').replace('~', '%7E')}/"


def _properties(part: Part) -> list[Property]:
    said = {"source": part.source, "source-version": part.source_version}
    if len(part.sha256) > 1:
        pinned = hashlib.sha256("\n".join(part.sha256).encode()).hexdigest()
        said["pinned-files"] = f"{len(part.sha256)} files; SHA-256 of the sorted list {pinned}"
    return [Property(name=_PREFIX + key, value=value) for key, value in said.items() if value]


# --- reading what was written ------------------------------------------------------------------------------


def debian_parts(octets: bytes) -> list[Part]:
    """The Debian packages of a bill, and the Debian sources that the native module was built from.

    Raises UpdateError when it is no bill of ours.
    """
    try:
        value: dict[str, Any] = json.loads(octets)
        if value["bomFormat"] != "CycloneDX":
            raise ValueError("no CycloneDX")
        found = []
        for item in value["components"]:
            said = {p["name"]: p["value"] for p in item.get("properties", [])}
            source = said.get(f"{_PREFIX}source")
            if source:
                kind = Kind.DEBIAN if re.match("pkg:deb/", item.get("purl", "")) else Kind.SOURCE
                found.append(
                    Part(kind, item["name"], item["version"], source, said[f"{_PREFIX}source-version"])
                )
    except (ValueError, KeyError, TypeError) as error:
        raise UpdateError(f"the bill of materials is not readable ({error!r})") from error
    return found


def said_of(octets: bytes) -> tuple[str, str]:
    """The board and the version of which this is the bill. Raises UpdateError."""
    try:
        item = json.loads(octets)["metadata"]["component"]
        if item["name"] != NAME:
            raise ValueError("of something else")
        said = {p["name"]: p["value"] for p in item["properties"]}
        return str(said[f"{_PREFIX}board"]), str(item["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise UpdateError(f"the bill of materials is not readable ({error!r})") from error


def read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UpdateError(f"{path} cannot be read ({error.strerror})") from error
