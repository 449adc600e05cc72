"""Guest mode: the telephone of nobody, for a network that is not to know it again (mission, R10). Pure.

What a guest period knows is made here from the owner's configuration, and nothing of the owner's gets in but
language, sound and how keys feel. ``[guest]`` names an account to throw away, or none: then there are direct
calls alone. The owner's accounts stay for one thing: a call for help, which tells who calls anyway.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from firmware.phone.config_files import Secret
from firmware.phone.config_types import Account, Book, Config, Guest, Media, Network, Privacy, Sip

USER_OCTETS = 8
"""Of the random name of an account that nobody has to know."""


def config(owner: Config) -> Config:
    """The configuration of one guest period; each call gives another user name where none is written."""
    phone = replace(
        owner.phone,
        lock=False,
        missed_calls_light=False,
        messages=False,
        redial_minutes=0,
        forward_always="",
        forward_busy="",
        forward_no_answer="",
    )
    return Config(
        account=_account(owner.guest),
        helpers=owner.accounts,
        sip=Sip(bind=owner.sip.bind, ca_file=owner.sip.ca_file),
        media=Media(codecs=owner.media.codecs),
        audio=owner.audio,
        display=owner.display,
        privacy=Privacy(),
        phone=phone,
        accessibility=owner.accessibility,
        network=replace(Network(), time=()),
        book=Book(),
        guest=owner.guest,
        source=owner.source,
        as_guest=True,
    )


def _account(guest: Guest) -> Account | None:
    if not guest.domain:
        return None
    user = guest.user or secrets.token_hex(USER_OCTETS)
    return Account(
        user=user,
        domain=guest.domain,
        password=guest.password or Secret(""),
        auth_user=user,
        outbound_proxy=guest.outbound_proxy,
    )
