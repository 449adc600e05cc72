// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "gate.cpp"

#include <pjsua2.hpp>
#include <pjsua-lib/pjsua_internal.h>
#include <gate.hpp>

#include <algorithm>
#include <map>
#include <time.h>

namespace
{

// To those who get 405 (RFC 3261 section 21.4.6); the same in every state.
const char ALLOWED[] = "INVITE, ACK, BYE, CANCEL, SUBSCRIBE";

// The way of one account to its server.
struct Flow
{
    std::string contactUser;
    int type; // of the transport that REGISTER leaves by
    pj_sockaddr server;
    pjsip_transport *transport; // while it stands; NULL over UDP
    int keep;                   // seconds between two pings that the server wants, or 0
    unsigned pongs;

    Flow() : type(PJSIP_TRANSPORT_UNSPECIFIED), transport(NULL), keep(0), pongs(0)
    {
        pj_bzero(&server, sizeof(server));
    }
};

// So many at once, and so many a second from then on.
class Allowance
{
public:
    Allowance(double burst, double perSecond) : burst_(burst), perSecond_(perSecond), left_(burst), at_(0) {}

    bool take()
    {
        timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        const double seconds = now.tv_sec + now.tv_nsec / 1e9;
        left_ = std::min(burst_, left_ + (seconds - at_) * perSecond_);
        at_ = seconds;
        if (left_ < 1)
            return false;
        left_ -= 1;
        return true;
    }

private:
    double burst_, perSecond_, left_, at_;
};

typedef std::map<int, Flow> Flows; // by accounts; -1: of all that have none of their own

struct State
{
    bool flowOnly;
    Flows flows;
    Allowance calls, subscriptions, answers;

