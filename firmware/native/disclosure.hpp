// SPDX-License-Identifier: GPL-3.0-or-later
// The one place where it is decided what a SIP message says of the person at
// this phone, and which requests from outside are looked at at all.
#ifndef SOTTOVOCE_DISCLOSURE_HPP
#define SOTTOVOCE_DISCLOSURE_HPP

#include <pjsua2/endpoint.hpp>
#include <pjsua2/types.hpp>
#include <string>
#include <vector>

namespace pj
{

// A pjsip module does the work. The first of these calls after libInit()
// brings it in, closed: no identity leaves until setDisclosure() permits it.
// All of them belong into the thread that handles events, and raise an error
// where there is no library.

/**
 * What every message that leaves from now on may say; also those of calls and
 * subscriptions that run.
 *
 * identity: requests name us in From. Otherwise From is RFC 3323's anonymous
 * one, its tag kept, and a Privacy header field has the value privacy ("id",
 * RFC 3325; empty: no such field), as it has in 18x and 2xx. A call that was
 * placed or answered so stays so; ACK and CANCEL are as their INVITE.
 * REGISTER names its address of record in any case.
 *
 * preferredIdentity: a P-Preferred-Identity that the caller of the library
 * put into a message may go out over TLS though identity is false (RFC 3325
 * section 9.2: the provider is told, and keeps it from the far end).
 *
 * For one call the header field Sottovoce-Disclosure of its INVITE decides,
 * which never leaves the phone: "none", nothing is said whatever the switch
 * allows; "full", all is said, with a location too (an emergency). Its field
 * Sottovoce-Privacy, which never leaves either, is the value of Privacy for
 * this call, where its account asks its provider for another one.
 */
void setDisclosure(bool identity, const std::string &privacy, bool preferredIdentity = false)
    PJSUA2_THROW(Error);

/**
 * The user part of the Contact in REGISTER, a random one for each start.
 * Outside REGISTER it is another one for each Call-ID, by a keyed hash.
 */
void setContactUser(const std::string &user) PJSUA2_THROW(Error);

/**
 * The same for one account, before it registers: no two registrars know the
 * same one. A request from outside is then for the account whose server sent
 * it, and of several there for the one that it names.
 */
void setAccountContactUser(int accountId, const std::string &user) PJSUA2_THROW(Error);

/** The accounts whose REGISTER went to the far end of the connection of this event. */
std::vector<int> accountsAt(const OnTransportStateParam &event);

/**
 * Take requests outside a dialog only from where REGISTER goes to: over TLS
 * and TCP on the connection that we made, over UDP from that address and for
 * the Contact user. All others get 403.
 */
void setFlowOnly(bool flowOnly) PJSUA2_THROW(Error);

} // namespace pj

#endif
