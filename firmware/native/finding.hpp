// SPDX-License-Identifier: GPL-3.0-or-later
// Where requests go: which address a server's name stands for is decided by the
// application (RFC 3263), and the connections to servers are kept alive and ended by it.
#ifndef SOTTOVOCE_FINDING_HPP
#define SOTTOVOCE_FINDING_HPP

#include <pjsua2/types.hpp>
#include <string>

namespace pj
{

/**
 * Is asked for every name that setServer() has not answered; the request waits meanwhile. Addresses are
 * not asked for. The library itself looks up nothing while there is a finder.
 *
 * At most one at a time, in the thread that handles events: make it after libInit() and close() it before
 * libDestroy().
 */
class Finder
{
public:
    Finder() PJSUA2_THROW(Error);
    virtual ~Finder();

    /** What is the server for requests to this host? port 0: the URI names none. transport: "tls", "tcp" or
     *  "udp". Answer by setServer(), now or later.
     */
    virtual void onWanted(const std::string &host, int port, const std::string &transport);

    /** What still waits fails. May be called twice. */
    void close();

private:
    Finder(const Finder &);
    Finder &operator=(const Finder &);
};

/** From now on requests to this host, port and transport go to this address ("192.0.2.1:5061",
 *  "[2001:db8::1]:5061"). Empty: no server is known; what waits for one fails. Returns false for what is no
 *  address.
 */
bool setServer(const std::string &host, int port, const std::string &transport, const std::string &address);

/** Send CRLF CRLF over the connection that this account's REGISTER took (RFC 5626 section 3.5.1). Returns
 *  false where there is none, as over UDP.
 */
bool pingFlow(int accountId);

/** How many answers to pings (CRLF) have come over that connection. */
unsigned flowPongs(int accountId);

/** The seconds between two pings that the server asked for in its last answer to REGISTER (RFC 6223); 0: none. */
int flowKeep(int accountId);

/** End that connection at once: what waits for an answer over it fails. Returns false where there is none. */
bool closeFlow(int accountId);

} // namespace pj

#endif
