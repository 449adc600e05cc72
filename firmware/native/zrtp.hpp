// SPDX-License-Identifier: GPL-3.0-or-later
// ZRTP (RFC 6189): one more way for a call's SRTP to get its keys, beside SDES and DTLS-SRTP.
#ifndef SOTTOVOCE_ZRTP_HPP
#define SOTTOVOCE_ZRTP_HPP

#include <string>

namespace pj
{

/** What ZRTP has agreed for one medium of a call, read from the running transport. */
struct ZrtpState
{
    /** There are keys. All else but trouble and bare is empty if not. */
    bool secure;

    /** The short authentication string in base32 (RFC 6189 section 5.1.6), four characters of 20 bits. */
    std::string sas;

    /** People compared it: in this call, or before and both ends remember (the V flags of section 7.1). */
    bool verified;

    /** Of the record that was given: it had secrets at all, and had some of this very far end (by its ZID), who
     *  was the first or has been compared with since.
     */
    bool hadSecrets;
    bool known;

    /** The far end lacks the secret that we share with it (section 4.3.2). */
    bool mismatch;

    /** Why there are no keys, as far as that can be said: "", "hello" (the far end's Hello is not the one that
     *  its SDP announced), "public" (it sent a public value of which everybody knows the secret) or "suite" (it
     *  wants one that is not allowed).
     */
    std::string trouble;

    /** The far end answered our RTP/AVP without a word of ZRTP. Nothing is sent or taken. */
    bool bare;

    ZrtpState();
};

/** What is known of the far end of a call, before its media are made: our ZID for it and the retained secrets
 *  (section 4.9), as zrtpRecord() gave them. "new": there is nothing yet, and it is to be kept; "": a random
 *  ZID and nothing to be kept. False: that is no record; it counts as "new".
 */
bool zrtpRemember(int callId, const std::string &record);

/** What is to be kept for the next call with the far end; "" when nothing is. Hexadecimal. */
std::string zrtpRecord(int callId, unsigned medIdx);

/** Read what has been agreed. Nothing if there is no such call or medium: it does not throw. */
ZrtpState zrtpState(int callId, unsigned medIdx);

/** People compared the string: it was the same, or it was not. zrtpRecord() is another one then. False when
 *  there are no keys of ZRTP.
 */
bool zrtpCompared(int callId, unsigned medIdx, bool same);

/** Of a call whose far end answered bare: our next offer is by this keying (PJMEDIA_SRTP_KEYING_SDES), or by
 *  ZRTP again, for the other was refused. False for any other call.
 */
bool zrtpYield(int callId, unsigned medIdx, int keying);

/** Of a call whose far end answered bare: let its media pass without encryption from now on. False, and nothing
 *  passes, for any other call.
 */
bool zrtpClear(int callId, unsigned medIdx);

} // namespace pj

#endif
