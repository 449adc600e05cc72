// SPDX-License-Identifier: GPL-3.0-or-later
// REFER (RFC 3515) from the far end of a call: pjsua would call whom it names at
// once. Here it only waits, until somebody has decided.
#ifndef SOTTOVOCE_REFER_HPP
#define SOTTOVOCE_REFER_HPP

namespace pj
{

/** The number of the REFER that came last in this call (a pjsua call id) and was
 *  accepted with 202, or 0: there is none, or who sent it wants to hear nothing
 *  of it (Refer-Sub: false, RFC 4488). A number is told once and never used twice.
 */
int referTaken(int callId);

/** Tell who sent the REFER how far it is: a status of SIP, of the call that it
 *  asked for. 200 and more ends it (RFC 3515 section 2.4.5); a number that is
 *  not known (any more) is ignored.
 */
void referProgress(int number, int status);

/** Forget all of them without another message, before libDestroy(). */
void referForget();

} // namespace pj

#endif