    State() : flowOnly(false), calls(40, 10), subscriptions(40, 10), answers(100, 50) {}
};

State state;

pj_str_t text(const char *chars)
{
    return pj_str(const_cast<char *>(chars));
}

/** A connection that ends is nobody's any more. */
void onState(pjsip_transport *transport, pjsip_transport_state now, const pjsip_transport_state_info *)
{
    if (now == PJSIP_TP_STATE_CONNECTED)
        return;
    for (Flows::iterator entry = state.flows.begin(); entry != state.flows.end(); ++entry) {
        if (entry->second.transport == transport)
            entry->second.transport = NULL;
    }
}

bool inDialog(const pjsip_rx_data *rdata)
{
    const pj_str_t &id = rdata->msg_info.cid->id;
    const pj_str_t &ours = rdata->msg_info.to->tag, &theirs = rdata->msg_info.from->tag;
    const pj_str_t none = text("");

    if (ours.slen == 0)
        return false;
    return pjsip_ua_find_dialog(&id, &ours, &theirs, PJ_FALSE) != NULL ||
           pjsip_ua_find_dialog(&id, &ours, &none, PJ_FALSE) != NULL; // nobody has answered yet
}

/** The user that a URI names; empty: none. */
std::string userOf(const pjsip_uri *uri)
{
    if (!PJSIP_URI_SCHEME_IS_SIP(uri) && !PJSIP_URI_SCHEME_IS_SIPS(uri))
        return std::string();
    const pj_str_t &user = static_cast<const pjsip_sip_uri *>(pjsip_uri_get_uri(uri))->user;
    return user.slen > 0 ? std::string(user.ptr, user.slen) : std::string();
}

bool isForContactUser(const pjsip_msg *msg, const Flow &flow)
{
    return !flow.contactUser.empty() && userOf(msg->line.req.uri) == flow.contactUser;
}

bool cameBy(const Flow &flow, const pjsip_rx_data *rdata)
{
    const pjsip_transport *transport = rdata->tp_info.transport;
    if (transport->key.type != flow.type)
        return false;
    if (transport->flag & PJSIP_TRANSPORT_RELIABLE) {
        return transport->dir == PJSIP_TP_DIR_OUTGOING &&
               pj_sockaddr_cmp(&transport->key.rem_addr, &flow.server) == 0;
    }
    return pj_sockaddr_cmp(&rdata->pkt_info.src_addr, &flow.server) == 0 &&
           isForContactUser(rdata->msg_info.msg, flow);
}

bool cameByOurFlow(const pjsip_rx_data *rdata)
{
    for (Flows::const_iterator entry = state.flows.begin(); entry != state.flows.end(); ++entry) {
        if (cameBy(entry->second, rdata))
            return true;
    }
    return false;
}

/** Whether a request names the account by its address: some servers put that into its first line. */
bool isForAddress(const pjsip_rx_data *rdata, int account)
{
    const pj_str_t &own = pjsua_var.acc[account].user_part;
    const std::string user(own.ptr, own.slen > 0 ? own.slen : 0);

    return !user.empty() && (userOf(rdata->msg_info.msg->line.req.uri) == user ||
                             userOf(rdata->msg_info.to->uri) == user);
}

pj_bool_t answer(pjsip_rx_data *rdata, int status, const char *name = NULL, const char *value = NULL)
{
    pjsip_hdr headers;

    // In a storm an answer to each would be the second half of it.
    if (!cameByOurFlow(rdata) && !state.answers.take())
        return PJ_TRUE;
    pj_list_init(&headers);
    if (name) {
        const pj_str_t field = text(name), content = text(value);
        pj_list_push_back(&headers, pjsip_generic_string_hdr_create(rdata->tp_info.pool, &field, &content));
    }
    pjsip_endpt_respond_stateless(pjsua_get_pjsip_endpt(), rdata, status, NULL, &headers, NULL);
    return PJ_TRUE;
}

bool is(const pjsip_method &method, const char *name)
{
    return pj_strcmp2(&method.name, name) == 0;
}

bool has(const pjsip_msg *msg, const char *header)
{
    const pj_str_t name = text(header);
    return pjsip_msg_find_hdr_by_name(msg, &name, NULL) != NULL;
}

/** Octets after the empty line. A multipart body does not say it itself. */
pj_ssize_t bodyLength(const pjsip_rx_data *rdata)
{
    const pj_str_t whole = { rdata->msg_info.msg_buf, rdata->msg_info.len }, gap = text("\r\n\r\n");
    const char *end = pj_strstr(&whole, &gap);

    return end ? whole.ptr + whole.slen - (end + gap.slen) : 0;
}

/**
 * What the parser lets pass and RFC 3261 does not: a field twice that may stand once (section 7.3.1), another
 * method in CSeq (section 8.1.1.5), a datagram that ends before its body (section 18.3).
 */
bool isMalformed(const pjsip_rx_data *rdata)
{
    const pjsip_msg *msg = rdata->msg_info.msg;
    const pjsip_clen_hdr *length = rdata->msg_info.clen;
    bool seen[PJSIP_H_OTHER] = {};

    if (pjsip_method_cmp(&rdata->msg_info.cseq->method, &msg->line.req.method) != 0)
        return true;
    if (length && length->len > bodyLength(rdata))
        return true;
    for (const pjsip_hdr *field = msg->hdr.next; field != &msg->hdr; field = field->next) {
        switch (field->type) {
        case PJSIP_H_CALL_ID:
        case PJSIP_H_CONTENT_LENGTH:
        case PJSIP_H_CONTENT_TYPE:
        case PJSIP_H_CSEQ:
        case PJSIP_H_FROM:
        case PJSIP_H_MAX_FORWARDS:
        case PJSIP_H_TO:
            if (seen[field->type])
                return true;
            seen[field->type] = true;
            break;
        default:
            break;
        }
    }
    return false;
}

/** Too many at once (RFC 3261 section 21.5.4): nothing is kept of it, so a storm costs no memory. */
pj_bool_t refuseForNow(pjsip_rx_data *rdata)
{
    return answer(rdata, PJSIP_SC_SERVICE_UNAVAILABLE, "Retry-After", "10");
}

/** A request outside a dialog from one who may send it. OPTIONS is presence too: the same at all times. */
pj_bool_t judgeOutside(pjsip_rx_data *rdata)
{
    const pjsip_msg *msg = rdata->msg_info.msg;
    const pjsip_method &method = msg->line.req.method;

    if (is(method, "SUBSCRIBE") && !state.subscriptions.take())
        return refuseForNow(rdata);
    if (method.id == PJSIP_CANCEL_METHOD || rdata->msg_info.to->tag.slen > 0 || is(method, "SUBSCRIBE"))
        return PJ_FALSE; // the layers above find the INVITE, answer 481, or know the watchers
    if (method.id == PJSIP_INVITE_METHOD) {
        // Nobody joins a call that they are not in (RFC 3911). Whose call is replaced is decided in Python.
        if (has(msg, "Join"))
            return answer(rdata, PJSIP_SC_CALL_TSX_DOES_NOT_EXIST);
        return state.calls.take() ? PJ_FALSE : refuseForNow(rdata);
    }
    if (method.id == PJSIP_OPTIONS_METHOD)
        return answer(rdata, PJSIP_SC_TEMPORARILY_UNAVAILABLE);
    if (method.id == PJSIP_BYE_METHOD || is(method, "NOTIFY") || is(method, "PRACK") ||
        is(method, "UPDATE") || is(method, "INFO"))
    {
        return answer(rdata, PJSIP_SC_CALL_TSX_DOES_NOT_EXIST); // RFC 6665 section 4.1.3
    }
    return answer(rdata, PJSIP_SC_METHOD_NOT_ALLOWED, "Allow", ALLOWED);
}

} // namespace

