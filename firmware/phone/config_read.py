"""From what TOML gave to a ``Config``, collecting every fault on the way instead of stopping at the first."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from firmware.phone.config_files import Password
from firmware.phone.config_kinds import Wrong, found, shown
from firmware.phone.config_option import Row, Table, Tables, rows
from firmware.phone.config_types import Config, Dial
from firmware.phone.machine import dialplan, emergency
from firmware.phone.sip import uri
from firmware.phone.suggest import suggestion

Values = dict[str, Any]
"""The good values of one table by field name; a field with a fault is missing."""


def read(document: dict[str, object], folder: Path, source: Path | None) -> tuple[Config | None, list[str]]:
    """The configuration, or None and one line for each fault, without the name of the file."""
    reader = _Reader(folder)
    values = reader.table(Config, document, "")
    reader.check_sip(values.get("sip", {}))
    reader.check_account(values)
    reader.check_transports(values)
    reader.check_network(values.get("network", {}))
    reader.check_doubles(values)
    reader.check_dials(values)
    if reader.faults:
        return None, reader.faults
    return _build(Config, values | {"source": source}), []


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.faults: list[str] = []
        self._folder = folder

    def _fault(self, at: str, text: str) -> None:
        self.faults.append(f"{at}: {text}")

    def table(self, cls: type, raw: dict[str, object], at: str) -> Values:
        """The good values of a table; the faults of the others are noted."""
        table_rows = tuple(rows(cls))
        values: Values = {}
        for row in table_rows:
            try:
                self._field(row, raw, at, values)
            except Wrong as wrong:
                self._fault(_path(at, wrong.key or row.key), str(wrong))
        known = [key for row in table_rows for key in _keys(row)]
        for key in raw:
            if key not in known:
                self._fault(_path(at, key), f"unknown key{suggestion(key, known) or _elsewhere(key)}")
        return values

    def _field(self, row: Row, raw: dict[str, object], at: str, values: Values) -> None:
        kind = row.option.kind
        path = _path(at, row.key)
        if isinstance(kind, Table):
            values[row.name] = self._inner_table(kind, raw.get(row.key), path, values)
        elif isinstance(kind, Tables):
            values[row.name] = self._inner_tables(kind, raw.get(row.key, []), path)
        elif isinstance(kind, Password):
            values[row.name] = self._password(kind, row, raw)
        elif row.key in raw:
            values[row.name] = kind.read(raw[row.key], self._folder)
        elif row.option.same_as:
            if row.option.same_as in values:
                values[row.name] = values[row.option.same_as]
        elif row.default is MISSING:
            raise Wrong(f'is missing; write {row.key} = "…"')
        else:
            values[row.name] = row.default

    def _inner_table(self, kind: Table, raw: object, path: str, values: Values) -> Values | None:
        if raw is None and kind.optional:
            return None
        if isinstance(raw, list) and len(raw) == 1 and kind.most > 1 and isinstance(raw[0], dict):
            raw = raw[0]
        if isinstance(raw, list) and kind.most > 1 and raw and all(isinstance(item, dict) for item in raw):
            if len(raw) > kind.most:
                raise Wrong(f"there are {len(raw)}; write at most {kind.most}")
            first, *values["more"] = self._inner_tables(Tables(kind.cls), raw, path)
            return first
        if raw is None:
            raw = {}
        if not isinstance(raw, dict):
            raise Wrong(f"is {found(raw)}; write [{path}] on a line of its own and the options below it")
        return self.table(kind.cls, raw, path)

    def _inner_tables(self, kind: Tables, raw: object, path: str) -> list[Values]:
        if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
            raise Wrong(f"is {found(raw)}; write [[{path}]] on a line of its own and the options below it")
        return [self.table(kind.cls, item, f"{path}[{n}]") for n, item in enumerate(raw, start=1)]

    def _password(self, kind: Password, row: Row, raw: dict[str, object]) -> object:
        key = row.key
        in_file = f"{key}_file"
        if key in raw and in_file in raw:
            raise Wrong(f"stands here and in {in_file}; remove one of the two lines")
        if in_file in raw:
            try:
                return kind.read_from_file(raw[in_file], self._folder)
            except Wrong as wrong:
                raise Wrong(str(wrong), key=in_file) from None
        if key not in raw and row.default is not MISSING:
            return row.default
        if key not in raw:
            raise Wrong(f'is missing; write {in_file} = "…" (better) or {key} = "…"')
        return kind.read(raw[key], self._folder)

    def check_sip(self, sip: Values) -> None:
        """A certificate is of use only with its key."""
        pair = ("cert_file", "key_file")
        for one, other in (pair, pair[::-1]):
            if sip.get(one, MISSING) is not None and sip.get(other, MISSING) is None:
                self._fault(f"sip.{other}", f"is missing, but sip.{one} is there; write both or none")

    def check_account(self, values: Values) -> None:
        """Pins are of TLS; a certificate is of use only with its key and an address to find it at."""
        for at, account in _accounts(values):
            if account.get("pin") and _transport(values, account) not in ("tls", None):
                self._fault(
                    f"{at}.pin", 'is of no use without TLS; write sip.transport = "tls", or remove it'
                )
            if account.get("accept_weaker") and not account.get("provider", True):
                self._fault(f"{at}.accept_weaker", "is of no use without account.provider; remove it")
            names = ("identity_cert", "identity_key", "identity_url")
            there = [name for name in names if account.get(name)]
            for name in names:
                if there and name in account and not account[name]:
                    self._fault(f"{at}.{name}", f"is missing, but {there[0]} is there; write all three")
            if "identity_cert" in there and "user" in account and "domain" in account:
                from firmware.phone.sip import prove

                caller = str(uri.SipUri("sip", account["user"], account["domain"]))
                if not prove.speaks_for(account["identity_cert"].read_bytes(), caller):
                    text = f"may not speak for {account['domain']}; get one that does, or remove all three"
                    self._fault(f"{at}.identity_cert", text)
        self._check_several(values)

    def _check_several(self, values: Values) -> None:
        """Of several accounts each is another one, and what is dialled picks one at most."""
        accounts = _accounts(values)
        country = values.get("phone", {}).get("country", "")
        speed = [str(contact.get("speed_dial")) for contact in values.get("contacts", ())]
        for n, (at, account) in enumerate(accounts):
            for key in ("name", "prefix", "user"):
                same = next((where for where, one in accounts[:n] if _is_same(one, account, key)), "")
                if same:
                    self._fault(f"{at}.{key}", f"is the same as in {same}; each account needs one of its own")
            prefix = account.get("prefix")
            if not prefix:
                continue
            others = [one["prefix"] for _, one in accounts if one is not account and one.get("prefix")]
            if any(other.startswith(prefix) and other != prefix for other in others):
                self._fault(f"{at}.prefix", "is the beginning of another account's; write another one")
            if what := dialplan.shadows(country, prefix):
                self._fault(f"{at}.prefix", f"begins like {what}; write another one")
            if any(number.startswith(prefix) and number != prefix for number in speed):
                self._fault(f"{at}.prefix", "is the beginning of a speed dial; change one of them")

    def check_transports(self, values: Values) -> None:
        """No address may ask for another transport than the configured one; the proxy's always names it."""
        if values.get("sip", {}).get("transport") is None:
            return
        wrong = 'asks for another transport than {} = "{}"; remove that from the address'
        for at, account in _accounts(values):
            transport = _transport(values, account)
            if transport is not None and (proxy := account.get("outbound_proxy")):
                address = uri.parse(proxy).over(transport)
                account["outbound_proxy"] = str(address)
                if address.transport not in (transport, None):
                    where = f"{at}.transport" if account.get("transport") else "sip.transport"
                    self._fault(f"{at}.outbound_proxy", wrong.format(where, transport))
        for n, contact in enumerate(values.get("contacts", ()), start=1):
            allowed = {_transport(values, account) for _, account in _accounts(values)}
            allowed = (allowed or {values["sip"]["transport"]}) | {None}
            if "uri" in contact and uri.parse(contact["uri"]).transport not in allowed:
                text = wrong.format("sip.transport", values["sip"]["transport"])
                self._fault(f"contact[{n}].uri", text)

    def check_network(self, network: Values) -> None:
        """Fixed addresses go together: a router that they reach, and somebody who knows names."""
        addresses = [ipaddress.ip_interface(one) for one in network.get("address", ())]
        for gateway in map(ipaddress.ip_address, network.get("gateway", ())):
            if not addresses:
                self._fault(
                    "network.gateway", "is of no use with DHCP; write network.address too, or remove it"
                )
                return
            if not any(gateway in address.network for address in addresses):
                text = f"{gateway} is in none of the networks of network.address; correct one of the two"
                self._fault("network.gateway", text)
        if addresses and "dns" in network and not network["dns"]:
            text = 'is missing with a fixed address; write servers such as "9.9.9.9#dns.quad9.net"'
            self._fault("network.dns", text)

    def check_doubles(self, values: Values) -> None:
        """One speed dial calls one contact, and one watcher has one grant."""
        numbers: dict[int, int] = {}
        country = values.get("phone", {}).get("country", "")
        for n, contact in enumerate(values.get("contacts", ()), start=1):
            number = contact.get("speed_dial")
            if number is not None and emergency.is_emergency(country, str(number)):
                text = f"{number} is an emergency number in {country}; choose another number from 0 to 99"
                self._fault(f"contact[{n}].speed_dial", text)
            if number is not None and (first := numbers.setdefault(number, n)) != n:
                text = f"{number} is taken by contact[{first}]; choose another number from 0 to 99"
                self._fault(f"contact[{n}].speed_dial", text)
        groups: dict[str, int] = {}
        for n, ring in enumerate(values.get("rings", ()), start=1):
            if "group" in ring and (first := groups.setdefault(ring["group"].casefold(), n)) != n:
                self._fault(f"ring[{n}].group", f"is the same as ring[{first}]; remove one of them")
        people: dict[tuple[str, str, int | None], int] = {}
        for n, watcher in enumerate(values.get("privacy", {}).get("watchers", ()), start=1):
            if "uri" in watcher:
                who = uri.parse(watcher["uri"])
                first = people.setdefault((who.user, who.host, who.port), n)
                if first != n:
                    text = f"is the same as privacy.watcher[{first}]; remove one of them"
                    self._fault(f"privacy.watcher[{n}].uri", text)

    def check_dials(self, values: Values) -> None:
        """A rule takes away no more than it knows, changes nothing twice and leaves help within reach."""
        here = values.get("phone", {}).get("country", "")
        dials = values.get("dials", ())
        known = [
            (n, _build(Dial, dial).rule, dial["country"])
            for n, dial in enumerate(dials, start=1)
            if len(dial) == len(rows(Dial))
        ]
        for n, rule, country in known:
            if rule.strip > len(rule.match.keys):
                self._fault(f"dial[{n}].strip", "takes away more keys than dial.match writes; write fewer")
            if rule.at_once and rule.match.more:
                self._fault(f"dial[{n}].at_once", "needs a number of one length; write no . in dial.match")
            if number := dialplan.cuts_off(country or here, rule):
                text = f"would cut off the emergency number {number}; write false, or a longer pattern"
                self._fault(f"dial[{n}].at_once", text)
        names = [account.get("name") for _, account in _accounts(values)]
        wanted = {n: dial.get("account", "") for n, dial in enumerate(dials, start=1)}
        for n, name in wanted.items():
            if name and name not in names:
                self._fault(f"dial[{n}].account", "is the name of no account; write one of account.name")
        for name in dict.fromkeys(("", *names)):
            active = [
                (n, rule)
                for n, rule, country in known
                if country in ("", here) and rule.strip <= len(rule.match.keys) and wanted[n] in ("", name)
            ]
            if pair := dialplan.chained([rule for _, rule in active]):
                one, two = active[pair[0]][0], active[pair[1]][0]
                text = f"makes numbers that dial[{two}] would change again; write a closer pattern there"
                self._fault(f"dial[{one}]", text)
                return


