// SPDX-License-Identifier: GPL-3.0-or-later
// What a stranger reaches at a call's media port, and with the descriptions that he sends: SRTP's transport of
// pjmedia with its keyings (ZRTP of ours over bzrtp, DTLS-SRTP, SDES), as the telephone builds them, without the
// rest of it. libFuzzer's entry is at the end.
//
// An input: one octet of options, then orders. An order is one octet, and for most two octets of length and so
// much data:
//   0 RTP  1 RTCP               a packet comes
//   2 ZRTP                      a message comes, in a packet with a header and a right CRC
//   3                           the honest other end's next packet comes, and ours reaches it
//   4 place, value              the same, but one octet of it is changed
//   5 time                      it passes (16 ms each), and timers fire
//   6 SDP                       the far end offers, in a call that stands
//   7 SDP                       we offer again, and this is the answer
#include <pjsua2.hpp>
#include <pjsua-lib/pjsua_internal.h>
#include <zrtp.hpp>

#include <cstdint>
#include <cstring>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <vector>

// The parts of pjsua and pjmedia that are not there.
struct pjsua_data pjsua_var;

struct pjmedia_clock
{
    pjmedia_clock_callback *call;
    void *data;
    bool runs;
};

namespace
{

uint64_t milliseconds = 1000;
std::list<pj_timer_entry *> timers;
std::list<pjmedia_clock *> clocks;
pj_caching_pool memory;

} // namespace

extern "C" {

pj_status_t __wrap_pj_gettickcount(pj_time_val *time)
{
    time->sec = static_cast<long>(milliseconds / 1000);
    time->msec = static_cast<long>(milliseconds % 1000);
    return PJ_SUCCESS;
}

pj_pool_t *pjmedia_endpt_create_pool(pjmedia_endpt *, const char *name, pj_size_t first, pj_size_t more)
{
    return pj_pool_create(&memory.factory, name, first, more, NULL);
}

pj_status_t pjmedia_endpt_atexit(pjmedia_endpt *, pjmedia_endpt_exit_callback) { return PJ_SUCCESS; }

pj_status_t pjmedia_clock_create(pj_pool_t *, unsigned, unsigned, unsigned, unsigned, pjmedia_clock_callback *call,
                                 void *data, pjmedia_clock **clock)
{
    *clock = new pjmedia_clock();
    (*clock)->call = call;
    (*clock)->data = data;
    clocks.push_back(*clock);
    return PJ_SUCCESS;
}

pj_status_t pjmedia_clock_start(pjmedia_clock *clock)
{
    clock->runs = true;
    return PJ_SUCCESS;
}

pj_status_t pjmedia_clock_stop(pjmedia_clock *clock)
{
    clock->runs = false;
    return PJ_SUCCESS;
}

pj_status_t pjmedia_clock_destroy(pjmedia_clock *clock)
{
    clocks.remove(clock);
    delete clock;
    return PJ_SUCCESS;
}

pj_status_t pjmedia_ice_add_ice_cb(pjmedia_transport *, const pjmedia_ice_cb *, void *) { return PJ_SUCCESS; }
pj_status_t pjmedia_ice_remove_ice_cb(pjmedia_transport *, const pjmedia_ice_cb *, void *) { return PJ_SUCCESS; }

pjsip_endpoint *pjsua_get_pjsip_endpt(void) { return NULL; }
unsigned pjsua_call_get_max_count(void) { return 0; }
pj_bool_t pjsua_call_is_active(pjsua_call_id) { return PJ_FALSE; }

#undef pjsip_endpt_schedule_timer
pj_status_t pjsip_endpt_schedule_timer(pjsip_endpoint *, pj_timer_entry *entry, const pj_time_val *)
{
    timers.push_back(entry);
    return PJ_SUCCESS;
}

pj_status_t pjsip_endpt_schedule_timer_dbg(pjsip_endpoint *, pj_timer_entry *entry, const pj_time_val *, const char *,
                                           int)
{
    timers.push_back(entry);
    return PJ_SUCCESS;
}

void pjsip_endpt_cancel_timer(pjsip_endpoint *, pj_timer_entry *entry) { timers.remove(entry); }

} // extern "C"

namespace
{

const char OFFER[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                     "m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n";

uint32_t crc32c(const std::string &octets)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t at = 0; at < octets.size(); ++at) {
        crc ^= static_cast<uint8_t>(octets[at]);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
    }
    return ~crc;
}

