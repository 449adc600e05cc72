"""Which incoming calls are sent on to somebody else, and what is remembered for redial and call-back. Pure.

A 302 (RFC 3261 section 21.3.3) tells the caller, or the provider that follows it, the address to call
instead, and nothing else: neither who we are nor why (no Diversion, RFC 5806). The forwarded call is the
caller's own.

For half an hour after an emergency call nothing is sent on or kept silent: the service may call back
(RFC 7090).
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone.language.phrase import phrase
from firmware.phone.machine.rules import Plan, Rules
from firmware.phone.machine.state import Call, Recent, State
from firmware.phone.values import Forward, Party

CALL_BACK = 1800.0
"""Seconds after an emergency call in which every call rings."""


def target(rules: Rules, state: State, when: Forward) -> Party | None:
    """Who is called instead: what the keypad said last, else the configuration."""
    phone = rules.config.phone
    configured = {
        Forward.ALWAYS: phone.forward_always,
        Forward.BUSY: phone.forward_busy,
        Forward.NO_ANSWER: phone.forward_no_answer,
    }
    text = dict(state.forwards).get(when, configured[when])
    try:
        return rules.resolve(text) if text else None
    except ValueError:
        return None


def at_once(rules: Rules, state: State, *, busy: bool) -> str:
    """The address that an INVITE is sent on to before it rings; "" = none."""
    always = target(rules, state, Forward.ALWAYS)
    found = always or (target(rules, state, Forward.BUSY) if busy else None)
    return found.uri if found and not state.expects_help else ""


def after(rules: Rules, state: State, call: Call, waited: float) -> str:
    """The address that a call is sent on to which nobody answers; "" = none, or not yet."""
    if not call.waits or waited < rules.config.phone.forward_after or state.expects_help:
        return ""
    found = target(rules, state, Forward.NO_ANSWER)
    return found.uri if found else ""


def told(state: State, now: float) -> State:
    return replace(state, news=phrase("Call forwarded"), news_at=now, missed=state.missed + 1)


def words(rules: Rules, state: State) -> str:
    """What the idle display says of a telephone that will not ring, or ""."""
    if state.expects_help:
        return ""
    always = target(rules, state, Forward.ALWAYS)
    if always is not None:
        return phrase("Forwarded: {who}", who=always.label)
    return phrase("Do not disturb") if state.undisturbed else ""


def dialled(rules: Rules, state: State, plan: Plan, now: float) -> State:
    """``state`` that remembers for redial, as long as the configuration says."""
    if not rules.config.phone.redial_minutes:
        return state
    return replace(state, dialled=Recent(plan.party, now, plan.restricted, plan.account))


def rang(rules: Rules, state: State, peer: Party, now: float, account: int = 0) -> State:
    """``state`` that remembers who can be called back; who is anonymous, or not who they say, cannot be."""
    if not rules.config.phone.redial_minutes or peer.anonymous or peer.doubt:
        return state
    return replace(state, caller=Recent(peer, now, account=account))


def forgotten(rules: Rules, state: State, now: float) -> State:
    """Who was called and who called is forgotten in time, and when help was called."""
    kept = rules.config.phone.redial_minutes * 60.0
    if state.dialled is not None and now - state.dialled.at >= kept:
        state = replace(state, dialled=None)
    if state.caller is not None and now - state.caller.at >= kept:
        state = replace(state, caller=None)
    if state.help_at is not None and now - state.help_at >= CALL_BACK:
        state = replace(state, help_at=None)
    return state


def deadlines(rules: Rules, state: State) -> list[float]:
    kept = rules.config.phone.redial_minutes * 60.0
    found = [recent.at + kept for recent in (state.dialled, state.caller) if recent is not None]
    rings = [call.since + rules.config.phone.forward_after for call in state.lives if call.waits]
    return found + rings + ([] if state.help_at is None else [state.help_at + CALL_BACK])
