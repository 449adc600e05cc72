// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "sottovoce.cpp"

#include <pjsua2.hpp>
#include <pjsua-lib/pjsua_internal.h>
#include <sottovoce.hpp>

#include <cerrno>
#include <cstring>
#include <atomic>
#include <sys/socket.h>
#include <unistd.h>

namespace
{

// The end that the library itself writes to, see wakeLibrary().
std::atomic<int> libraryFd(-1);

void wakeFd(int fd)
{
    const char byte = 1;
    if (fd >= 0)
        (void)!::send(fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void wakeLibrary()
{
    wakeFd(libraryFd.load());
}

} // namespace

namespace pj
{

struct Wakeup::Impl
{
    int writeFd;
    pj_sock_t readFd;
    pj_pool_t *pool;
    pj_ioqueue_key_t *key;
    pj_ioqueue_op_key_t op;
    char bytes[64];

    void listen()
    {
        pj_ssize_t size;
        pj_status_t status;
        do {
            size = sizeof(bytes);
            status = pj_ioqueue_recv(key, &op, bytes, &size, 0);
        } while (status == PJ_SUCCESS && size > 0);
    }

    static void onRead(pj_ioqueue_key_t *key, pj_ioqueue_op_key_t *, pj_ssize_t size)
    {
        Impl *self = static_cast<Impl *>(pj_ioqueue_get_user_data(key));
        if (self && size > 0)
            self->listen();
    }
};

Wakeup::Wakeup() : impl(new Impl())
{
    int ends[2];
    pj_ioqueue_callback callback;
    pj_ioqueue_t *queue;
    pj_status_t status;

    impl->writeFd = -1;
    impl->readFd = PJ_INVALID_SOCKET;
    if (pjsua_get_pjsip_endpt() == NULL) {
        delete impl;
        PJSUA2_RAISE_ERROR2(PJ_EINVALIDOP, "Wakeup() before libCreate()");
    }
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        status = PJ_STATUS_FROM_OS(errno);
        delete impl;
        PJSUA2_RAISE_ERROR2(status, "Wakeup()");
    }
    impl->readFd = ends[0];
    impl->writeFd = ends[1];
    impl->pool = pjsua_pool_create("wakeup", 512, 512);
    pj_ioqueue_op_key_init(&impl->op, sizeof(impl->op));
    std::memset(&callback, 0, sizeof(callback));
    callback.on_read_complete = &Impl::onRead;
    queue = pjsip_endpt_get_ioqueue(pjsua_get_pjsip_endpt());
    status = pj_ioqueue_register_sock(impl->pool, queue, impl->readFd, impl, &callback,
                                      &impl->key);
    if (status != PJ_SUCCESS) {
        ::close(ends[0]);
        ::close(ends[1]);
        pj_pool_release(impl->pool);
        delete impl;
        PJSUA2_RAISE_ERROR2(status, "Wakeup()");
    }
    impl->listen();
    libraryFd.store(impl->writeFd);
    pjsip_endpt_set_wakeup(&wakeLibrary);
}

Wakeup::~Wakeup()
{
    close();
    delete impl;
}

int Wakeup::fd() const
{
    return impl->writeFd;
}

void Wakeup::wake() const
{
    wakeFd(impl->writeFd);
}

void Wakeup::close()
{
    int writeFd = impl->writeFd;

    if (writeFd < 0)
        return;
    libraryFd.compare_exchange_strong(writeFd, -1);
    writeFd = impl->writeFd;
    impl->writeFd = -1;
    // After libDestroy() the key and its pool are gone with the library.
    if (pjsua_get_pjsip_endpt() != NULL) {
        pj_ioqueue_unregister(impl->key);
        pj_pool_release(impl->pool);
    } else {
        ::close(static_cast<int>(impl->readFd));
    }
    ::close(writeFd);
}

MediaSecurity::MediaSecurity() : srtpActive(false), peerDiffers(false), txPackets(0), rxPackets(0)
{
}

namespace
{

// SDP spells the hash in small letters.
std::string fingerprint(const char *text)
{
    std::string value(text);
    if (value.compare(0, 4, "SHA-") == 0)
        value.replace(0, 4, "sha-");
    return value;
}

pjmedia_transport *srtpTransport(const pjsua_call_media &medium)
{
    pjmedia_transport_info info;

    if (medium.tp == NULL)
        return NULL;
    pjmedia_transport_info_init(&info);
    if (pjmedia_transport_get_info(medium.tp, &info) != PJ_SUCCESS)
        return NULL;
    for (unsigned i = 0; i < info.specific_info_cnt; ++i) {
        if (info.spc_info[i].type == PJMEDIA_TRANSPORT_TYPE_SRTP)
            return info.spc_info[i].tp;
    }
    return NULL;
}

} // namespace

MediaSecurity mediaSecurity(int callId, unsigned medIdx)
{
    MediaSecurity result;
    pjsua_stream_stat stat;
    pjmedia_srtp_security security;
    pjmedia_transport *transport;

    if (callId < 0 || callId >= static_cast<int>(pjsua_call_get_max_count()) ||
        !pjsua_call_is_active(callId) || medIdx >= pjsua_var.calls[callId].med_cnt)
    {
        return result;
    }

    const pjsua_call_media &medium = pjsua_var.calls[callId].media[medIdx];
    if (medium.type == PJMEDIA_TYPE_AUDIO && medium.strm.a.stream != NULL &&
        pjsua_call_get_stream_stat(callId, medIdx, &stat) == PJ_SUCCESS)
    {
        result.txPackets = stat.rtcp.tx.pkt;
        result.rxPackets = stat.rtcp.rx.pkt;
    }

    transport = srtpTransport(medium);
    if (transport == NULL || pjmedia_transport_srtp_get_security(transport, &security) != PJ_SUCCESS)
        return result;
    result.peerDiffers = security.peer_differs;
    if (!security.active)
        return result;
    result.srtpActive = true;
    result.rxSuite = security.rx_suite;
    result.txSuite = security.tx_suite;
    if (security.keying == PJMEDIA_SRTP_KEYING_DTLS_SRTP)
        result.keying = "DTLS";
    else if (security.keying == PJMEDIA_SRTP_KEYING_SDES)
        result.keying = "SDES";
    else if (security.keying == PJMEDIA_SRTP_KEYING_ZRTP)
        result.keying = "ZRTP";
    result.localFingerprint = fingerprint(security.local_fingerprint);
    result.remoteFingerprint = fingerprint(security.remote_fingerprint);
    return result;
}

std::vector<int> srtpKeyings()
{
    pjmedia_srtp_keying_method known[PJMEDIA_SRTP_KEYINGS_COUNT];
    unsigned count = PJ_ARRAY_SIZE(known);

    if (pjmedia_srtp_enum_keying(&count, known) != PJ_SUCCESS)
        count = 0;
    return std::vector<int>(known, known + count);
}

bool setTrustedTlsDomain(const std::string &nextHop, const std::string &domain)
{
    return pjsip_tls_set_trusted_domain(nextHop.c_str(), domain.c_str()) == PJ_SUCCESS;
}

void openSound(int captureDev, int playbackDev) PJSUA2_THROW(Error)
{
    PJSUA2_CHECK_EXPR(pjsua_set_snd_dev(captureDev, playbackDev));
}

bool dropLateSound(int callId, unsigned medIdx)
{
    pjmedia_stream *stream;

    if (callId < 0 || callId >= static_cast<int>(pjsua_call_get_max_count()) ||
        !pjsua_call_is_active(callId) || medIdx >= pjsua_var.calls[callId].med_cnt ||
        pjsua_var.calls[callId].media[medIdx].type != PJMEDIA_TYPE_AUDIO)
    {
        return false;
    }
    stream = pjsua_var.calls[callId].media[medIdx].strm.a.stream;
    // A decoder that is paused empties its jitter buffer.
    return stream != NULL &&
           pjmedia_stream_pause(stream, PJMEDIA_DIR_DECODING) == PJ_SUCCESS &&
           pjmedia_stream_resume(stream, PJMEDIA_DIR_DECODING) == PJ_SUCCESS;
}

void setTlsListening(bool listening)
{
    pjsip_tls_set_listening(listening);
}

bool madeByUs(const OnTransportStateParam &event)
{
    const pjsip_transport *transport = static_cast<const pjsip_transport *>(event.hnd);
    return transport != NULL && transport->dir == PJSIP_TP_DIR_OUTGOING;
}

} // namespace pj