namespace gate
{

pj_bool_t judge(pjsip_rx_data *rdata)
{
    const bool isAck = rdata->msg_info.msg->line.req.method.id == PJSIP_ACK_METHOD;
    const bool isInside = isAck || inDialog(rdata);

    if (!isInside && state.flowOnly && !cameByOurFlow(rdata))
        return answer(rdata, PJSIP_SC_FORBIDDEN);
    if (isMalformed(rdata))
        return isAck || answer(rdata, PJSIP_SC_BAD_REQUEST);
    return isInside ? PJ_FALSE : judgeOutside(rdata);
}

void reset()
{
    state = State();
}

void setFlowOnly(bool flowOnly)
{
    state.flowOnly = flowOnly;
}

void setContactUser(int account, const std::string &user)
{
    state.flows[account].contactUser = user;
}

bool knows(const std::string &user)
{
    for (Flows::const_iterator entry = state.flows.begin(); entry != state.flows.end(); ++entry) {
        if (!user.empty() && entry->second.contactUser == user)
            return true;
    }
    return false;
}

void setFlow(const std::string &contactUser, pjsip_transport *transport, const pj_sockaddr &server)
{
    const bool connection = (transport->flag & PJSIP_TRANSPORT_RELIABLE) != 0;
    pjsip_tp_state_listener_key *key;

    for (Flows::iterator entry = state.flows.begin(); entry != state.flows.end(); ++entry) {
        Flow &flow = entry->second;
        if (flow.contactUser != contactUser)
            continue;
        flow.type = transport->key.type;
        pj_sockaddr_cp(&flow.server, &server);
        if (!connection || flow.transport == transport)
            continue;
        flow.keep = 0;
        flow.pongs = 0;
        flow.transport =
            pjsip_transport_add_state_listener(transport, &onState, NULL, &key) == PJ_SUCCESS ? transport : NULL;
    }
}

pjsip_transport *transportOf(int account)
{
    const Flows::const_iterator entry = state.flows.find(account);
    return entry == state.flows.end() ? NULL : entry->second.transport;
}

void learnKeep(const pjsip_rx_data *rdata)
{
    const pj_str_t name = text("keep");
    const pjsip_param *found =
        rdata->msg_info.via ? pjsip_param_find(&rdata->msg_info.via->other_param, &name) : NULL;

    if (found == NULL || found->value.slen <= 0)
        return;
    for (Flows::iterator entry = state.flows.begin(); entry != state.flows.end(); ++entry) {
        if (entry->second.transport == rdata->tp_info.transport)
            entry->second.keep = static_cast<int>(pj_strtoul(&found->value) & 0xFFFF);
    }
}

int keepOf(int account)
{
    const Flows::const_iterator entry = state.flows.find(account);
    return entry == state.flows.end() ? 0 : entry->second.keep;
}

void countPong(const pjsip_transport *transport)
{
    for (Flows::iterator entry = state.flows.begin(); entry != state.flows.end(); ++entry)
        entry->second.pongs += entry->second.transport == transport;
}

unsigned pongsOf(int account)
{
    const Flows::const_iterator entry = state.flows.find(account);
    return entry == state.flows.end() ? 0 : entry->second.pongs;
}

int accountOf(const pjsip_rx_data *rdata)
{
    int first = -1, addressed = -1;

    for (Flows::const_iterator entry = state.flows.begin(); entry != state.flows.end(); ++entry) {
        const int account = entry->first;
        if (account < 0 || !pjsua_acc_is_valid(account) || !cameBy(entry->second, rdata))
            continue;
        if (isForContactUser(rdata->msg_info.msg, entry->second))
            return account;
        if (addressed < 0 && isForAddress(rdata, account))
            addressed = account;
        if (first < 0)
            first = account;
    }
    return addressed >= 0 ? addressed : first;
}

std::vector<int> accountsAt(const pjsip_transport *transport)
{
    std::vector<int> found;

    for (Flows::const_iterator entry = state.flows.begin(); entry != state.flows.end(); ++entry) {
        if (entry->first >= 0 && entry->second.type == transport->key.type &&
            pj_sockaddr_cmp(&entry->second.server, &transport->key.rem_addr) == 0)
        {
            found.push_back(entry->first);
        }
    }
    return found;
}

} // namespace gate
