// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "watchers.cpp"

#include <pjsua2.hpp>
#include <pjsip_simple.h>
#include <pjsua-lib/pjsua_internal.h>
#include <watchers.hpp>

#include <map>

namespace
{

const int SHORTEST = 60;
const char SHORTEST_TEXT[] = "60"; // seconds; a shorter subscription is refused (RFC 6665 section 4.2.1.1)
const char RETRY_TEXT[] = "60";    // seconds, with 503

pj_str_t text(const char *chars)
{
    return pj_str(const_cast<char *>(chars));
}

/** Refuse what is not worth a dialog, with one more header field. */
void refuseAtOnce(pjsip_rx_data *rdata, int code, const char *name = NULL, const char *value = NULL)
{
    pjsip_hdr headers;
    pj_str_t field, content;

    pj_list_init(&headers);
    if (name) {
        field = text(name);
        content = text(value);
        pj_list_push_back(&headers, pjsip_generic_string_hdr_create(rdata->tp_info.pool, &field, &content));
    }
    pjsip_endpt_respond_stateless(pjsua_get_pjsip_endpt(), rdata, code, NULL, &headers, NULL);
}

/** Whether the watcher reads PIDF; without an Accept it does (RFC 3856 section 6.5). */
bool readsPidf(const pjsip_msg *msg)
{
    const pjsip_accept_hdr *accept =
        static_cast<const pjsip_accept_hdr *>(pjsip_msg_find_hdr(msg, PJSIP_H_ACCEPT, NULL));

    if (accept == NULL)
        return true;
    for (unsigned i = 0; i < accept->count; ++i) {
        if (pj_stricmp2(&accept->values[i], "application/pidf+xml") == 0 ||
            pj_stricmp2(&accept->values[i], "application/*") == 0 ||
            pj_stricmp2(&accept->values[i], "*/*") == 0)
        {
            return true;
        }
    }
    return false;
}

} // namespace

namespace pj
{

struct Watchers::Impl
{
    struct Subscription
    {
        pjsip_evsub *sub;
        pjsip_dialog *dialog;
        pjsip_tx_data *answer; // until accept() or refuse()
        std::string transaction;
        bool active;
        std::string body;
    };
    typedef std::map<int, Subscription> Table;

    Watchers *owner;
    int account;
    unsigned most;
    int last;
    Table table;

    static Impl *current;
    static pjsip_module mod;

    static pj_bool_t onRequest(pjsip_rx_data *rdata);
    static void onState(pjsip_evsub *sub, pjsip_event *event);
    static void onRefresh(pjsip_evsub *sub, pjsip_rx_data *rdata, int *code, pj_str_t **reason,
                          pjsip_hdr *headers, pjsip_msg_body **body);

