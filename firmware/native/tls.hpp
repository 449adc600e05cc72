// SPDX-License-Identifier: GPL-3.0-or-later
// Which TLS servers we speak to beside what their certificates prove, and what
// was agreed with them.
#ifndef SOTTOVOCE_TLS_HPP
#define SOTTOVOCE_TLS_HPP

#include <pjsua2/types.hpp>
#include <string>

namespace pj
{

/** What can be wrong with a server's certificate beside the flags that pjsua2
 *  knows (pj_ssl_cert_verify_flag_t); they stand in the same number.
 */
enum TlsFlaw {
    TLS_NOT_YET_VALID = 1 << 20,
    TLS_SELF_SIGNED = 1 << 21,
    TLS_WEAK_KEY = 1 << 22,
    TLS_NOT_PINNED = 1 << 23,
    TLS_REVOCATION_UNKNOWN = 1 << 24 // the certificate promises a word on it, and none came
};

/** Why a connection to a server came to nothing. */
enum TlsTrouble {
    TLS_NO_TROUBLE = 0,
    TLS_TOO_OLD,      // it wants a version of TLS before 1.2
    TLS_NO_SUITE,     // no cipher suite, group or signature in common
    TLS_NO_TLS,       // what answers does not speak TLS
    TLS_REFUSED,      // nobody listens at the port
    TLS_TIMEOUT,      // it took too long
    TLS_UNREACHABLE,  // no way to its address
    TLS_UNKNOWN_NAME, // no address has its name
    TLS_BROKEN_OFF    // it ended the handshake, for no reason known here
};

/** What was agreed with the server that was connected to last. */
struct TlsAgreed
{
    std::string version; // "TLSv1.3"
    std::string suite;   // "TLS_AES_256_GCM_SHA384"
    std::string group;   // "X25519MLKEM768"; its number if the library has no name for it
};

/** From now on the verified chain of the server at this next hop, as its URI
 *  names it, must hold one of these keys: SHA-256 of the SubjectPublicKeyInfo,
 *  in Base64. They come to those of earlier calls. Without a host all earlier
 *  ones are forgotten, and these are for every server that has none of its own;
 *  empty: any key. Whatever the pins are, a stapled OCSP response is judged.
 */
void setTlsPins(const StringVector &pins, const std::string &host = "");

TlsAgreed tlsAgreed();

/** It is not earlier than this, in seconds since 1970, whatever the clock says: certificates of connections
 *  from now on are judged at the later of both. 0: the clock alone counts.
 */
void setTimeFloor(long long seconds);

/** What a status of the library tells of the cause: OnTransportStateParam's
 *  lastError, or an Error's.
 */
TlsTrouble tlsTrouble(int status);

/** The version of the OpenSSL that runs here, "3.5.1". */
std::string opensslVersion();

} // namespace pj

#endif
