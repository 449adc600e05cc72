// SPDX-License-Identifier: GPL-3.0-or-later
// What Sottovoce adds to the pjsua2 module: a wake-up for the one thread that
// handles events, what protects a call, and the domain a TLS server may prove.
#ifndef SOTTOVOCE_HPP
#define SOTTOVOCE_HPP

#include <pjsua2/endpoint.hpp>
#include <pjsua2/types.hpp>
#include <string>
#include <vector>

namespace pj
{

/**
 * Makes a blocked Endpoint::libHandleEvents() return.
 *
 * Writing to fd() is all it takes, from any thread: no lock, no call into the
 * library. The library uses the same way when a media thread has work for the
 * thread that handles events, so libHandleEvents() may wait for long.
 *
 * Make one after libCreate() and close() it before libDestroy().
 */
class Wakeup
{
public:
    Wakeup();
    ~Wakeup();

    /** The end to write to. It does not block: EAGAIN means that a wake-up is
     *  on its way already, and can be ignored.
     */
    int fd() const;

    /** The same as writing to fd(). */
    void wake() const;

    /** Take it out of the library. It may be called twice. */
    void close();

private:
    Wakeup(const Wakeup &);
    Wakeup &operator=(const Wakeup &);

    struct Impl;
    Impl *impl;
};

/** What protects one medium of a call, read from its running transport. */
struct MediaSecurity
{
    /** SRTP runs and nothing goes past it; if false all else but peerDiffers is
     *  empty.
     */
    bool srtpActive;

    /** DTLS: whoever is at the other end has not the certificate that its SDP
     *  names.
     */
    bool peerDiffers;

    /** Names of the suites, "AEAD_AES_256_GCM". */
    std::string rxSuite;
    std::string txSuite;

    /** Where the keys come from: "DTLS", "SDES", "ZRTP" or "". */
    std::string keying;

    /** DTLS: the certificates' fingerprints, "sha-256 AA:BB:...". The remote
     *  one has been compared with the peer's SDP and is empty until then.
     */
    std::string localFingerprint;
    std::string remoteFingerprint;

    /** RTP packets of the stream; those received have been decrypted. */
    unsigned txPackets;
    unsigned rxPackets;

    MediaSecurity();
};

/** Read what protects medium medIdx of a call. Nothing is protected if there
 *  is no such call or medium: it does not throw.
 */
MediaSecurity mediaSecurity(int callId, unsigned medIdx);

/** The keying methods that this build knows: PJMEDIA_SRTP_KEYING_*. */
std::vector<int> srtpKeyings();

/** A TLS server reached through nextHop (a host; empty: any) may prove with
 *  its certificate that it serves domain, instead of the host's own name. SNI
 *  does not ask for domain. Up to eight such pairs count. An empty domain ends
 *  those of this hop; both empty: all. Returns false when a name is too long to
 *  be one, and when there are too many.
 */
bool setTrustedTlsDomain(const std::string &nextHop, const std::string &domain);

/** Open the sound devices now, both at once, with these indexes of the audio
 *  device manager: the conference bridge runs on their clock. pjsua2's own
 *  setCaptureDev() and setPlaybackDev() put it off, and so hide the error.
 */
void openSound(int captureDev, int playbackDev) PJSUA2_THROW(Error);

/** Forget what has been received for medium medIdx of a call and not been heard
 *  yet. While no sound device asks for it, it piles up in the jitter buffer,
 *  which takes ten seconds of audible skips to get rid of it. Returns false
 *  when there is no such call or medium: it does not throw.
 */
bool dropLateSound(int callId, unsigned medIdx);

/** Whether TLS transports that are created from now on listen for connections
 *  (the default), or only make them: no port is open.
 */
void setTlsListening(bool listening);

/** Whether we made the connection that an event is about. */
bool madeByUs(const OnTransportStateParam &event);

} // namespace pj

#endif