std::string sealed(std::string packet)
{
    const uint32_t crc = crc32c(packet);
    for (int octet = 0; octet < 4; ++octet)
        packet += static_cast<char>(crc >> 8 * octet & 0xFF);
    return packet;
}

struct Channel
{
    std::deque<std::string> sent;
};

/** The socket, and the SRTP transport above it. */
struct End
{
    pjmedia_transport member; // first: the library knows us by it
    pjmedia_transport *srtp;
    Channel rtp, rtcp;
    void *reader;
    void (*onRtp)(void *, void *, pj_ssize_t);
    void (*onRtp2)(pjmedia_tp_cb_param *);
    void (*onRtcp)(void *, void *, pj_ssize_t);
    pj_sockaddr here, there;

    End() : srtp(NULL), reader(NULL), onRtp(NULL), onRtp2(NULL), onRtcp(NULL)
    {
        pj_bzero(&member, sizeof(member));
        pj_bzero(&here, sizeof(here));
        pj_bzero(&there, sizeof(there));
    }

    void take(const std::string &packet, bool rtcp)
    {
        const std::unique_ptr<char[]> octets(new char[packet.size()]); // aligned, and not longer than what came
        char *copy = octets.get();
        std::memcpy(copy, packet.data(), packet.size());
        if (rtcp) {
            if (onRtcp)
                onRtcp(reader, copy, packet.size());
        } else if (onRtp2) {
            pjmedia_tp_cb_param param;
            pj_bzero(&param, sizeof(param));
            param.user_data = reader;
            param.pkt = copy;
            param.size = packet.size();
            param.src_addr = &there;
            onRtp2(&param);
        } else if (onRtp) {
            onRtp(reader, copy, packet.size());
        }
    }
};

End *endOf(pjmedia_transport *member) { return reinterpret_cast<End *>(member); }

pj_status_t getInfo(pjmedia_transport *tp, pjmedia_transport_info *info)
{
    End *end = endOf(tp);
    info->sock_info.rtp_addr_name = end->here;
    info->sock_info.rtcp_addr_name = end->here;
    pj_sockaddr_set_port(&info->sock_info.rtcp_addr_name, pj_sockaddr_get_port(&end->here) + 1);
    info->src_rtp_name = end->there;
    info->src_rtcp_name = end->there;
    return PJ_SUCCESS;
}

pj_status_t attach(pjmedia_transport *tp, pjmedia_transport_attach_param *param)
{
    End *end = endOf(tp);
    end->reader = param->user_data;
    end->onRtp = param->rtp_cb;
    end->onRtp2 = param->rtp_cb2;
    end->onRtcp = param->rtcp_cb;
    return PJ_SUCCESS;
}

void detach(pjmedia_transport *tp, void *) { endOf(tp)->onRtp2 = NULL, endOf(tp)->onRtp = NULL, endOf(tp)->onRtcp = NULL; }

pj_status_t sendRtp(pjmedia_transport *tp, const void *packet, pj_size_t size)
{
    endOf(tp)->rtp.sent.push_back(std::string(static_cast<const char *>(packet), size));
    return PJ_SUCCESS;
}

pj_status_t sendRtcp(pjmedia_transport *tp, const void *packet, pj_size_t size)
{
    endOf(tp)->rtcp.sent.push_back(std::string(static_cast<const char *>(packet), size));
    return PJ_SUCCESS;
}

pj_status_t sendRtcp2(pjmedia_transport *tp, const pj_sockaddr_t *, unsigned, const void *packet, pj_size_t size)
{
    return sendRtcp(tp, packet, size);
}

pj_status_t mediaCreate(pjmedia_transport *, pj_pool_t *, unsigned, const pjmedia_sdp_session *, unsigned)
{
    return PJ_SUCCESS;
}

pj_status_t encodeSdp(pjmedia_transport *, pj_pool_t *, pjmedia_sdp_session *, const pjmedia_sdp_session *, unsigned)
{
    return PJ_SUCCESS;
}

pj_status_t mediaStart(pjmedia_transport *, pj_pool_t *, const pjmedia_sdp_session *, const pjmedia_sdp_session *,
                       unsigned)
{
    return PJ_SUCCESS;
}

pj_status_t nothing(pjmedia_transport *) { return PJ_SUCCESS; }

