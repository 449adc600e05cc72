// SPDX-License-Identifier: GPL-3.0-or-later
// Packets of real-time text (RFC 4103), as they are put together in Python.
#ifndef SOTTOVOCE_TEXT_HPP
#define SOTTOVOCE_TEXT_HPP

#include <string>

namespace pj
{

/** Send one packet on the text stream of a call. From the thread that runs pjsua.
 *
 *  redundant: of the payload type "red" (RFC 2198). marked: the first one after silence. ageMs: since the one
 *  before. payload: its octets as hexadecimal digits. False: it was not sent, for there is no stream, no key, or
 *  no such payload type.
 */
bool textSend(int callId, unsigned medIdx, bool redundant, bool marked, unsigned ageMs, const std::string &payload);

/** What the far end calls its text (T.140) and, redundant, "red", by number; red is 0 where it takes none. Both are
 *  0 where there is no text stream.
 */
struct TextTypes
{
    unsigned text;
    unsigned red;
};
TextTypes textTypes(int callId, unsigned medIdx);

} // namespace pj

#endif
