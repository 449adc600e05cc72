// SPDX-License-Identifier: GPL-3.0-or-later
// Whose challenges are answered with our login name; a part of disclosure.cpp.
#ifndef SOTTOVOCE_CHALLENGE_HPP
#define SOTTOVOCE_CHALLENGE_HPP

#include <pjsip.h>

namespace challenge
{

/** Everything as at the start: nobody's. */
void reset();

/** Learn from a REGISTER that leaves: the registrar's name and the realm that it
 *  gave are our provider's; of several accounts all are remembered.
 */
void learn(const pjsip_msg *registration);

/** Take the challenges off a response to anything but REGISTER that are not our
 *  provider's; all of them if mayAsk is false. Returns whether any is left.
 */
bool judge(pjsip_rx_data *rdata, bool mayAsk);

/** Take off a request what answers another realm's challenge. */
void strip(pjsip_msg *request);

} // namespace challenge

#endif
