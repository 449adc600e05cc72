// SPDX-License-Identifier: GPL-3.0-or-later
// Which requests from outside are looked at at all; a part of disclosure.cpp.
#ifndef SOTTOVOCE_GATE_HPP
#define SOTTOVOCE_GATE_HPP

#include <pjsip.h>
#include <string>
#include <vector>

namespace gate
{

/** Answer a request that nobody here asked for, and return PJ_TRUE; PJ_FALSE
 *  when the layers above are to have it: all within a dialog of ours, and
 *  INVITE, CANCEL and SUBSCRIBE that come where they may come from.
 */
pj_bool_t judge(pjsip_rx_data *rdata);

/** Everything as at the start. */
void reset();

/** Whether requests outside a dialog must come by our flow. */
void setFlowOnly(bool flowOnly);

/** The Contact user that only the registrar knows, of one account; -1: of all that have none. */
void setContactUser(int account, const std::string &user);

/** Whether a registrar knows us by this Contact user. */
bool knows(const std::string &user);

/** Where the REGISTER with this Contact user goes to, and by which transport. */
void setFlow(const std::string &contactUser, pjsip_transport *transport, const pj_sockaddr &server);

/** The connection that the account's last REGISTER took, while it stands; NULL: none, or no connection. */
pjsip_transport *transportOf(int account);

/** Learn from the answer to a REGISTER how often its server wants to be pinged (RFC 6223 section 4.4). */
void learnKeep(const pjsip_rx_data *rdata);

/** What was learned for an account, in seconds; 0: nothing. */
int keepOf(int account);

/** Count an answer to a ping over this connection. */
void countPong(const pjsip_transport *transport);

/** How many answers to pings came over the account's present connection. */
unsigned pongsOf(int account);

/** Which account a request is for that the gate has let in: the one whose server sent it, of several the one
 *  that it names. -1: it came by no account's flow.
 */
int accountOf(const pjsip_rx_data *rdata);

/** The accounts whose REGISTER goes to the far end of this connection. */
std::vector<int> accountsAt(const pjsip_transport *transport);

} // namespace gate

#endif
