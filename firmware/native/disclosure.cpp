// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "disclosure.cpp"

#include <pjsua2.hpp>
#include <pjlib-util.h>
#include <pjsua-lib/pjsua_internal.h>
#include <disclosure.hpp>
#include <challenge.hpp>
#include <gate.hpp>
#include <proving.hpp>

#include <sys/random.h>
#include <cstring>
#include <map>

namespace
{

const char MARK[] = "Sottovoce-Disclosure";
const char ASKED[] = "Sottovoce-Privacy"; // what this call's account asks of its provider
const char PRIVACY[] = "Privacy";
const char PREFERRED_IDENTITY[] = "P-Preferred-Identity";
const char REFERRED_BY[] = "Referred-By"; // RFC 3892: in a REFER that is not private
const char ANONYMOUS_NAME[] = "Anonymous";
const char ANONYMOUS_USER[] = "anonymous";
const char ANONYMOUS_HOST[] = "anonymous.invalid"; // RFC 3323 section 4.1.1.3

// What may leave in a message; a field that is not named here is taken off. So
// Organization, Subject, Call-Info, Alert-Info, Reply-To, In-Reply-To, Server,
// Warning, Date, History-Info, Diversion, Remote-Party-ID,
// P-Asserted-Identity, Session-ID, and what nobody thought of.
// Identity (RFC 8224) is not on it either: identity.cpp adds it after all else was decided.
const char *const KNOWN[] = {
    "Via", "Route", "Record-Route", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Contact",
    "Allow", "Allow-Events", "Supported", "Unsupported", "Require", "Proxy-Require",
    "Accept", "Accept-Encoding", "Accept-Language", "User-Agent",
    "Authorization", "Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate",
    "Expires", "Min-Expires", "Session-Expires", "Min-SE", "Retry-After",
    "RSeq", "RAck", "Event", "Subscription-State", "SIP-ETag", "SIP-If-Match",
    "Refer-To", "Refer-Sub", "Replaces", "Reason", PRIVACY,
    "MIME-Version", "Content-Type", "Content-Length", "Content-Disposition", "Content-Encoding",
};

// What an emergency call may say besides (RFC 6442, RFC 3261 section 20.26).
const char *const EMERGENCY[] = { "Geolocation", "Geolocation-Routing", "Priority", PREFERRED_IDENTITY };

const size_t MOST_PROMISES = 256;

enum Level { FOLLOWS_SWITCH, NONE, FULL };

// What a Call-ID was promised.
struct Promise
{
    Level level;
    bool closed;          // placed or answered without an identity
    pj_int32_t inviteSeq; // of the latest INVITE that we sent
    bool inviteHidden;
    bool inDialog;        // and whether that was a re-INVITE
    pj_int32_t provenSeq; // of the INVITE whose challenge was answered; -1: none
    bool proven;          // an INVITE of this call has borne our proof
    bool passedOn;        // a provisional response shows that the provider let the INVITE through
    bool ownPrivacy;      // its account asks for another privacy than the others
    std::string privacy;
    pj_time_val used;

    Promise()
        : level(FOLLOWS_SWITCH), closed(false), inviteSeq(-1), inviteHidden(true), inDialog(false),
          provenSeq(-1), proven(false), passedOn(false), ownPrivacy(false), used()
    {
    }
};

// What was decided for a message that has been sent: the same for its retransmissions.
struct Sent
{
    pj_str_t branch;
    bool hidden;
};

typedef std::map<std::string, Promise> Promises;

struct State
{
    bool identity;
    bool preferredIdentity;
    std::string privacy;
    std::string contactUser;
    Promises promises;
    pj_uint8_t key[32];