pjmedia_transport_op socketOperations()
{
    pjmedia_transport_op op;
    pj_bzero(&op, sizeof(op));
    op.get_info = &getInfo;
    op.attach2 = &attach;
    op.detach = &detach;
    op.send_rtp = &sendRtp;
    op.send_rtcp = &sendRtcp;
    op.send_rtcp2 = &sendRtcp2;
    op.media_create = &mediaCreate;
    op.encode_sdp = &encodeSdp;
    op.media_start = &mediaStart;
    op.media_stop = &nothing;
    op.destroy = &nothing;
    return op;
}

pjmedia_transport_op SOCKET = socketOperations();

/** A session description with one medium, or NULL. */
pjmedia_sdp_session *parsed(pj_pool_t *pool, std::string text)
{
    pjmedia_sdp_session *session = NULL;
    text += '\0';
    if (pjmedia_sdp_parse(pool, &text[0], text.size() - 1, &session) != PJ_SUCCESS || session->media_count == 0 ||
        pjmedia_sdp_validate(session) != PJ_SUCCESS)
    {
        return NULL;
    }
    // It points into the text.
    return pjmedia_sdp_session_clone(pool, session);
}

struct Call
{
    pj_pool_t *pool;
    End us, them;
    pjsua_call call[2];
    pjsua_call_media medium[2];

    explicit Call(uint8_t options);
    ~Call();
    void make(End &end, int which, uint8_t options, uint16_t port);
    void honest(int place, uint8_t value);
    void pass(unsigned time);
    void offered(const std::string &text);
    void answered(const std::string &text);
};

void Call::make(End &end, int which, uint8_t options, uint16_t port)
{
    pjmedia_srtp_setting setting;
    const pj_str_t address = pj_str(const_cast<char *>("127.0.0.1"));

    pjmedia_srtp_setting_default(&setting);
    setting.use = PJMEDIA_SRTP_MANDATORY;
    setting.close_member_tp = PJ_FALSE;
    setting.keying_count = 0;
    setting.keying[setting.keying_count++] = PJMEDIA_SRTP_KEYING_ZRTP;
    if (options & 1)
        setting.keying[setting.keying_count++] = PJMEDIA_SRTP_KEYING_DTLS_SRTP;
    if (options & 2)
        setting.keying[setting.keying_count++] = PJMEDIA_SRTP_KEYING_SDES;
    if (which == 1 && options & 4) { // the other end has no ZRTP
        setting.keying[0] = options & 1 ? PJMEDIA_SRTP_KEYING_DTLS_SRTP : PJMEDIA_SRTP_KEYING_SDES;
        setting.keying_count = 1;
    }
    pj_bzero(&call[which], sizeof(call[which]));
    pj_bzero(&medium[which], sizeof(medium[which]));
    call[which].index = which;
    medium[which].call = &call[which];
    setting.user_data = &medium[which];
    pj::zrtpRemember(which, options & 8 ? "new" : "");
    end.member.op = &SOCKET;
    end.member.type = PJMEDIA_TRANSPORT_TYPE_UDP;
    pj_sockaddr_init(pj_AF_INET(), &end.here, &address, port);
    pj_sockaddr_init(pj_AF_INET(), &end.there, &address, 4000 + 4002 - port);
    if (pjmedia_transport_srtp_create(reinterpret_cast<pjmedia_endpt *>(&memory), &end.member, &setting, &end.srtp) !=
        PJ_SUCCESS)
    {
        abort();
    }
}

/** The description of one end, completed by its transport; NULL if it will not. */
pjmedia_sdp_session *said(pj_pool_t *pool, End &end, const pjmedia_sdp_session *remote)
{
    pjmedia_sdp_session *local = parsed(pool, OFFER);
    local->media[0]->desc.port = pj_sockaddr_get_port(&end.here);
    if (remote)
        local->media[0]->desc.transport = remote->media[0]->desc.transport;
    return pjmedia_transport_encode_sdp(end.srtp, pool, local, remote, 0) == PJ_SUCCESS ? local : NULL;
}

Call::Call(uint8_t options)
{
    pool = pj_pool_create(&memory.factory, "call", 1000, 1000, NULL);
    make(us, 0, options, 4000);
    make(them, 1, options, 4002);
    End &asks = options & 16 ? them : us;
    End &answers = options & 16 ? us : them;
    pjmedia_transport_media_create(asks.srtp, pool, 0, NULL, 0);
    pjmedia_sdp_session *offer = said(pool, asks, NULL), *answer = NULL;
    if (offer == NULL || pjmedia_transport_media_create(answers.srtp, pool, 0, offer, 0) != PJ_SUCCESS)
        return;
    answer = said(pool, answers, offer);
    if (answer == NULL)
        return;
    pjmedia_transport_media_start(answers.srtp, pool, answer, offer, 0);
    pjmedia_transport_media_start(asks.srtp, pool, offer, answer, 0);
}

