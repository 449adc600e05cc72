// SPDX-License-Identifier: GPL-3.0-or-later
// Which requests from outside are looked at at all; a part of disclosure.cpp.
#ifndef SOTTOVOCE_GATE_HPP
#define SOTTOVOCE_GATE_HPP

#include <pjsip.h>
#include <string>

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

/** The Contact user that only the registrar knows. */
void setContactUser(const std::string &user);

/** Where REGISTER goes to, and by which type of transport. */
void setFlow(int type, const pj_sockaddr &server);

} // namespace gate

#endif
