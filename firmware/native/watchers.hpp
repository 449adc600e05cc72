// SPDX-License-Identifier: GPL-3.0-or-later
// Who may watch whether somebody is at this phone: server subscriptions to
// presence (RFC 6665, RFC 3856), each with a state of its own.
#ifndef SOTTOVOCE_WATCHERS_HPP
#define SOTTOVOCE_WATCHERS_HPP

#include <pjsua2/types.hpp>
#include <string>

namespace pj
{

/**
 * Takes every SUBSCRIBE outside a dialog, in the place of pjsua, which would
 * tell each watcher of an account the same, and does not say who left.
 *
 * Nothing is decided here: onSubscribe() tells of a subscription, and its
 * answer waits for accept() or refuse(). A refresh is answered with what the
 * watcher was told last. Another event than presence gets 489, a body other
 * than PIDF 406, a short time 423, and one subscription too many 503.
 *
 * At most one at a time, in the thread that handles events: make it after
 * libInit() and close() it before libDestroy(). A number is never used twice;
 * one that is not known (any more) is ignored.
 */
class Watchers
{
public:
    /** For the account with this id; at most so many subscriptions. */
    Watchers(int accountId, unsigned most) PJSUA2_THROW(Error);
    virtual ~Watchers();

    /** A SUBSCRIBE came, whole as it was received; ownConnection: over the
     *  TLS connection that we registered by, whose server was verified.
     */
    virtual void onSubscribe(int id, const std::string &message, bool ownConnection);

    /** The watcher left, did not refresh, or can no longer be reached. */
    virtual void onGone(int id);

    /** Answer the SUBSCRIBE with 200 or 202; notify() must follow. */
    void accept(int id, int status);

    /** Answer the SUBSCRIBE with 3xx to 6xx; it is over then. */
    void refuse(int id, int status);

    /** Tell the watcher the body (PIDF, or empty: none); active: whether it
     *  is admitted, else it goes on waiting ("pending").
     */
    void notify(int id, bool active, const std::string &body);

    /** End an accepted subscription, for one of the reasons of RFC 6665
     *  section 4.1.3, with a last body.
     */
    void end(int id, const std::string &reason, const std::string &body);

    /** Forget all of them without another message. May be called twice. */
    void close();

private:
    Watchers(const Watchers &);
    Watchers &operator=(const Watchers &);

    struct Impl;
    friend struct Impl;
    Impl *impl;
};

} // namespace pj

#endif