def _accounts(values: Values) -> list[tuple[str, Values]]:
    """The accounts, each with how faults name it."""
    first, more = values.get("account"), values.get("more", [])
    if not first and not more:
        return []
    every = [first or {}, *more]
    return [("account" if not more else f"account[{n}]", one) for n, one in enumerate(every, start=1)]


def _transport(values: Values, account: Values) -> str | None:
    """How an account's signalling travels; None where that has a fault."""
    found = account.get("transport", None) or values.get("sip", {}).get("transport")
    return found if isinstance(found, str) else None


def _is_same(one: Values, other: Values, key: str) -> bool:
    if key == "user":
        return all(k in one and k in other and one[k] == other[k] for k in ("user", "domain"))
    return bool(other.get(key)) and one.get(key) == other.get(key)


def _build(cls: Any, values: Values) -> Any:
    """The dataclasses that the values stand for."""
    built = dict(values)
    for row in rows(cls):
        value, kind = values[row.name], row.option.kind
        if isinstance(kind, Table) and value is not None:
            built[row.name] = _build(kind.cls, value)
            if kind.most > 1:
                built["more"] = tuple(_build(kind.cls, item) for item in values.get("more", ()))
        elif isinstance(kind, Tables):
            built[row.name] = tuple(_build(kind.cls, item) for item in value)
    return cls(**built)


def _keys(row: Row) -> tuple[str, ...]:
    return (row.key, f"{row.key}_file") if isinstance(row.option.kind, Password) else (row.key,)


def _path(at: str, key: str) -> str:
    """Where a key stands, on one line whatever the key is."""
    word = key if re.fullmatch("[A-Za-z0-9_-]{1,60}", key) else shown(key)
    return f"{at}.{word}" if at else word


def _elsewhere(key: str) -> str:
    """A key that is right in another table; where every telephone has it counts before an account."""
    for table in sorted(rows(Config), key=lambda row: row.key == "account"):
        kind = table.option.kind
        if isinstance(kind, Table | Tables) and any(key in _keys(row) for row in rows(kind.cls)):
            brackets = f"[{table.key}]" if isinstance(kind, Table) else f"[[{table.key}]]"
            return f"; it belongs below {brackets}"
    return ""
