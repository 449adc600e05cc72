"""pjsua2's settings, turned from its defaults to ours: TLS verified, SRTP mandatory, nothing told."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

import pjsua2 as pj

from firmware.phone.board import SIMULATED, AudioSpec
from firmware.phone.config import Account, Config
from firmware.phone.sip import headers
from firmware.phone.sip.pjsua.zrtp import EITHER, SDES, Way
from firmware.phone.sip.servers import server_of, without_tls_port
from firmware.phone.sip.suites import SUITES
from firmware.phone.sip.uri import SipUri
from firmware.phone.values import Encryption

SYSTEM_CA_FILE = Path("/etc/ssl/certs/ca-certificates.crt")

CLOCK_RATE = 16000
"""Hz; wide band from microphone to codec without resampling."""

RESAMPLING = 4
"""pjmedia's quality of resampling between 16 kHz and a codec: 4 is its short filter. The long one costs three
times the processor time of a G.711 call, for 0.99 of STOI instead of 0.98 and no PESQ that could be told."""

CONNECT_MS = 5_000
"""Until a server has taken a TLS connection; then the next one is tried."""

MAX_CALLS = 8
REGISTER_SECONDS = 600
SESSION_SECONDS = 1800
"""After half of them a call is refreshed (RFC 4028 section 4 recommends no less)."""

_CODECS = {"opus": "opus/48000", "g722": "G722/16000", "pcma": "PCMA/8000", "pcmu": "PCMU/8000"}
_NO_DELAY = pj.SockOpt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # kept: every copy points into this one
_USER_TIMEOUT = pj.SockOpt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 20_000)
_TRANSPORTS = {
    "tls": pj.PJSIP_TRANSPORT_TLS,
    "tcp": pj.PJSIP_TRANSPORT_TCP,
    "udp": pj.PJSIP_TRANSPORT_UDP,
}


EF, CS3 = 46, 24
"""Marks of speech (RFC 3246) and of signalling (RFC 2474 section 4.2.2.2)."""

ECHO_TAIL_MS = 200
"""How long a room answers, for the echo canceller of a hands-free telephone."""


def endpoint(hands_free: bool = False, sound: AudioSpec = SIMULATED) -> pj.EpConfig:
    """One thread, ours, runs everything: no callback ever comes from another (pjproject #3125, #2685)."""
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.maxCalls = MAX_CALLS
    config.uaConfig.userAgent = headers.USER_AGENT
    config.uaConfig.natTypeInSdp = 0
    config.uaConfig.mwiUnsolicitedEnabled = False
    config.medConfig.clockRate = CLOCK_RATE
    config.medConfig.sndClockRate = CLOCK_RATE
    config.medConfig.quality = RESAMPLING
    config.medConfig.channelCount = 1
    config.medConfig.noVad = True  # RFC 6562: silence must not be seen in the packets
    config.medConfig.sndAutoCloseTime = -1
    # A handset keeps ear and mouth apart; a canceller would only hurt speech.
    config.medConfig.ecTailLen = ECHO_TAIL_MS if hands_free else 0
    config.medConfig.ecOptions = pj.PJMEDIA_ECHO_WEBRTC_AEC3
    config.medConfig.sndRecLatency = config.medConfig.sndPlayLatency = sound.voice_ms
    config.logConfig.consoleLevel = 0
    config.logConfig.msgLogging = 0
    return config


def transports(config: Config) -> tuple[str, ...]:
    """The transports that the accounts use; without one that of direct calls."""
    used = [config.transport_of(account) if account else config.sip.transport for account in config.every]
    return tuple(dict.fromkeys(used))


def sixth(config: Config) -> bool:
    """Whether everything goes over IPv6 alone: the phone is bound to an address of it."""
    return ":" in config.sip.bind


def transport(config: Config, name: str, ipv6: bool = False) -> tuple[int, pj.TransportConfig]:
    """A SIP transport: its pjsip type and its settings. The configured port is that of sip.transport.

    ``ipv6``: the second one, to reach servers by IPv6 (RFC 6157); it takes any port.
    """
    sip = config.sip
    settings = pj.TransportConfig()
    settings.port = (sip.port or 0) if name == sip.transport and not ipv6 else 0
    settings.boundAddress = sip.bind
    if config.network.priority:
        settings.qosParams = settings.tlsConfig.qosParams = marked(CS3)
    if name == "tls":
        tls = settings.tlsConfig
        tls.proto = pj.PJ_SSL_SOCK_PROTO_TLS1_2 | pj.PJ_SSL_SOCK_PROTO_TLS1_3
        tls.verifyServer = True
        tls.enableRenegotiation = False
        tls.CaListFile = str(sip.ca_file or SYSTEM_CA_FILE)
        if sip.cert_file and sip.key_file:
            tls.certFile = str(sip.cert_file)
            tls.privKeyFile = str(sip.key_file)
        tls.msecTimeout = CONNECT_MS
        tls.sockOptParams = at_once()
    elif name == "tcp":
        settings.sockOptParams = at_once()
    kind = _TRANSPORTS[name] | (pj.PJSIP_TRANSPORT_IPV6 if ipv6 or sixth(config) else 0)
    return kind, settings


def marked(dscp: int) -> pj.pj_qos_params:
    """Packets with this mark (RFC 2474). What a system does not let us mark goes without."""
    found = pj.pj_qos_params()
    found.flags, found.dscp_val = pj.PJ_QOS_PARAM_HAS_DSCP, dscp
    return found


def pins(account: Account) -> pj.StringVector:
    """The keys of which the server must prove one, as Base64; none where any will do."""
    return pj.StringVector([pin.partition("/")[2] for pin in account.pin])


def next_hop(config: Config, account: Account) -> str:
    """The host that an account's requests go to, where it must be told from others; "": there is but one."""
    return server_of(account).host.strip("[]") if len(config.every) > 1 else ""


def at_once() -> pj.SockOptParams:
    """TCP_NODELAY (RFC 9293 section 3.7.4): a message does not wait until the one before is acknowledged.
    And a connection whose far end acknowledges nothing for 20 s is over (RFC 5482): it hangs half-open.
    """
    options = pj.SockOptParams()
    options.sockOpts = pj.SockOptVector([_NO_DELAY, _USER_TIMEOUT])
    return options


def listens(config: Config) -> bool:
    """Whether a TLS port takes connections: not for a phone that is called over the one that it made.

    It is opened by asking alone: a port, or a certificate to show. Without one nobody could call directly, so
    an untouched telephone has none.
    """
    return config.sip.port is not None or config.sip.cert_file is not None


def contact_user() -> str:
    """By what name the registrar reaches this phone: another at each start, and nobody's (RFC 3323 4.1)."""
    return secrets.token_hex(8)


def order_codecs(endpoint: pj.Endpoint, codecs: tuple[str, ...]) -> None:
    """Offer ``codecs`` in this order and no others; Opus at a constant bit rate (RFC 6562)."""
    for codec in endpoint.codecEnum2():
        endpoint.codecSetPriority(codec.codecId, 0)
    for rank, name in enumerate(codecs):
        endpoint.codecSetPriority(_CODECS[name], 255 - rank)
    opus = endpoint.getCodecOpusConfig()
    opus.sample_rate = CLOCK_RATE
    opus.channel_cnt = 1
    opus.bit_rate = 32_000
    opus.complexity = 5
    opus.cbr = True
    endpoint.setCodecOpusConfig(opus)


def account(config: Config, address: str, account: Account | None, instead: str = "") -> pj.AccountConfig:
    """An account, or None: what direct calls need. ``address`` is "host:port" of our transport. ``instead``:
    another transport than the account's, for one call for help; it does not register then.
    """
    settings = pj.AccountConfig()
    settings.idUri = headers.own_name_addr(headers.Profile.of(config, account), address)
    transport = instead or (config.transport_of(account) if account else config.sip.transport)
    if account is not None:
        _registered(settings, account, transport, server_of(account), instead)
    else:
        # pjsip would name the address of the default route, which need not be the one we are bound to.
        settings.sipConfig.contactForced = f"<sip:{address};transport={config.sip.transport}>"
    settings.callConfig.timerUse = pj.PJSUA_SIP_TIMER_ALWAYS  # RFC 4028: a dead far end is noticed
    settings.callConfig.timerSessExpiresSec = SESSION_SECONDS
    settings.callConfig.prackUse = pj.PJSUA_100REL_OPTIONAL  # RFC 3262
    settings.natConfig.sdpNatRewriteUse = 0
    settings.natConfig.sipOutboundUse = 0  # it would tell an instance-id (RFC 5626)
    settings.presConfig.publishEnabled = False
    first = account is not None and account is config.account and not instead
    settings.mwiConfig.enabled = config.phone.messages and first
    media = settings.mediaConfig
    media.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
    media.srtpSecureSignaling = 1 if transport == "tls" else 0
    media.transportConfig.boundAddress = config.sip.bind
    if sixth(config):
        media.ipv6Use = pj.PJSUA_IPV6_ENABLED_USE_IPV6_ONLY
    media.transportConfig.port = 0
    if config.network.priority:
        media.transportConfig.qosParams = marked(EF)
    media.srtpOpt.keyings = pj.IntVector(keyings(config.media.encryption))
    media.srtpOpt.cryptos = suites()
    media.rtcpXrEnabled = False
    return settings


def _registered(
    settings: pj.AccountConfig, account: Account, transport: str, server: SipUri, instead: str
) -> None:
    if not instead:
        settings.regConfig.registrarUri = f"sip:{account.domain};transport={transport}"
    settings.regConfig.registerOnAdd = False  # when to try is decided in registrar.py
    settings.regConfig.retryIntervalSec = 0
    settings.regConfig.timeoutSec = REGISTER_SECONDS
    settings.regConfig.proxyUse = 3
    proxy = account.outbound_proxy or f"sip:{account.domain};transport={transport};lr"
    if instead:
        other = without_tls_port(server, instead)
        lr = "" if other.param("lr") is not None else ";lr"
        proxy = f"{other};transport={instead}{lr}"
    settings.sipConfig.proxies = pj.StringVector([proxy])
    if not account.password.reveal():
        return
    cred = pj.AuthCredInfo("digest", "*", account.auth_user or account.user, 0, account.password.reveal())
    settings.sipConfig.authCreds = pj.AuthCredInfoVector([cred])


def suites() -> pj.SrtpCryptoVector:
    found = pj.SrtpCryptoVector()
    for name in SUITES:
        crypto = pj.SrtpCrypto()
        crypto.name = name
        crypto.flags = 0
        found.append(crypto)
    return found


def keyings(least: Encryption) -> Way:
    """How keys may be agreed in an *incoming* call: ZRTP, DTLS-SRTP, and SDES where the policy allows."""
    return (*EITHER, SDES) if least is Encryption.PROVIDER else EITHER
