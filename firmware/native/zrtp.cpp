// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "zrtp.cpp"

#include <pjsua2.hpp>
#include <pjsua-lib/pjsua_internal.h>
#include <zrtp.hpp>
#include <zrtp_cache.hpp>

#include <bzrtp/bzrtp.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

using sottovoce::Cache;
using sottovoce::Record;
using sottovoce::Shared;
using sottovoce::erase;

namespace
{

const unsigned TICK_MS = 20;     // how often bzrtp looks at its timers, while keys are being agreed
const unsigned PATIENCE_MS = 15000; // after which it no longer does; a new SDP starts it again
const size_t LONGEST_KEY = 46;   // octets of master key and salt, AES_256_CM

// Best first. bzrtp adds those that RFC 6189 section 5.1 demands, HS32 among them: see suite().
uint8_t HASHES[7] = {ZRTP_HASH_S384, ZRTP_HASH_S256};
uint8_t CIPHERS[7] = {ZRTP_CIPHER_AES3, ZRTP_CIPHER_AES1};
#ifdef ZRTP_AUTHTAG_GCM
uint8_t TAGS[7] = {ZRTP_AUTHTAG_GCM, ZRTP_AUTHTAG_HS80};
const uint8_t TAG_COUNT = 2;
#else
uint8_t TAGS[7] = {ZRTP_AUTHTAG_HS80};
const uint8_t TAG_COUNT = 1;
#endif
uint8_t AGREEMENTS[7] = {ZRTP_KEYAGREEMENT_X255, ZRTP_KEYAGREEMENT_X448, ZRTP_KEYAGREEMENT_DH3k};
uint8_t RENDERINGS[7] = {ZRTP_SAS_B32};

const pj_str_t ID_ZRTP_HASH = {const_cast<char *>("zrtp-hash"), 9};
const pj_str_t ID_FINGERPRINT = {const_cast<char *>("fingerprint"), 11};
const pj_str_t ID_CRYPTO = {const_cast<char *>("crypto"), 6};

/** The IANA name of the SRTP protection profile, or NULL for one that is never used: nothing with a short tag. */
const char *suite(const bzrtpSrtpSecrets_t &secrets)
{
    const bool strong = secrets.cipherAlgo == ZRTP_CIPHER_AES3;

    if (!strong && secrets.cipherAlgo != ZRTP_CIPHER_AES1)
        return NULL;
    if (secrets.authTagAlgo == ZRTP_AUTHTAG_HS80)
        return strong ? "AES_256_CM_HMAC_SHA1_80" : "AES_CM_128_HMAC_SHA1_80";
#ifdef ZRTP_AUTHTAG_GCM
    if (secrets.authTagAlgo == ZRTP_AUTHTAG_GCM)
        return strong ? "AEAD_AES_256_GCM" : "AEAD_AES_128_GCM";
#endif
    return NULL;
}

/** Hash of the Hello that a media description announces, in small hexadecimal digits; "" for none that can be
 *  used: an empty one, as linphone sends with an answer that takes DTLS-SRTP, is none (RFC 6189 section 8.1).
 */
std::string announced(const pjmedia_sdp_media *media)
{
    for (unsigned i = 0; i < media->attr_count; ++i) {
        if (pj_stricmp(&media->attr[i]->name, &ID_ZRTP_HASH) != 0)
            continue;
        const std::string value(media->attr[i]->value.ptr, media->attr[i]->value.slen);
        const size_t space = value.find(' ');
        const size_t end = value.find_last_not_of(" \r\n");
        if (space == std::string::npos || value.compare(0, 3, "1.1") != 0 || end - space != 64)
            continue;
        std::string hash = value.substr(space + 1, 64);
        for (size_t at = 0; at < hash.size(); ++at)
            hash[at] = static_cast<char>(pj_tolower(hash[at]));
        if (hash.find_first_not_of("0123456789abcdef") == std::string::npos)
            return hash;
    }
    return "";
}

/** Whether the profile is that of media without SRTP; keys beside it (RFC 4568) are then no agreement. */
bool isClear(const pjmedia_sdp_media *media)
{
    return pj_strnicmp2(&media->desc.transport, "RTP/AVP", 7) == 0;
}

/** Whether a description leaves the keys as they are though it says nothing of ZRTP. */
bool silent(const pjmedia_sdp_media *media)
{
    return isClear(media) && pjmedia_sdp_media_find_attr(media, &ID_FINGERPRINT, NULL) == NULL &&
           pjmedia_sdp_media_find_attr(media, &ID_CRYPTO, NULL) == NULL;
}

uint64_t now()
{
    pj_time_val time;
    pj_gettickcount(&time);
    return static_cast<uint64_t>(time.sec) * 1000 + time.msec;
}

/** RFC 6189 section 5: not a version of RTP, and the magic cookie. */
bool isZrtp(const void *packet, pj_size_t size)
{
    static const uint8_t COOKIE[] = {'Z', 'R', 'T', 'P'};
    const uint8_t *octets = static_cast<const uint8_t *>(packet);
    return size >= 28 && size <= PJMEDIA_MAX_MTU && octets[0] >> 4 == 1 &&
           std::memcmp(octets + 4, COOKIE, sizeof(COOKIE)) == 0;
}

/** The points of order 8 on Curve25519 (RFC 7748 section 6.1 warns of them), highest octet first. */
const char *const ORDER_8[] = {
    "00B8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0",
    "57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F",
};

/** The CRC-32C at a packet's end (section 5, as RFC 4960 appendix B), its lowest octet first. */
void sealPacket(std::string &octets)
{
    uint32_t crc = 0xFFFFFFFF;

    for (size_t at = 0; at < octets.size(); ++at) {
        crc ^= static_cast<uint8_t>(octets[at]);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
    }
    crc ^= 0xFFFFFFFF;
    for (int octet = 0; octet < 4; ++octet)
        octets += static_cast<char>(crc >> 8 * octet & 0xFF);
}

const size_t MESSAGE = 12;                      // where it begins in a packet (section 5)
const size_t TYPE = MESSAGE + 4;
const size_t HELLO_ZID = MESSAGE + 64;          // section 5.2
const size_t PUBLIC = MESSAGE + 4 + 8 + 32 + 32; // of a DHPart1 or DHPart2 (sections 5.5, 5.6)
const size_t AFTER_PUBLIC = 8 + 4;              // MAC and CRC
const uint32_t BAD_PUBLIC = 0x61;               // section 5.9

/** Whether a number is 0 or 1, or -1 or more in the field of this prime: the shared secret would be known to all. */
bool trivial(const BIGNUM *value, const BIGNUM *prime)
{
    BIGNUM *last = BN_dup(prime);
    const bool weak = last == NULL || BN_sub_word(last, 1) != 1 || BN_is_zero(value) || BN_is_one(value) ||
                      BN_cmp(value, last) >= 0;
    BN_free(last);
    return weak;
}

/** Whether a packet is a DHPart whose public value must be refused (sections 4.4.1.1 and 5.9; RFC 7748 section 6).
 *  Which group it is of, its length says: of those that we offer no two have the same.
 */
bool weakPublic(const std::string &packet)
{
    const std::string type = packet.size() < TYPE + 8 ? "" : packet.substr(TYPE, 8);
    BIGNUM *value = NULL, *prime = NULL;
    bool weak = false;

    if ((type != "DHPart1 " && type != "DHPart2 ") || packet.size() <= PUBLIC + AFTER_PUBLIC)
        return false;
    std::string octets = packet.substr(PUBLIC, packet.size() - PUBLIC - AFTER_PUBLIC);
    const uint8_t *number = reinterpret_cast<const uint8_t *>(octets.data());
    const int size = static_cast<int>(octets.size());
    if (size == 384) { // DH3k: RFC 3526 section 4
        value = BN_bin2bn(number, size, NULL);
        prime = BN_get_rfc3526_prime_3072(NULL);
    } else if (size == 32) { // X25519: 2^255 - 19
        octets[31] &= 0x7F;
        value = BN_lebin2bn(number, size, NULL);
        BN_hex2bn(&prime, "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFED");
        for (size_t i = 0; !weak && value != NULL && i < sizeof(ORDER_8) / sizeof(ORDER_8[0]); ++i) {
            BIGNUM *low = NULL;
            weak = BN_hex2bn(&low, ORDER_8[i]) == 0 || BN_cmp(value, low) == 0;
            BN_free(low);
        }
    } else if (size == 56) { // X448: 2^448 - 2^224 - 1
        value = BN_lebin2bn(number, size, NULL);
        BN_hex2bn(&prime, "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE"
                          "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
    }
    weak = weak || value == NULL || prime == NULL || trivial(value, prime);
    BN_free(value);
    BN_free(prime);
    return weak;
}

/** One for the media of a call, which share a session of bzrtp; the last for what belongs to no call. */
std::mutex LOCKS[PJSUA_MAX_CALLS + 1];

/** The ZRTP of one SRTP transport. pjsua's thread makes, starts and ends it and runs its timer, the media's
 *  thread brings packets. Nothing is sent while the mutex is held: the other thread may hold the socket.
 *
 *  Text is a further stream of the session of its call's audio (multistream mode, RFC 6189 section 4.4.3): its keys
 *  come of the audio's, so that one SAS is for both. It has to wait for those.
 */
struct Zrtp
{
    pjmedia_transport base; // first: the library knows us by it
    pjmedia_transport *srtp;

    const int call;
    const bool further;
    Zrtp *first;                 // of a further stream: the one whose session it uses
    std::vector<Zrtp *> others;  // the further streams of this session
    std::mutex &mutex;
    bzrtpContext_t *context;
    uint32_t ssrc;
    Cache *cache;
    bool keeps;
    Record given;

    bool closing;
    bool refused; // what the far end sent must not be answered with keys
    bool bare;    // it answered our RTP/AVP without a word of ZRTP
    bool yielded; // and our next offer is another keying's
    bool started;
    bool ticking;
    uint64_t startedAt;
    std::string peerHash;
    std::string peerZid;
    std::string early; // a Hello that came before the SDP
    std::vector<std::string> out;
    std::string header; // of the last packet that bzrtp made
    pj_sockaddr remote;
    pj_timer_entry timer;

    bool ready;
    bool announcedKeys;
    std::string sas;
    bool flags; // V of both ends
    bool mismatch;
    enum { NOT_COMPARED, SAME, DIFFERENT } compared;
    const char *trouble;
    char txKey[LONGEST_KEY], rxKey[LONGEST_KEY];
    pjmedia_srtp_crypto tx, rx;

    Zrtp(pjmedia_transport *srtp, int call, bool further);

    bool make();
    bool join();
    void wipe();
    void start();
    bool packet(std::string &octets);
    void announce();
    void flush();
    void refuse();
    void schedule();
    bool attach(const pjmedia_sdp_session *remote, unsigned index);
    void connect();
    std::string hash() const;
    Record record() const;

    static Zrtp *of(pjmedia_transport *tp) { return reinterpret_cast<Zrtp *>(tp); }

    static pj_status_t create(pjmedia_transport *srtp, pjmedia_transport **keying);
    static pj_status_t onPacket(pjmedia_transport *tp, const void *packet, pj_size_t size);
    static pj_status_t onCreate(pjmedia_transport *tp, pj_pool_t *pool, unsigned options,
                                const pjmedia_sdp_session *remote, unsigned index);
    static pj_status_t onEncode(pjmedia_transport *tp, pj_pool_t *pool, pjmedia_sdp_session *local,
                                const pjmedia_sdp_session *remote, unsigned index);
    static pj_status_t onStart(pjmedia_transport *tp, pj_pool_t *pool, const pjmedia_sdp_session *local,
                               const pjmedia_sdp_session *remote, unsigned index);
    static pj_status_t onStop(pjmedia_transport *tp);
    static pj_status_t onDestroy(pjmedia_transport *tp);
    static void onLast(void *self);
    static void onTimer(pj_timer_heap_t *heap, pj_timer_entry *entry);

    static int onSend(void *self, const uint8_t *octets, uint16_t size);
    static int onSecure(void *self, const bzrtpSrtpSecrets_t *secrets, int32_t verified);
    static int onMessage(void *self, const uint8_t level, const uint8_t id, const char *text);
};

pjmedia_transport_op OPERATIONS;

// Both are used by pjsua's thread alone.
std::map<pjmedia_transport *, Zrtp *> &running()
{
    static std::map<pjmedia_transport *, Zrtp *> table;
    return table;
}

std::map<int, std::string> &remembered()
{
    static std::map<int, std::string> table;
    return table;
}

Zrtp::Zrtp(pjmedia_transport *transport, int callId, bool furtherStream)
    : srtp(transport), call(callId), further(furtherStream), first(NULL),
      mutex(LOCKS[callId < 0 || callId >= PJSUA_MAX_CALLS ? PJSUA_MAX_CALLS : callId]), context(NULL), ssrc(0), cache(NULL), keeps(false), closing(false), refused(false),
      bare(false), yielded(false), started(false), ticking(false), startedAt(0), ready(false), announcedKeys(false), flags(false), mismatch(false),
      compared(NOT_COMPARED), trouble("")
{
    pj_bzero(&base, sizeof(base));
    pj_bzero(&remote, sizeof(remote));
    pj_bzero(txKey, sizeof(txKey));
    pj_bzero(rxKey, sizeof(rxKey));
    pj_bzero(&tx, sizeof(tx));
    pj_bzero(&rx, sizeof(rx));
    pj_ansi_strxcpy(base.name, "zrtp", sizeof(base.name));
    base.type = static_cast<pjmedia_transport_type>(PJMEDIA_SRTP_KEYING_ZRTP);
    base.op = &OPERATIONS;
    base.user_data = transport;
    pj_timer_entry_init(&timer, 0, this, &Zrtp::onTimer);
}

/** A new session: a new Hello, and what is known of the far end. */
bool Zrtp::make()
{
    bzrtpCallbacks_t callbacks;

    RAND_bytes(reinterpret_cast<unsigned char *>(&ssrc), sizeof(ssrc));
    if (further)
        return join();
    context = bzrtp_createBzrtpContext();
    if (context == NULL)
        return false;
    bzrtp_setSupportedCryptoTypes(context, ZRTP_HASH_TYPE, HASHES, 2);
    bzrtp_setSupportedCryptoTypes(context, ZRTP_CIPHERBLOCK_TYPE, CIPHERS, 2);
    bzrtp_setSupportedCryptoTypes(context, ZRTP_AUTHTAG_TYPE, TAGS, TAG_COUNT);
    bzrtp_setSupportedCryptoTypes(context, ZRTP_KEYAGREEMENT_TYPE, AGREEMENTS, 3);
    bzrtp_setSupportedCryptoTypes(context, ZRTP_SAS_TYPE, RENDERINGS, 1);
    std::memset(&callbacks, 0, sizeof(callbacks));
    callbacks.bzrtp_sendData = &Zrtp::onSend;
    callbacks.bzrtp_startSrtpSession = &Zrtp::onSecure;
    callbacks.bzrtp_statusMessage = &Zrtp::onMessage;
    callbacks.bzrtp_messageLevel = BZRTP_MESSAGE_ERROR;
    bzrtp_setCallbacks(context, &callbacks);
    if (keeps) {
        cache = new Cache();
        // Its answer tells new tables from old ones.
        if (cache->database() != NULL)
            bzrtp_setZIDCache_lock(context, cache->database(), Cache::US, Cache::THEM, NULL);
        if (cache->database() == NULL || !cache->fill(given))
            return false;
    }
    return bzrtp_initBzrtpContext(context, ssrc) == 0 && bzrtp_setClientData(context, ssrc, this) == 0;
}

/** Become a stream of the audio's session; the mutex is held. */
bool Zrtp::join()
{
    std::map<pjmedia_transport *, Zrtp *>::iterator at;

    for (at = running().begin(); at != running().end(); ++at) {
        Zrtp *other = at->second;
        if (other->call != call || call < 0 || other->further || other->closing || other->context == NULL)
            continue;
        if (bzrtp_addChannel(other->context, ssrc) != 0)
            continue;
        first = other;
        context = other->context;
        other->others.push_back(this);
        return bzrtp_setClientData(context, ssrc, this) == 0;
    }
    return false;
}

/** End the session, or this stream of it; its keys are void. */
void Zrtp::wipe()
{
    while (!others.empty())
        others.back()->wipe();
    if (first != NULL) {
        std::vector<Zrtp *>::iterator self = std::find(first->others.begin(), first->others.end(), this);
        if (self != first->others.end())
            first->others.erase(self);
        first = NULL;
    }
    if (announcedKeys)
        pjmedia_transport_srtp_keys_void(srtp, &base);
    if (context != NULL)
        bzrtp_destroyBzrtpContext(context, ssrc);
    context = NULL;
    delete cache;
    cache = NULL;
    OPENSSL_cleanse(txKey, sizeof(txKey));
    OPENSSL_cleanse(rxKey, sizeof(rxKey));
    pj_bzero(&tx, sizeof(tx));
    pj_bzero(&rx, sizeof(rx));
    erase(sas);
    erase(early);
    peerHash.clear();
    peerZid.clear();
    out.clear();
    started = ready = announcedKeys = flags = mismatch = refused = bare = yielded = false;
    compared = NOT_COMPARED;
}

/** What a new session, or the next call, is to know. A telephone that is new beside others is kept apart until
 *  people have compared: it can push none of the others out.
 */
Record Zrtp::record() const
{
    Record next;
    Shared peer;
    const Shared *before = given.find(peerZid);

    next.ownZid = cache ? cache->ownZid() : "";
    next.peers.reserve(Record::MOST + 1);
    const bool kept = cache && ready && compared != DIFFERENT && cache->shared(peerZid, peer);
    peer.proven = compared == SAME || (before ? before->proven : given.peers.empty());
    if (kept && peer.proven)
        next.peers.push_back(peer);
    for (size_t i = 0; i < given.peers.size(); ++i) {
        const Shared &other = given.peers[i];
        if ((ready && other.zid == peerZid) || (kept && !peer.proven && !other.proven))
            continue;
        if (next.peers.size() < Record::MOST - 1 || !other.proven)
            next.peers.push_back(other);
    }
    if (kept && !peer.proven)
        next.peers.push_back(peer);
    erase(peer.rs1);
    erase(peer.rs2);
    return next;
}

std::string Zrtp::hash() const
{
    uint8_t text[80] = {0};
    return context && bzrtp_getSelfHelloHash(context, ssrc, text, sizeof(text)) == 0
               ? std::string(reinterpret_cast<char *>(text)) : "";
}

int Zrtp::onSend(void *self, const uint8_t *octets, uint16_t size)
{
    Zrtp *zrtp = static_cast<Zrtp *>(self);
    const std::string packet(reinterpret_cast<const char *>(octets), size);

    zrtp->header = packet.substr(0, MESSAGE);
    zrtp->out.push_back(packet);
    return 0;
}

int Zrtp::onMessage(void *self, const uint8_t, const uint8_t id, const char *)
{
    if (id == BZRTP_MESSAGE_CACHEMISMATCH)
        static_cast<Zrtp *>(self)->mismatch = true;
    return 0;
}

void setKey(char *buffer, pjmedia_srtp_crypto &crypto, const char *name, const uint8_t *key, size_t length,
            const uint8_t *salt, size_t saltLength)
{
    if (length + saltLength > LONGEST_KEY)
        return;
    std::memcpy(buffer, key, length);
    std::memcpy(buffer + length, salt, saltLength);
    crypto.name = pj_str(const_cast<char *>(name));
    pj_strset(&crypto.key, buffer, length + saltLength);
}

int Zrtp::onSecure(void *data, const bzrtpSrtpSecrets_t *secrets, int32_t verified)
{
    Zrtp *self = static_cast<Zrtp *>(data);
    const char *name = suite(*secrets);

    if (self->refused)
        return 0;
    if (name == NULL || (!self->further && (secrets->sas == NULL || secrets->sasAlgo != ZRTP_SAS_B32))) {
        self->trouble = "suite";
        return 0;
    }
    setKey(self->txKey, self->tx, name, secrets->selfSrtpKey, secrets->selfSrtpKeyLength, secrets->selfSrtpSalt,
           secrets->selfSrtpSaltLength);
    setKey(self->rxKey, self->rx, name, secrets->peerSrtpKey, secrets->peerSrtpKeyLength, secrets->peerSrtpSalt,
           secrets->peerSrtpSaltLength);
    if (!self->further)
        self->sas = secrets->sas;
    self->mismatch = self->mismatch || secrets->cacheMismatch != 0;
    self->flags = verified != 0;
    self->trouble = "";
    self->ready = true;
    return 0;
}

/** Give bzrtp a packet; the mutex is held. True for the far end's own Hello, as its SDP announced it. */
bool Zrtp::packet(std::string &octets)
{
    const bool weak = weakPublic(octets);
    const int status = bzrtp_processMessage(context, ssrc, reinterpret_cast<uint8_t *>(&octets[0]),
                                            static_cast<uint16_t>(octets.size()));
    // What bzrtp takes is sealed by the far end's Hello: nobody else can end the agreement so.
    if (weak && status == 0 && !ready && header.size() == MESSAGE)
        refuse();
    if (octets.size() < HELLO_ZID + 12 || octets.compare(TYPE, 8, "Hello   ") != 0)
        return false;
    if (status == BZRTP_ERROR_HELLOHASH_MISMATCH && peerZid.empty())
        trouble = "hello";
    if (status == 0 && peerZid.empty()) {
        peerZid = octets.substr(HELLO_ZID, 12);
        trouble = "";
    }
    return status == 0;
}

/** Say that the far end's public value is none (section 5.9), instead of all that was to be said; the mutex is
 *  held. There are no keys until its SDP announces another Hello.
 */
void Zrtp::refuse()
{
    static const char ERROR_MESSAGE[] = "PZ\0\4Error   ";
    std::string packet = header;

    if (++packet[3] == 0) // the sequence number
        ++packet[2];
    packet.append(ERROR_MESSAGE, 12);
    for (int octet = 0; octet < 4; ++octet)
        packet += static_cast<char>(BAD_PUBLIC >> 8 * (3 - octet) & 0xFF);
    sealPacket(packet);
    out.assign(1, packet);
    refused = true;
    trouble = "public";
}

/** Tell SRTP of the keys, once. */
void Zrtp::announce()
{
    std::lock_guard<std::mutex> lock(mutex);
    if (ready && !announcedKeys && !closing)
        announcedKeys = pjmedia_transport_srtp_keys_agreed(srtp, &base, &tx, &rx) == PJ_SUCCESS;
}

void Zrtp::flush()
{
    std::vector<std::string> packets;
    {
        std::lock_guard<std::mutex> lock(mutex);
        if (!closing)
            packets.swap(out);
    }
    for (size_t i = 0; i < packets.size(); ++i) {
        pjmedia_transport_send_rtp(pjmedia_transport_srtp_get_member(srtp), packets[i].data(),
                                   packets[i].size());
    }
}

/** Begin, or begin again to send what was not answered; the mutex is held. A further stream waits for the first. */
void Zrtp::start()
{
    startedAt = now();
    if (further && (first == NULL || !first->ready))
        return;
    if (started) {
        bzrtp_resetRetransmissionTimer(context, ssrc);
    } else {
        bzrtp_setPeerHelloHash(context, ssrc, reinterpret_cast<uint8_t *>(&peerHash[0]), peerHash.size());
        started = bzrtp_startChannelEngine(context, ssrc) == 0;
        if (!early.empty())
            packet(early);
        erase(early);
    }
    bzrtp_iterate(context, ssrc, startedAt);
}

void Zrtp::schedule()
{
    pj_time_val delay = {0, TICK_MS};
    ticking = pjsip_endpt_schedule_timer(pjsua_get_pjsip_endpt(), &timer, &delay) == PJ_SUCCESS;
}

void Zrtp::onTimer(pj_timer_heap_t *, pj_timer_entry *entry)
{
    Zrtp *self = static_cast<Zrtp *>(entry->user_data);
    bool more;
    {
        std::lock_guard<std::mutex> lock(self->mutex);
        const uint64_t time = now();
        self->ticking = false;
        more = (self->started || self->first != NULL) && !self->ready && !self->closing && !self->refused &&
               time - self->startedAt < PATIENCE_MS;
        if (more && !self->started && self->first->ready)
            self->start();
        else if (more && self->started)
            bzrtp_iterate(self->context, self->ssrc, time);
    }
    self->flush();
    self->announce();
    if (more)
        self->schedule();
}

pj_status_t Zrtp::onPacket(pjmedia_transport *tp, const void *octets, pj_size_t size)
{
    Zrtp *self = of(tp);
    bool move = false;

    if (!isZrtp(octets, size))
        return PJ_EIGNORED;
    {
        std::lock_guard<std::mutex> lock(self->mutex);
        std::string copy(static_cast<const char *>(octets), size);
        if (self->closing || self->refused || self->context == NULL)
            return PJ_SUCCESS;
        if (!self->started) {
            self->early = copy;
            return PJ_SUCCESS;
        }
        // The far end may send from elsewhere than its SDP says (network address translation). Its Hello proves
        // that it is the one of the SDP.
        if (self->packet(copy) && !self->ready) {
            pjmedia_transport_info info;
            pjmedia_transport_info_init(&info);
            pjmedia_transport_get_info(pjmedia_transport_srtp_get_member(self->srtp), &info);
            move = pj_sockaddr_has_addr(&info.src_rtp_name) &&
                   pj_sockaddr_cmp(&info.src_rtp_name, &self->remote) != 0;
            if (move)
                pj_sockaddr_cp(&self->remote, &info.src_rtp_name);
        }
    }
    if (move)
        self->connect();
    self->flush();
    self->announce();
    return PJ_SUCCESS;
}

pj_status_t Zrtp::onCreate(pjmedia_transport *tp, pj_pool_t *, unsigned, const pjmedia_sdp_session *remote,
                           unsigned index)
{
    Zrtp *self = of(tp);
    std::lock_guard<std::mutex> lock(self->mutex);

    if (remote != NULL && announced(remote->media[index]).empty())
        return PJMEDIA_SRTP_ESDPINTRANSPORT;
    return self->context != NULL || self->make() ? PJ_SUCCESS : PJMEDIA_SRTP_ESDPINTRANSPORT;
}

pj_status_t Zrtp::onEncode(pjmedia_transport *tp, pj_pool_t *pool, pjmedia_sdp_session *local,
                           const pjmedia_sdp_session *remote, unsigned index)
{
    Zrtp *self = of(tp);
    std::lock_guard<std::mutex> lock(self->mutex);
    pjmedia_sdp_media *media = local->media[index];
    pj_str_t value;
    std::string text;

    if (self->yielded)
        return PJMEDIA_SRTP_ESDPINTRANSPORT;
    if (remote != NULL) {
        const std::string hash = announced(remote->media[index]);
        if (hash.empty() && (self->peerHash.empty() || !silent(remote->media[index])))
            return PJMEDIA_SRTP_ESDPINTRANSPORT;
        if (!hash.empty() && !self->peerHash.empty() && hash != self->peerHash) {
            // Another far end, or another session of it: nothing of the old one counts any more.
            self->given = self->record();
            self->wipe();
        }
        if (!hash.empty())
            self->peerHash = hash;
        media->desc.transport = remote->media[index]->desc.transport;
    } else {
        media->desc.transport = pj_str(const_cast<char *>("RTP/AVP"));
    }
    if (self->context == NULL && !self->make())
        return PJMEDIA_SRTP_ESDPINTRANSPORT;
    text = self->hash();
    if (text.empty())
        return PJMEDIA_SRTP_ESDPINTRANSPORT;
    pj_strset(&value, &text[0], text.size());
    pjmedia_sdp_media_add_attr(media, pjmedia_sdp_attr_create(pool, ID_ZRTP_HASH.ptr, &value));
    return PJ_SUCCESS;
}

/** Where the far end says that it is, so that packets can be sent before there is a stream; the mutex is held. */
bool Zrtp::attach(const pjmedia_sdp_session *session, unsigned index)
{
    const pjmedia_sdp_conn *connection = session->media[index]->conn ? session->media[index]->conn : session->conn;
    int family;

    if (connection == NULL)
        return false;
    family = pj_stricmp2(&connection->addr_type, "IP6") == 0 ? pj_AF_INET6() : pj_AF_INET();
    return pj_sockaddr_init(family, &remote, &connection->addr, session->media[index]->desc.port) == PJ_SUCCESS &&
           pj_sockaddr_has_addr(&remote);
}

void Zrtp::connect()
{
    pjmedia_transport_attach_param param;

    pj_bzero(&param, sizeof(param));
    param.user_data = srtp;
    pj_sockaddr_cp(&param.rem_addr, &remote);
    pj_sockaddr_cp(&param.rem_rtcp, &remote);
    pj_sockaddr_set_port(&param.rem_rtcp, static_cast<pj_uint16_t>(pj_sockaddr_get_port(&remote) + 1));
    param.addr_len = pj_sockaddr_get_len(&remote);
    pjmedia_transport_attach2(srtp, &param);
}

pj_status_t Zrtp::onStart(pjmedia_transport *tp, pj_pool_t *, const pjmedia_sdp_session *local,
                          const pjmedia_sdp_session *remote, unsigned index)
{
    Zrtp *self = of(tp);
    bool reachable;
    {
        std::lock_guard<std::mutex> lock(self->mutex);
        const std::string hash = announced(remote->media[index]);
        // Nothing is sent or taken; the user may want to go on with less, and nobody is called a second time.
        self->bare = hash.empty() && self->peerHash.empty() && self->context != NULL &&
                     pjmedia_transport_srtp_is_offerer(self->srtp) && silent(local->media[index]) &&
                     isClear(remote->media[index]);
        if (self->bare) {
            pjmedia_transport_srtp_set_keys(self->srtp, NULL, NULL);
            return PJ_SUCCESS;
        }
        if (self->context == NULL || (hash.empty() && (self->peerHash.empty() || !silent(remote->media[index]))))
            return PJMEDIA_SRTP_ESDPINTRANSPORT;
        if (!hash.empty() && !self->peerHash.empty() && hash != self->peerHash)
            return PJMEDIA_SRTP_ESDPINTRANSPORT; // an answer to the offer of the session that runs
        if (self->peerHash.empty())
            self->peerHash = hash;
        if (self->ready) {
            pjmedia_transport_srtp_set_keys(self->srtp, &self->tx, &self->rx);
            return PJ_SUCCESS;
        }
        pjmedia_transport_srtp_set_keys(self->srtp, NULL, NULL);
        reachable = self->attach(remote, index);
    }
    if (!reachable) // on hold before it began (RFC 3264 section 8.4)
        return PJ_SUCCESS;
    self->connect();
    {
        std::lock_guard<std::mutex> lock(self->mutex);
        self->start();
    }
    self->flush();
    self->announce();
    if (!self->ticking)
        self->schedule();
    return PJ_SUCCESS;
}

pj_status_t Zrtp::onStop(pjmedia_transport *tp)
{
    Zrtp *self = of(tp);
    std::lock_guard<std::mutex> lock(self->mutex);

    self->given = self->record();
    self->wipe();
    return PJ_SUCCESS;
}

pj_status_t Zrtp::onDestroy(pjmedia_transport *tp)
{
    Zrtp *self = of(tp);
    {
        std::lock_guard<std::mutex> lock(self->mutex);
        self->closing = true;
        self->wipe();
    }
    if (self->ticking)
        pjsip_endpt_cancel_timer(pjsua_get_pjsip_endpt(), &self->timer);
    running().erase(self->srtp);
    if (self->base.grp_lock)
        pj_grp_lock_dec_ref(self->base.grp_lock);
    else
        onLast(self);
    return PJ_SUCCESS;
}

void Zrtp::onLast(void *self)
{
    delete static_cast<Zrtp *>(self);
}

pj_status_t Zrtp::create(pjmedia_transport *srtp, pjmedia_transport **keying)
{
    const pjsua_call_media *medium = static_cast<pjsua_call_media *>(srtp->user_data);
    const bool further = medium != NULL && medium->type == PJMEDIA_TYPE_TEXT;
    Zrtp *self = new Zrtp(srtp, medium != NULL ? medium->call->index : -1, further);
    std::map<int, std::string>::iterator known = remembered().end();

    if (medium != NULL && !further)
        known = remembered().find(medium->call->index);
    if (known != remembered().end()) {
        self->keeps = !known->second.empty();
        self->given.read(known->second);
        erase(known->second);
        remembered().erase(known);
    }
    if (srtp->grp_lock) {
        self->base.grp_lock = srtp->grp_lock;
        pj_grp_lock_add_ref(srtp->grp_lock);
        pj_grp_lock_add_handler(srtp->grp_lock, NULL, self, &Zrtp::onLast);
    }
    running()[srtp] = self;
    *keying = &self->base;
    return PJ_SUCCESS;
}

/** The library learns of us when this module is loaded. */
struct Registration
{
    Registration()
    {
        OPERATIONS.send_rtp = &Zrtp::onPacket;
        OPERATIONS.media_create = &Zrtp::onCreate;
        OPERATIONS.encode_sdp = &Zrtp::onEncode;
        OPERATIONS.media_start = &Zrtp::onStart;
        OPERATIONS.media_stop = &Zrtp::onStop;
        OPERATIONS.destroy = &Zrtp::onDestroy;
        pjmedia_transport_srtp_set_zrtp(&Zrtp::create);
    }
} registration;

Zrtp *find(int callId, unsigned medIdx)
{
    pjmedia_transport_info info;

    if (callId < 0 || callId >= static_cast<int>(pjsua_call_get_max_count()) || !pjsua_call_is_active(callId) ||
        medIdx >= pjsua_var.calls[callId].med_cnt || pjsua_var.calls[callId].media[medIdx].tp == NULL)
    {
        return NULL;
    }
    pjmedia_transport_info_init(&info);
    if (pjmedia_transport_get_info(pjsua_var.calls[callId].media[medIdx].tp, &info) != PJ_SUCCESS)
        return NULL;
    for (unsigned i = 0; i < info.specific_info_cnt; ++i) {
        std::map<pjmedia_transport *, Zrtp *>::iterator found = running().find(info.spc_info[i].tp);
        if (found != running().end())
            return found->second;
    }
    return NULL;
}

} // namespace

namespace pj
{

ZrtpState::ZrtpState() : secure(false), bare(false), verified(false), hadSecrets(false), known(false), mismatch(false)
{
}

bool zrtpRemember(int callId, const std::string &record)
{
    Record check;

    remembered()[callId] = record;
    return record.empty() || record == "new" || check.read(record);
}

std::string zrtpRecord(int callId, unsigned medIdx)
{
    Zrtp *zrtp = find(callId, medIdx);
    if (zrtp == NULL)
        return "";
    std::lock_guard<std::mutex> lock(zrtp->mutex);
    return zrtp->keeps && zrtp->ready ? zrtp->record().write() : "";
}

ZrtpState zrtpState(int callId, unsigned medIdx)
{
    ZrtpState state;
    Zrtp *zrtp = find(callId, medIdx);
    if (zrtp == NULL)
        return state;
    std::lock_guard<std::mutex> lock(zrtp->mutex);
    state.trouble = zrtp->trouble;
    state.bare = zrtp->bare;
    if (!zrtp->ready)
        return state;
    state.secure = true;
    state.sas = zrtp->sas;
    state.verified = zrtp->compared == Zrtp::SAME ||
                     (zrtp->compared == Zrtp::NOT_COMPARED && zrtp->flags && !zrtp->mismatch);
    state.hadSecrets = !zrtp->given.peers.empty();
    const Shared *before = zrtp->given.find(zrtp->peerZid);
    state.known = before != NULL && before->proven;
    state.mismatch = zrtp->mismatch;
    return state;
}

bool zrtpCompared(int callId, unsigned medIdx, bool same)
{
    Zrtp *zrtp = find(callId, medIdx);
    if (zrtp == NULL)
        return false;
    std::lock_guard<std::mutex> lock(zrtp->mutex);
    if (!zrtp->ready)
        return false;
    zrtp->compared = same ? Zrtp::SAME : Zrtp::DIFFERENT;
    if (zrtp->keeps && same)
        bzrtp_SASVerified(zrtp->context);
    else if (zrtp->keeps)
        bzrtp_resetSASVerified(zrtp->context);
    return true;
}

bool zrtpYield(int callId, unsigned medIdx, int keying)
{
    Zrtp *zrtp = find(callId, medIdx);
    if (zrtp == NULL)
        return false;
    std::lock_guard<std::mutex> lock(zrtp->mutex);
    if (!zrtp->bare)
        return false;
    zrtp->yielded = keying != PJMEDIA_SRTP_KEYING_ZRTP;
    return pjmedia_transport_srtp_use_keying(zrtp->srtp, static_cast<pjmedia_srtp_keying_method>(keying)) ==
           PJ_SUCCESS;
}

bool zrtpClear(int callId, unsigned medIdx)
{
    Zrtp *zrtp = find(callId, medIdx);
    if (zrtp == NULL)
        return false;
    std::lock_guard<std::mutex> lock(zrtp->mutex);
    if (!zrtp->bare)
        return false;
    zrtp->yielded = true;
    zrtp->bare = false;
    pjmedia_transport_srtp_set_clear(zrtp->srtp);
    return true;
}

} // namespace pj