    State() : identity(false), preferredIdentity(false), privacy("id"), key() {}
};

State state;

pj_status_t onTxRequest(pjsip_tx_data *tdata);
pj_status_t onTxResponse(pjsip_tx_data *tdata);
pj_bool_t onRxResponse(pjsip_rx_data *rdata);
pj_status_t onLoad(pjsip_endpoint *endpoint);

// The last to see a message before it is printed, the first to see one that came.
pjsip_module module = {
    NULL, NULL,
    { const_cast<char *>("mod-disclosure"), 14 },
    -1,
    PJSIP_MOD_PRIORITY_TRANSPORT_LAYER + 1,
    &onLoad, NULL, NULL, NULL,
    &gate::judge, &onRxResponse, &onTxRequest, &onTxResponse, NULL,
};

pj_str_t text(const char *chars)
{
    return pj_str(const_cast<char *>(chars));
}

std::string copied(const pj_str_t &value)
{
    return std::string(value.ptr, value.ptr + value.slen);
}

bool named(const pjsip_hdr *header, const char *name)
{
    return pj_stricmp2(&header->name, name) == 0;
}

template <size_t count>
bool anyOf(const pjsip_hdr *header, const char *const (&names)[count])
{
    for (size_t i = 0; i < count; ++i) {
        if (named(header, names[i]))
            return true;
    }
    return false;
}

template <typename Header>
Header *find(const pjsip_msg *msg, pjsip_hdr_e type)
{
    return static_cast<Header *>(pjsip_msg_find_hdr(msg, type, NULL));
}

std::string callId(const pjsip_msg *msg)
{
    const pjsip_cid_hdr *header = find<pjsip_cid_hdr>(msg, PJSIP_H_CALL_ID);
    return header ? copied(header->id) : std::string();
}

std::string random(size_t octets)
{
    std::string value(octets, '\0');
    for (size_t filled = 0; filled < octets;) {
        const ssize_t got = getrandom(&value[filled], octets - filled, 0);
        if (got > 0)
            filled += got;
    }
    return value;
}

// --- promises --------------------------------------------------------------------------------------

bool inCall(const std::string &id)
{
    for (unsigned i = 0; i < pjsua_var.ua_cfg.max_calls; ++i) {
        const pjsip_inv_session *session = pjsua_var.calls[i].inv;
        if (session && session->dlg && copied(session->dlg->call_id->id) == id)
            return true;
    }
    return false;
}

/** Forget what no transaction can ask for any more: timers B, F and H are 32 s (RFC 3261 section 17).
 *  Under a flood of calls the oldest one that is over is forgotten sooner.
 */
void forgetOld(const pj_time_val &now)
{
    const long kept = 2 * 32;
    Promises::iterator oldest = state.promises.end();
    for (Promises::iterator entry = state.promises.begin(); entry != state.promises.end();) {
        const bool over = !inCall(entry->first);
        if (over && now.sec - entry->second.used.sec > kept) {
            state.promises.erase(entry++);
            continue;
        }
        if (over && (oldest == state.promises.end() || PJ_TIME_VAL_LT(entry->second.used, oldest->second.used)))
            oldest = entry;
        ++entry;
    }
    if (state.promises.size() >= MOST_PROMISES && oldest != state.promises.end())
        state.promises.erase(oldest);
}

Promise *promiseOf(const std::string &id)
{
    const Promises::iterator entry = state.promises.find(id);
    if (entry == state.promises.end())
        return NULL;
    pj_gettickcount(&entry->second.used);
    return &entry->second;
}

Promise &promise(const std::string &id)
{
    pj_time_val now;
    pj_gettickcount(&now);
    if (state.promises.find(id) == state.promises.end())
        forgetOld(now);
    Promise &kept = state.promises[id];
    kept.used = now;
    return kept;
}

/** Take the mark off and keep it; one that is not understood closes. */
void takeMark(pjsip_msg *msg, const std::string &id)
{
    const pj_str_t name = text(MARK);
    pjsip_hdr *header;

    while ((header = static_cast<pjsip_hdr *>(pjsip_msg_find_hdr_by_name(msg, &name, NULL))) != NULL) {
        char value[32];
        const int length = pjsip_hdr_print_on(header, value, sizeof(value));
        const std::string printed(value, length > 0 ? length : 0);
        const bool full = printed == std::string(MARK) + ": full";
        Promise &kept = promise(id);
        kept.level = full && kept.level != NONE ? FULL : NONE;
        pj_list_erase(header);
    }
}

/** The same with the value of Privacy in this call. */
void takeAsked(pjsip_msg *msg, const std::string &id)
{
    const pj_str_t name = text(ASKED);
    pjsip_hdr *header;

    while ((header = static_cast<pjsip_hdr *>(pjsip_msg_find_hdr_by_name(msg, &name, NULL))) != NULL) {
        char value[128];
        const int length = pjsip_hdr_print_on(header, value, sizeof(value));
        const size_t start = std::strlen(ASKED) + 2;
        if (length > static_cast<int>(start)) {
            Promise &kept = promise(id);
            kept.ownPrivacy = true;
            kept.privacy.assign(value + start, length - start);
        }
        pj_list_erase(header);
    }
}

bool hides(const Promise *kept)
{
    if (kept && kept->level == FULL)
        return false;
    if (kept && (kept->level == NONE || kept->closed))
        return true;
    return !state.identity;
}

// --- what leaves -----------------------------------------------------------------------------------

bool mayLeave(const pjsip_hdr *header, bool full, bool preferredIdentity, bool referredBy)
{
    if (anyOf(header, KNOWN))
        return true;
    if (named(header, PREFERRED_IDENTITY))
        return preferredIdentity;
    if (named(header, REFERRED_BY))
        return referredBy;
    return full && anyOf(header, EMERGENCY);
}

void strip(pjsip_msg *msg, bool full, bool preferredIdentity, bool referredBy)
{
    for (pjsip_hdr *header = msg->hdr.next, *next; header != &msg->hdr; header = next) {
        next = header->next;
        if (!mayLeave(header, full, preferredIdentity, referredBy))
            pj_list_erase(header);
    }
}

std::string contactUser(const std::string &id)
{
    pj_uint8_t digest[20];
    std::string user;

    pj_hmac_sha1(reinterpret_cast<const pj_uint8_t *>(id.data()), static_cast<unsigned>(id.size()),
                 state.key, sizeof(state.key), digest);
    // As long as the one that is registered, so that neither is told from the other.
    for (size_t i = 0; i < sizeof(digest) && user.size() < 16; ++i) {
        char digits[2];
        pj_val_to_hex_digit(digest[i], digits);
        user.append(digits, 2);
    }
    return user;
}

void keepOnly(pjsip_param &list, const char *name)
{
    for (pjsip_param *param = list.next, *next; param != &list; param = next) {
        next = param->next;
        if (name == NULL || pj_stricmp2(&param->name, name) != 0)
            pj_list_erase(param);
    }
}

/** Contact: host, port and transport stay, for it must be reached; all that is somebody's goes. */
void hideContacts(pjsip_tx_data *tdata, const std::string &user, bool registering)
{
    pjsip_msg *msg = tdata->msg;
    for (pjsip_hdr *header = msg->hdr.next, *next; header != &msg->hdr; header = next) {
        next = header->next;
        if (header->type != PJSIP_H_CONTACT)
            continue;
        pjsip_contact_hdr *contact = reinterpret_cast<pjsip_contact_hdr *>(header);
        if (contact->star)
            continue;
        if (!PJSIP_URI_SCHEME_IS_SIP(contact->uri) && !PJSIP_URI_SCHEME_IS_SIPS(contact->uri)) {
            pj_list_erase(header);
            continue;
        }
        const pj_str_t shown = { const_cast<char *>(user.data()), static_cast<pj_ssize_t>(user.size()) };
        pjsip_name_addr *address = pjsip_name_addr_create(tdata->pool);
        address->uri = static_cast<pjsip_uri *>(pjsip_uri_clone(tdata->pool, pjsip_uri_get_uri(contact->uri)));
        pjsip_sip_uri *uri = reinterpret_cast<pjsip_sip_uri *>(address->uri);
        pj_strdup(tdata->pool, &uri->user, &shown);
        uri->passwd.slen = uri->user_param.slen = uri->method_param.slen = 0;
        keepOnly(uri->other_param, "ob"); // RFC 5626 section 4.3
        pj_list_init(&uri->header_param);
        contact->uri = reinterpret_cast<pjsip_uri *>(address);
        pj_list_init(&contact->other_param); // +sip.instance, reg-id, feature tags
        if (!registering) {
            contact->q1000 = 0;
            contact->expires = PJSIP_EXPIRES_NOT_SPECIFIED;
        }
    }
}

/** In a redirection (RFC 3261 section 21.3) Contact is where to call instead: ours is not. */
void onlyOtherContacts(pjsip_msg *msg)
{
    for (pjsip_hdr *header = msg->hdr.next, *next; header != &msg->hdr; header = next) {
        next = header->next;
        if (header->type == PJSIP_H_CONTACT) // the library's own; the other one came as text
            pj_list_erase(header);
    }
}

void hideFrom(pjsip_tx_data *tdata)
{
    pjsip_from_hdr *from = find<pjsip_from_hdr>(tdata->msg, PJSIP_H_FROM);
    pjsip_name_addr *address = pjsip_name_addr_create(tdata->pool);
    pjsip_sip_uri *uri = pjsip_sip_uri_create(tdata->pool, PJ_FALSE);

    if (from == NULL)
        return;
    uri->user = text(ANONYMOUS_USER);
    uri->host = text(ANONYMOUS_HOST);
    address->display = text(ANONYMOUS_NAME);
    address->uri = reinterpret_cast<pjsip_uri *>(uri);
    from->uri = reinterpret_cast<pjsip_uri *>(address);
    pj_list_init(&from->other_param); // the tag is not among them
}

void onlyAddress(pjsip_tx_data *tdata, pjsip_hdr_e type)
{
    pjsip_fromto_hdr *header = find<pjsip_fromto_hdr>(tdata->msg, type);
    pjsip_name_addr *address = pjsip_name_addr_create(tdata->pool);

    if (header == NULL)
        return;
    address->uri = static_cast<pjsip_uri *>(pjsip_uri_get_uri(header->uri));
    header->uri = reinterpret_cast<pjsip_uri *>(address);
}

void askForPrivacy(pjsip_tx_data *tdata, const Promise *kept)
{
    const std::string &wanted = kept && kept->ownPrivacy ? kept->privacy : state.privacy;
    const pj_str_t name = text(PRIVACY), value = text(wanted.c_str());
    pjsip_hdr *header;

    while ((header = static_cast<pjsip_hdr *>(pjsip_msg_find_hdr_by_name(tdata->msg, &name, NULL))) != NULL)
        pj_list_erase(header);
    if (value.slen > 0) {
        header = reinterpret_cast<pjsip_hdr *>(pjsip_generic_string_hdr_create(tdata->pool, &name, &value));
        pjsip_msg_add_hdr(tdata->msg, header);
    }
}

/** What was decided for this very transaction, or NULL. */
const Sent *earlier(const pjsip_tx_data *tdata, const pj_str_t &branch)
{
    const Sent *sent = static_cast<const Sent *>(tdata->mod_data[module.id]);
    return sent && pj_strcmp(&sent->branch, &branch) == 0 ? sent : NULL;
}

void remember(pjsip_tx_data *tdata, const pj_str_t &branch, bool hidden)
{
    Sent *sent = PJ_POOL_ZALLOC_T(tdata->pool, Sent);
    pj_strdup(tdata->pool, &sent->branch, &branch);
    sent->hidden = hidden;
    tdata->mod_data[module.id] = sent;
}

pj_str_t topBranch(const pjsip_msg *msg)
{
    const pjsip_via_hdr *via = find<pjsip_via_hdr>(msg, PJSIP_H_VIA);
    return via ? via->branch_param : text("");
}

/** Whether somebody asks the own provider for the own mailbox (RFC 3842): it knows us by REGISTER. */
bool asksForOwnMailbox(const pjsip_msg *msg)
{
    const pj_str_t event = text("Event"), subscribe = text("SUBSCRIBE");
    const pjsip_event_hdr *header =
        static_cast<const pjsip_event_hdr *>(pjsip_msg_find_hdr_by_name(msg, &event, NULL));
    return pj_strcmp(&msg->line.req.method.name, &subscribe) == 0 && header &&
           pj_stricmp2(&header->event_type, "message-summary") == 0;
}

/** The Contact user by which a message's account is registered: the library has put it there. */
std::string registeredUser(const pjsip_msg *msg)
{
    const pjsip_contact_hdr *contact = find<pjsip_contact_hdr>(msg, PJSIP_H_CONTACT);
    if (contact && !contact->star && contact->uri &&
        (PJSIP_URI_SCHEME_IS_SIP(contact->uri) || PJSIP_URI_SCHEME_IS_SIPS(contact->uri)))
    {
        const std::string user =
            copied(static_cast<pjsip_sip_uri *>(pjsip_uri_get_uri(contact->uri))->user);
        if (gate::knows(user))
            return user;
    }
    return state.contactUser;
}

/** Say that this end keeps the connection alive, and ask how often (RFC 6223 section 4.1). */
void askToKeep(pjsip_tx_data *tdata)
{
    pjsip_via_hdr *via = find<pjsip_via_hdr>(tdata->msg, PJSIP_H_VIA);
    const pj_str_t name = text("keep");

    if (!via || !(tdata->tp_info.transport->flag & PJSIP_TRANSPORT_RELIABLE) ||
        pjsip_param_find(&via->other_param, &name))
    {
        return;
    }
    pjsip_param *keep = PJ_POOL_ZALLOC_T(tdata->pool, pjsip_param);
    keep->name = name;
    pj_list_push_back(&via->other_param, keep);
}

void judgeRegister(pjsip_tx_data *tdata)
{
    const std::string user = registeredUser(tdata->msg);

    onlyAddress(tdata, PJSIP_H_FROM);
    onlyAddress(tdata, PJSIP_H_TO);
    hideContacts(tdata, user, true);
    strip(tdata->msg, false, false, false);
    challenge::learn(tdata->msg);
    gate::setFlow(user, tdata->tp_info.transport, tdata->tp_info.dst_addr);
    askToKeep(tdata);
}

/** Decide for a request, and keep what later ones have to follow. */
bool decide(pjsip_msg *msg, const std::string &id, const Sent *sent)
{
    const pjsip_cseq_hdr *cseq = find<pjsip_cseq_hdr>(msg, PJSIP_H_CSEQ);
    const pjsip_to_hdr *to = find<pjsip_to_hdr>(msg, PJSIP_H_TO);
    const pjsip_method_e method = msg->line.req.method.id;
    const pj_int32_t number = cseq ? cseq->cseq : -1;
    Promise *kept = promiseOf(id);
    bool hidden;

    if (sent)
        return sent->hidden;
    if (kept && kept->inviteSeq == number && (method == PJSIP_ACK_METHOD || method == PJSIP_CANCEL_METHOD))
        return kept->inviteHidden; // RFC 3261 sections 9.1 and 17.1.1.3
    hidden = hides(kept);
    if (method == PJSIP_INVITE_METHOD) {
        Promise &made = promise(id);
        made.inviteSeq = number;
        made.inviteHidden = hidden;
        made.inDialog = to && to->tag.slen > 0;
        made.closed = made.closed || (hidden && to && to->tag.slen == 0);
    }
    return hidden;
}

bool opensCall(const pjsip_msg *msg)
{
    const pjsip_to_hdr *to = find<pjsip_to_hdr>(msg, PJSIP_H_TO);
    return msg->line.req.method.id == PJSIP_INVITE_METHOD && to && to->tag.slen == 0;
}

void judgeRequest(pjsip_tx_data *tdata)
{
    const std::string id = callId(tdata->msg);
    const pj_str_t branch = topBranch(tdata->msg);
    const Sent *sent = earlier(tdata, branch);

    if (sent && pjsip_tx_data_is_valid(tdata))
        return; // a retransmission
    if (tdata->msg->line.req.method.id == PJSIP_REGISTER_METHOD) {
        judgeRegister(tdata);
    } else if (asksForOwnMailbox(tdata->msg)) {
        onlyAddress(tdata, PJSIP_H_FROM);
        onlyAddress(tdata, PJSIP_H_TO);
        hideContacts(tdata, registeredUser(tdata->msg), true);
        strip(tdata->msg, false, false, false);
        challenge::strip(tdata->msg);
    } else {
        takeMark(tdata->msg, id);
        takeAsked(tdata->msg, id);
        const bool hidden = decide(tdata->msg, id, sent);
        const Promise *kept = promiseOf(id);
        const bool full = kept && kept->level == FULL;
        const bool secure = (tdata->tp_info.transport->flag & PJSIP_TRANSPORT_SECURE) != 0;

        const bool refers = pj_stricmp2(&tdata->msg->line.req.method.name, "REFER") == 0;

        strip(tdata->msg, full, !hidden || (state.preferredIdentity && secure), !hidden && refers);
        challenge::strip(tdata->msg);
        hideContacts(tdata, full ? registeredUser(tdata->msg) : contactUser(id), false);
        if (hidden) {
            hideFrom(tdata);
            askForPrivacy(tdata, kept);
        } else if (opensCall(tdata->msg)) {
            proving::prove(tdata);
        }
        if (sent == NULL)
            remember(tdata, branch, hidden);
    }
    pjsip_tx_data_invalidate_msg(tdata);
}

void judgeResponse(pjsip_tx_data *tdata)
{
    pjsip_msg *msg = tdata->msg;
    const int code = msg->line.status.code;
    const pjsip_cseq_hdr *cseq = find<pjsip_cseq_hdr>(msg, PJSIP_H_CSEQ);
    const std::string id = callId(msg);
    char printed[16];

    // A response keeps its transaction while its status may still change.
    pj_ansi_snprintf(printed, sizeof(printed), "%d", code);
    const pj_str_t status = pj_str(printed);
    if (earlier(tdata, status) && pjsip_tx_data_is_valid(tdata))
        return; // a retransmission
    takeMark(msg, id);
    takeAsked(msg, id);
    const Promise *kept = promiseOf(id);
    const bool hidden = hides(kept);

    strip(msg, kept && kept->level == FULL, !hidden, false);
    if (code / 100 == 3)
        onlyOtherContacts(msg);
    else
        hideContacts(tdata, contactUser(id), false);
    if (hidden && code > 100 && code < 300) {
        askForPrivacy(tdata, kept);
        if (cseq && cseq->method.id == PJSIP_INVITE_METHOD)
            promise(id).closed = true;
    }
    remember(tdata, status, hidden);
    pjsip_tx_data_invalidate_msg(tdata);
}

/** Whatever fails, the message does not leave. */
template <void (*judge)(pjsip_tx_data *)>
pj_status_t judged(pjsip_tx_data *tdata)
{
    try {
        judge(tdata);
        return PJ_SUCCESS;
    } catch (const std::exception &) {
        return PJ_ENOMEM;
    }
}

pj_status_t onTxRequest(pjsip_tx_data *tdata)
{
    return judged<judgeRequest>(tdata);
}

pj_status_t onTxResponse(pjsip_tx_data *tdata)
{
    return judged<judgeResponse>(tdata);
}

// --- what comes back -------------------------------------------------------------------------------

/** Whether a challenge can be the provider's: it asks once, before it lets an INVITE through. What comes
 *  later, under whatever name, is the far end's. In a private call nothing is proven that the provider did
 *  not ask for in the INVITE. NOTIFY always, for a watcher must learn that we are gone.
 */
bool mayAsk(const Promise &kept, const pjsip_cseq_hdr &cseq)
{
    const bool heldBack = hides(&kept) && !kept.proven;

    if (kept.level == FULL)
        return true; // for help it is worth another try
    if (cseq.method.id != PJSIP_INVITE_METHOD)
        return !heldBack;
    return !kept.passedOn && (kept.provenSeq < 0 || kept.provenSeq == cseq.cseq) &&
           !(kept.inDialog && heldBack);
}

void judgeAnswer(pjsip_rx_data *rdata)
{
    const int code = rdata->msg_info.msg->line.status.code;
    const pjsip_cseq_hdr &cseq = *rdata->msg_info.cseq;
    const bool invite = cseq.method.id == PJSIP_INVITE_METHOD;
    Promise *kept = promiseOf(copied(rdata->msg_info.cid->id));

    if (kept && invite && code > 100 && code < 200) {
        kept->passedOn = true;
    } else if (kept && invite && code >= 200 && code < 300) {
        kept->passedOn = false; // a re-INVITE may be asked again
        kept->provenSeq = -1;
    }
    if (cseq.method.id == PJSIP_REGISTER_METHOD && code / 100 == 2)
        gate::learnKeep(rdata);
    if ((code != 401 && code != 407) || cseq.method.id == PJSIP_REGISTER_METHOD)
        return;
    if (challenge::judge(rdata, kept == NULL || mayAsk(*kept, cseq)) && kept && invite) {
        kept->provenSeq = cseq.cseq;
        kept->proven = true;
    }
}

pj_bool_t onRxResponse(pjsip_rx_data *rdata)
{
    try {
        judgeAnswer(rdata);
        return PJ_FALSE;
    } catch (const std::exception &) {
        return PJ_TRUE; // nobody hears of it
    }
}

// --- the module ------------------------------------------------------------------------------------

pj_status_t onLoad(pjsip_endpoint *)
{
    state = State();
    gate::reset();
    challenge::reset();
    const std::string key = random(sizeof(state.key));
    std::memcpy(state.key, key.data(), sizeof(state.key));
    return PJ_SUCCESS;
}

} // namespace

