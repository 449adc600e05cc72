"""R1 and R6: what the phone tells its user of risks, and of what it is made of."""

from __future__ import annotations

import json

from tests.berlin.model import Seen, experiment
from tests.berlin.open_day import play as open_day
from tests.berlin.private_day import play as private_day
from tests.berlin.stage import Stage, built
from tests.berlin.update_day import NOTICES, OTHER, TEXT
from tests.berlin.update_day import play as update_day

STANDARD_FIELDS = {
    "accept", "accept-encoding", "accept-language", "alert-info", "allow", "allow-events",
    "authentication-info", "authorization", "call-id", "call-info", "contact", "content-disposition",
    "content-encoding", "content-language", "content-length", "content-type", "cseq", "date",
    "error-info", "event", "expires", "from", "geolocation", "geolocation-routing", "in-reply-to",
    "max-forwards", "mime-version", "min-expires", "min-se", "p-asserted-identity",
    "p-preferred-identity", "path", "priority", "privacy", "proxy-authenticate", "proxy-authorization",
    "proxy-require", "rack", "reason", "record-route", "refer-to", "referred-by", "replaces", "require",
    "retry-after", "route", "rseq", "session-expires", "sip-etag", "sip-if-match", "subject",
    "subscription-state", "supported", "target-dialog", "timestamp", "to", "unsupported", "user-agent",
    "via", "warning", "www-authenticate",
}  # fmt: skip
"""Header fields of RFC 3261 and of the other RFCs that we implement."""


@experiment("R1")
def the_risks_follow_the_state(stage: Stage) -> Seen:
    """`sotto risks` with the switch on open and on private, and on a phone whose configuration weakens it:
    the text must differ, and each risk must come with a remedy.
    """
    day = stage.played(open_day)
    opened = built(day.risks_open, "The risk notice", "the issue on privacy")
    closed = built(day.risks_private, "The risk notice", "the issue on privacy")
    file = stage.evidence("risks", "risks.json")
    file.write_text(json.dumps({"open": opened, "private": closed}, indent=2, ensure_ascii=False))
    bare = [risk for risk in [*opened, *closed] if not str(risk.get("remedy", "")).strip()]
    text = (
        f"{len(opened)} risks with the switch open, {len(closed)} on private, {len(bare)} without a remedy. "
    )
    text += "Open: " + " · ".join(str(risk.get("text")) for risk in opened)
    return Seen(bool(opened) and opened != closed and not bare, text, [file])


@experiment("R1")
def notices_are_signed(stage: Stage) -> Seen:
    """The makers publish two security notices, one about the version that runs; then come a forged one,
    signed with the server's keys alone, and an old one again. The display and `sotto risks` say of each good
    one whether this version is affected; the others are refused and logged.
    """
    day = stage.played(update_day)
    first, forged, again = (day.notices[name] for name in NOTICES)
    told = {risk["risk"]: risk["text"] for risk in first.risks}
    yes = TEXT in told.get("notice", "") and "affected: yes" in told.get("notice", "")
    no = OTHER in told.get("notice-other", "") and "affected: no" in told.get("notice-other", "")
    shown = all(words in first.menu for words in ("affected: yes", "affected: no"))
    refused = ["refused" in one.said for one in (forged, again)]
    kept = all(one.risks == first.risks and one.menu == first.menu for one in (forged, again))
    text = f"Risks: affected {'said' if yes else 'not said'}, not affected {'said' if no else 'not said'}; "
    text += f"display {'says both' if shown else 'does not say both'}. Forged: "
    text += f"{'refused and logged' if refused[0] else 'taken'}; old: "
    text += f"{'refused and logged' if refused[1] else 'taken'}; what was told before "
    text += "stays." if kept else "changed."
    return Seen(yes and no and shown and all(refused) and kept, text, [day.evidence])


@experiment("R6")
def the_manifest_names_protocols_and_components(stage: Stage) -> Seen:
    """`sotto manifest` is asked, and compared with the suites and codecs of the captured call."""
    day = stage.played(private_day)
    manifest = built(day.answers["manifest"], "The manifest", "the issue for the people who use and build it")
    file = stage.evidence("manifest", "manifest.json")
    file.write_text(json.dumps(manifest, indent=2))
    text = file.read_text().lower()
    used = [str(day.call["codec"]).lower(), str(day.call["suite"]).lower(), "tls", "srtp"]
    missing = [word for word in used if word not in text]
    return Seen(not missing, f"In use and not named: {', '.join(missing) or 'nothing'}.", [file])


@experiment("R6")
def only_standard_fields_are_spoken(stage: Stage) -> Seen:
    """Each header field of each message of the phone is looked up among those of the RFCs."""
    day = stage.played(private_day)
    spoken = {name.lower() for message in day.from_us for name, _ in message.headers}
    strange = sorted(spoken - STANDARD_FIELDS)
    text = f"{len(spoken)} different fields in {len(day.from_us)} messages; "
    text += f"not of a standard: {', '.join(strange)}." if strange else "all of a standard."
    return Seen(bool(spoken) and not strange, text, [day.evidence["sip.txt"]])