    Table::iterator of(pjsip_evsub *sub);
    bool judge(pjsip_rx_data *rdata) const;
    pjsip_dialog *dialog(pjsip_rx_data *rdata) const;
    void take(pjsip_rx_data *rdata);
    bool own(const pjsip_transport *transport) const;
    bool answer(Subscription &subscription, int status);
    void tell(Table::iterator entry);
    static pj_status_t send(const Subscription &subscription, pjsip_evsub_state state,
                            const char *reason, const std::string &body);
    static void forget(const Subscription &subscription);
};

Watchers::Impl *Watchers::Impl::current = NULL;

// Before pjsua's own (PJSIP_MOD_PRIORITY_APPLICATION), which never sees a SUBSCRIBE.
pjsip_module Watchers::Impl::mod = {
    NULL, NULL,
    { const_cast<char *>("mod-watchers"), 12 },
    -1,
    PJSIP_MOD_PRIORITY_APPLICATION - 1,
    NULL, NULL, NULL, NULL,
    &Watchers::Impl::onRequest,
    NULL, NULL, NULL, NULL,
};

Watchers::Impl::Table::iterator Watchers::Impl::of(pjsip_evsub *sub)
{
    Table::iterator entry = table.begin();
    while (entry != table.end() && entry->second.sub != sub)
        ++entry;
    return entry;
}

pj_bool_t Watchers::Impl::onRequest(pjsip_rx_data *rdata)
{
    if (pjsip_method_cmp(&rdata->msg_info.msg->line.req.method, pjsip_get_subscribe_method()) != 0)
        return PJ_FALSE;
    if (current == NULL)
        refuseAtOnce(rdata, PJSIP_SC_TEMPORARILY_UNAVAILABLE);
    else if (current->judge(rdata))
        current->take(rdata);
    return PJ_TRUE;
}

/** Whether the request can be considered at all; it has its answer if not. */
bool Watchers::Impl::judge(pjsip_rx_data *rdata) const
{
    const pj_str_t name = text("Event"), compact = text("o");
    const pjsip_msg *msg = rdata->msg_info.msg;
    const pjsip_event_hdr *event =
        static_cast<const pjsip_event_hdr *>(pjsip_msg_find_hdr_by_names(msg, &name, &compact, NULL));
    const pjsip_expires_hdr *expires =
        static_cast<const pjsip_expires_hdr *>(pjsip_msg_find_hdr(msg, PJSIP_H_EXPIRES, NULL));

    if (event == NULL || pj_stricmp2(&event->event_type, "presence") != 0)
        refuseAtOnce(rdata, PJSIP_SC_BAD_EVENT, "Allow-Events", "presence");
    else if (!readsPidf(msg))
        refuseAtOnce(rdata, PJSIP_SC_NOT_ACCEPTABLE);
    else if (expires && expires->ivalue > 0 && expires->ivalue < SHORTEST)
        refuseAtOnce(rdata, PJSIP_SC_INTERVAL_TOO_BRIEF, "Min-Expires", SHORTEST_TEXT);
    else if (table.size() >= most)
        refuseAtOnce(rdata, PJSIP_SC_SERVICE_UNAVAILABLE, "Retry-After", RETRY_TEXT);
    else
        return true;
    return false;
}

/** A dialog for the request, locked; or NULL, and the request has its answer. */
pjsip_dialog *Watchers::Impl::dialog(pjsip_rx_data *rdata) const
{
    pjsua_acc &acc = pjsua_var.acc[account];
    pj_str_t contact = acc.contact;
    pjsip_dialog *dlg = NULL;
    pj_status_t status = PJ_SUCCESS;

    if (contact.slen == 0)
        status = pjsua_acc_create_uas_contact(rdata->tp_info.pool, &contact, account, rdata);
    if (status == PJ_SUCCESS)
        status = pjsip_dlg_create_uas_and_inc_lock(pjsip_ua_instance(), rdata, &contact, &dlg);
    if (status != PJ_SUCCESS) {
        refuseAtOnce(rdata, PJSIP_SC_BAD_REQUEST);
        return NULL;
    }
    if (acc.cfg.allow_via_rewrite && acc.via_addr.host.slen > 0)
        pjsip_dlg_set_via_sent_by(dlg, &acc.via_addr, static_cast<pjsip_transport *>(acc.via_tp));
    pjsip_auth_clt_set_credentials(&dlg->auth_sess, acc.cred_cnt, acc.cred);
    pjsip_auth_clt_set_prefs(&dlg->auth_sess, &acc.cfg.auth_pref);
    return dlg;
}

void Watchers::Impl::take(pjsip_rx_data *rdata)
{
    Subscription made = Subscription();
    pjsip_evsub_user callbacks;
    pjsip_tpselector selector;
    pj_status_t status;

    made.dialog = dialog(rdata);
    if (made.dialog == NULL)
        return;
    pj_bzero(&callbacks, sizeof(callbacks));
    callbacks.on_evsub_state = &Impl::onState;
    callbacks.on_rx_refresh = &Impl::onRefresh;
    status = pjsip_dlg_create_response(made.dialog, rdata, PJSIP_SC_FORBIDDEN, NULL, &made.answer);
    if (status == PJ_SUCCESS)
        status = pjsip_evsub_create_uas(made.dialog, &callbacks, rdata, 0, &made.sub);
    if (status != PJ_SUCCESS) {
        if (made.answer != NULL) {
            made.answer->msg->line.status.code = PJSIP_SC_BAD_REQUEST;
            made.answer->msg->line.status.reason = *pjsip_get_status_text(PJSIP_SC_BAD_REQUEST);
            pjsip_dlg_send_response(made.dialog, pjsip_rdata_get_tsx(rdata), made.answer);
        }
        pjsip_dlg_dec_lock(made.dialog);
        return;
    }
    pjsua_init_tpselector(account, &selector);
    pjsip_dlg_set_transport(made.dialog, &selector);
    pjsip_dlg_dec_lock(made.dialog);

    const pj_str_t &key = pjsip_rdata_get_tsx(rdata)->transaction_key;
    made.transaction.assign(key.ptr, key.slen);
    made.active = false;
    table[++last] = made;

    const std::string message(rdata->msg_info.msg_buf, rdata->msg_info.len);
    owner->onSubscribe(last, message, own(rdata->tp_info.transport));
}

/** Whether a request came on the connection that we registered by, over TLS (RFC 5626 section 3.1). */
bool Watchers::Impl::own(const pjsip_transport *transport) const
{
    pjsip_regc_info info;

    return (transport->flag & PJSIP_TRANSPORT_SECURE) && transport->dir == PJSIP_TP_DIR_OUTGOING &&
           pjsua_var.acc[account].regc != NULL &&
           pjsip_regc_get_info(pjsua_var.acc[account].regc, &info) == PJ_SUCCESS &&
           info.transport == transport;
}

/** Send the answer that waits. False: it cannot be sent, and the subscription must be forgotten. */
bool Watchers::Impl::answer(Subscription &subscription, int status)
{
    pjsip_tx_data *tdata = subscription.answer;
    const pj_str_t key = { const_cast<char *>(subscription.transaction.data()),
                           static_cast<pj_ssize_t>(subscription.transaction.size()) };
    pjsip_transaction *tsx = pjsip_tsx_layer_find_tsx(&key, PJ_FALSE);

    subscription.answer = NULL;
    if (tsx == NULL) {
        pjsip_tx_data_dec_ref(tdata);
        return false;
    }
    tdata->msg->line.status.code = status;
    tdata->msg->line.status.reason = *pjsip_get_status_text(status);
    if (status / 100 == 2) {
        const unsigned expires = pjsip_evsub_get_expires(subscription.sub);
        pjsip_msg_add_hdr(tdata->msg,
                          reinterpret_cast<pjsip_hdr *>(pjsip_expires_hdr_create(tdata->pool, expires)));
    }
    return pjsip_dlg_send_response(subscription.dialog, tsx, tdata) == PJ_SUCCESS;
}

pj_status_t Watchers::Impl::send(const Subscription &subscription, pjsip_evsub_state state,
                                 const char *reason, const std::string &body)
{
    pjsip_tx_data *tdata;
    const pj_str_t why = text(reason);
    pj_status_t status = pjsip_evsub_notify(subscription.sub, state, NULL, reason[0] ? &why : NULL, &tdata);

    if (status != PJ_SUCCESS)
        return status;
    if (!body.empty()) {
        const pj_str_t type = text("application"), subtype = text("pidf+xml");
        const pj_str_t content = { const_cast<char *>(body.data()), static_cast<pj_ssize_t>(body.size()) };
        tdata->msg->body = pjsip_msg_body_create(tdata->pool, &type, &subtype, &content);
    }
    return pjsip_evsub_send_request(subscription.sub, tdata);
}

/** Send what the watcher is to know now; a watcher that asked but once (Expires 0) has it then. */
void Watchers::Impl::tell(Table::iterator entry)
{
    const Subscription subscription = entry->second; // onState() may erase the entry meanwhile
    pjsip_evsub_state state = subscription.active ? PJSIP_EVSUB_STATE_ACTIVE : PJSIP_EVSUB_STATE_PENDING;
    const char *reason = "";

    if (pjsip_evsub_get_expires(subscription.sub) == 0) {
        state = PJSIP_EVSUB_STATE_TERMINATED;
        reason = "timeout";
    }
    if (send(subscription, state, reason, subscription.body) != PJ_SUCCESS)
        pjsip_evsub_terminate(subscription.sub, PJ_TRUE);
}

void Watchers::Impl::onState(pjsip_evsub *sub, pjsip_event *)
{
    if (current == NULL || pjsip_evsub_get_state(sub) != PJSIP_EVSUB_STATE_TERMINATED)
        return;
    const Table::iterator entry = current->of(sub);
    if (entry == current->table.end())
        return;
    const int id = entry->first;
    if (entry->second.answer != NULL)
        pjsip_tx_data_dec_ref(entry->second.answer);
    current->table.erase(entry);
    current->owner->onGone(id);
}

void Watchers::Impl::onRefresh(pjsip_evsub *sub, pjsip_rx_data *, int *code, pj_str_t **, pjsip_hdr *,
                               pjsip_msg_body **)
{
    const Table::iterator entry = current ? current->of(sub) : Table::iterator();
    if (current == NULL || entry == current->table.end() || entry->second.answer != NULL) {
        *code = PJSIP_SC_CALL_TSX_DOES_NOT_EXIST;
        return;
    }
    current->tell(entry);
}

/** The library keeps the session until its last transaction is over, and calls nobody any more. */
void Watchers::Impl::forget(const Subscription &subscription)
{
    if (subscription.answer != NULL)
        pjsip_tx_data_dec_ref(subscription.answer);
    pjsip_evsub_terminate(subscription.sub, PJ_FALSE);
}

Watchers::Watchers(int accountId, unsigned most) PJSUA2_THROW(Error) : impl(NULL)
{
    if (pjsua_get_pjsip_endpt() == NULL || !pjsua_acc_is_valid(accountId) || Impl::current != NULL)
        PJSUA2_RAISE_ERROR2(PJ_EINVALIDOP, "Watchers()");
    Impl::mod.id = -1;
    PJSUA2_CHECK_EXPR(pjsip_endpt_register_module(pjsua_get_pjsip_endpt(), &Impl::mod));
    impl = new Impl();
    impl->owner = this;
    impl->account = accountId;
    impl->most = most;
    impl->last = 0;
    Impl::current = impl;
}

Watchers::~Watchers()
{
    close();
}

void Watchers::onSubscribe(int id, const std::string &, bool)
{
    refuse(id, PJSIP_SC_FORBIDDEN);
}

void Watchers::onGone(int)
{
}

void Watchers::accept(int id, int status)
{
    if (impl == NULL)
        return;
    const Impl::Table::iterator entry = impl->table.find(id);
    if (entry == impl->table.end() || entry->second.answer == NULL)
        return;
    Impl::Subscription &subscription = entry->second;
    const unsigned expires = pjsip_evsub_get_expires(subscription.sub);

    if (!impl->answer(subscription, status))
        pjsip_evsub_terminate(subscription.sub, PJ_TRUE);
    else if (expires > 0)
        pjsip_evsub_uas_set_timeout(subscription.sub, expires);
}

void Watchers::refuse(int id, int status)
{
    if (impl == NULL)
        return;
    const Impl::Table::iterator entry = impl->table.find(id);
    if (entry == impl->table.end() || entry->second.answer == NULL)
        return;
    impl->answer(entry->second, status);
    const Impl::Subscription subscription = entry->second;
    impl->table.erase(entry);
    Impl::forget(subscription);
}

void Watchers::notify(int id, bool active, const std::string &body)
{
    if (impl == NULL)
        return;
    const Impl::Table::iterator entry = impl->table.find(id);
    if (entry == impl->table.end() || entry->second.answer != NULL)
        return;
    entry->second.active = active;
    entry->second.body = body;
    impl->tell(entry);
}

void Watchers::end(int id, const std::string &reason, const std::string &body)
{
    if (impl == NULL)
        return;
    const Impl::Table::iterator entry = impl->table.find(id);
    if (entry == impl->table.end() || entry->second.answer != NULL)
        return;
    const Impl::Subscription subscription = entry->second;
    impl->table.erase(entry);
    if (Impl::send(subscription, PJSIP_EVSUB_STATE_TERMINATED, reason.c_str(), body) != PJ_SUCCESS)
        Impl::forget(subscription);
}

void Watchers::close()
{
    if (impl == NULL)
        return;
    const Impl::Table left = impl->table;
    impl->table.clear();
    Impl::current = NULL;
    // After libDestroy() the module and the subscriptions are gone with the library.
    if (pjsua_get_pjsip_endpt() != NULL) {
        for (Impl::Table::const_iterator entry = left.begin(); entry != left.end(); ++entry)
            Impl::forget(entry->second);
        pjsip_endpt_unregister_module(pjsua_get_pjsip_endpt(), &Impl::mod);
    }
    delete impl;
    impl = NULL;
}

} // namespace pj
