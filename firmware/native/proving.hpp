// SPDX-License-Identifier: GPL-3.0-or-later
// Who calls, proven in the message itself; a part of disclosure.cpp.
#ifndef SOTTOVOCE_PROVING_HPP
#define SOTTOVOCE_PROVING_HPP

#include <pjsip.h>

namespace proving
{

/** Have an INVITE signed that may name the caller and is as it will be printed. */
void prove(pjsip_tx_data *tdata);

} // namespace proving

#endif