Call::~Call()
{
    End *both[] = {&us, &them};
    for (End *end : both) {
        pjmedia_transport_media_stop(end->srtp);
        pjmedia_transport_close(end->srtp);
    }
    timers.clear();
    while (!clocks.empty())
        pjmedia_clock_destroy(clocks.front());
    pj_pool_release(pool);
}

/** Packets of an honest other end; if place is not negative one octet of its next is changed. */
void Call::honest(int place, uint8_t value)
{
    Channel *theirs[] = {&them.rtp, &them.rtcp}, *ours[] = {&us.rtp, &us.rtcp};
    for (int rtcp = 0; rtcp < 2; ++rtcp) {
        if (!theirs[rtcp]->sent.empty()) {
            std::string packet = theirs[rtcp]->sent.front();
            theirs[rtcp]->sent.pop_front();
            if (place >= 0 && !packet.empty()) {
                const bool zrtp = packet.size() > 16 && packet.compare(4, 4, "ZRTP") == 0;
                packet[place % packet.size()] ^= static_cast<char>(value);
                if (zrtp)
                    packet = sealed(packet.substr(0, packet.size() - 4));
            }
            us.take(packet, rtcp != 0);
        }
        if (!ours[rtcp]->sent.empty()) {
            const std::string packet = ours[rtcp]->sent.front();
            ours[rtcp]->sent.pop_front();
            them.take(packet, rtcp != 0);
        }
    }
}

void Call::pass(unsigned time)
{
    const std::list<pj_timer_entry *> due = timers;
    const std::vector<pjmedia_clock *> ticking(clocks.begin(), clocks.end());
    const pj_timestamp stamp = {};

    milliseconds += 16 * (time + 1);
    timers.clear();
    for (pj_timer_entry *entry : due)
        entry->cb(NULL, entry);
    for (pjmedia_clock *clock : ticking) {
        if (clock->runs)
            clock->call(&stamp, clock->data);
    }
}

void Call::offered(const std::string &text)
{
    pjmedia_sdp_session *remote = parsed(pool, text);
    pjmedia_sdp_session *local = remote ? said(pool, us, remote) : NULL;
    if (local)
        pjmedia_transport_media_start(us.srtp, pool, local, remote, 0);
}

void Call::answered(const std::string &text)
{
    pjmedia_sdp_session *remote = parsed(pool, text);
    pjmedia_sdp_session *local = remote ? said(pool, us, NULL) : NULL;
    if (local)
        pjmedia_transport_media_start(us.srtp, pool, local, remote, 0);
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int *, char ***)
{
    pj_log_set_level(0);
    pj_init();
    pj_caching_pool_init(&memory, &pj_pool_factory_default_policy, 0);
    pjmedia_srtp_init_lib(reinterpret_cast<pjmedia_endpt *>(&memory));
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char HEADER[] = "\x10\0\x7F\0ZRTP\1\2\3\4";
    const uint8_t *const end = data + size;

    if (size < 1 || size > 1 << 16)
        return 0;
    Call call(*data++);
    for (int orders = 0; data < end && orders < 200; ++orders) {
        const uint8_t order = *data++ % 8;
        std::string octets;
        if (order == 3) {
            call.honest(-1, 0);
            continue;
        }
        if (order == 4 && end - data >= 3) {
            call.honest(data[0] << 8 | data[1], data[2]);
            data += 3;
            continue;
        }
        if (order == 5 && end - data >= 1) {
            call.pass(*data++);
            continue;
        }
        if (end - data < 2)
            break;
        const size_t length = std::min<size_t>(data[0] << 8 | data[1], end - data - 2);
        octets.assign(reinterpret_cast<const char *>(data + 2), length);
        data += 2 + length;
        if (order < 2)
            call.us.take(octets, order == 1);
        else if (order == 2)
            call.us.take(sealed(std::string(HEADER, 12) + octets), false);
        else if (order == 6)
            call.offered(octets);
        else if (order == 7)
            call.answered(octets);
    }
    return 0;
}