namespace pj
{

namespace
{

/** The library asks whom a request from outside is for; what names nobody is for the first account. */
void onAccountSought(const pjsip_rx_data *rdata, pjsua_acc_id *account)
{
    const int found = gate::accountOf(rdata);
    if (found >= 0)
        *account = found;
}

void bringIn()
{
    if (pjsua_get_pjsip_endpt() == NULL)
        PJSUA2_RAISE_ERROR2(PJ_EINVALIDOP, "disclosure before libInit()");
    if (module.id < 0)
        PJSUA2_CHECK_EXPR(pjsip_endpt_register_module(pjsua_get_pjsip_endpt(), &module));
    pjsua_var.ua_cfg.cb.on_acc_find_for_incoming = &onAccountSought;
}

} // namespace

void setDisclosure(bool identity, const std::string &privacy, bool preferredIdentity) PJSUA2_THROW(Error)
{
    bringIn();
    state.identity = identity;
    state.privacy = privacy;
    state.preferredIdentity = preferredIdentity;
}

void setContactUser(const std::string &user) PJSUA2_THROW(Error)
{
    pj_str_t value = { const_cast<char *>(user.data()), static_cast<pj_ssize_t>(user.size()) };

    bringIn();
    PJSUA2_CHECK_EXPR(pjsua_set_contact_user(&value));
    state.contactUser = user;
    gate::setContactUser(-1, user);
}

void setAccountContactUser(int accountId, const std::string &user) PJSUA2_THROW(Error)
{
    pj_str_t value = { const_cast<char *>(user.data()), static_cast<pj_ssize_t>(user.size()) };

    bringIn();
    PJSUA2_CHECK_EXPR(pjsua_acc_set_contact_user(accountId, &value));
    gate::setContactUser(accountId, user);
}

std::vector<int> accountsAt(const OnTransportStateParam &event)
{
    const pjsip_transport *transport = static_cast<const pjsip_transport *>(event.hnd);
    return transport ? gate::accountsAt(transport) : std::vector<int>();
}

void setFlowOnly(bool flowOnly) PJSUA2_THROW(Error)
{
    bringIn();
    gate::setFlowOnly(flowOnly);
}

} // namespace pj
