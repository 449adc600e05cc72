// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "refer.cpp"

#include <pjsua2.hpp>
#include <pjsua-lib/pjsua_internal.h>
#include <refer.hpp>

#include <map>

extern "C" void (*pjsua_refer_waits)(pjsua_call_id, pjsip_evsub *);

namespace
{

typedef std::map<int, pjsip_evsub *> Waiting;

Waiting waiting;           // number -> the subscription that REFER made
std::map<int, int> latest; // call -> number
int last = 0;

void wait(pjsua_call_id call, pjsip_evsub *sub)
{
    latest.erase(call);
    if (sub == NULL || pjsip_evsub_add_ref(sub) != PJ_SUCCESS)
        return;
    waiting[++last] = sub;
    latest[call] = last;
}

/** Before the first call: no REFER is ever followed by the library itself. */
struct Hook
{
    Hook() { pjsua_refer_waits = &wait; }
} hook;

} // namespace

namespace pj
{

int referTaken(int callId)
{
    const std::map<int, int>::iterator entry = latest.find(callId);
    if (entry == latest.end())
        return 0;
    const int number = entry->second;
    latest.erase(entry);
    return number;
}

void referProgress(int number, int status)
{
    const Waiting::iterator entry = waiting.find(number);
    if (entry == waiting.end())
        return;
    pjsip_evsub *const sub = entry->second;
    const bool over = status >= 200;
    pjsip_tx_data *tdata = NULL;

    if (pjsip_evsub_get_state(sub) != PJSIP_EVSUB_STATE_TERMINATED) {
        const pjsip_evsub_state told = over ? PJSIP_EVSUB_STATE_TERMINATED : PJSIP_EVSUB_STATE_ACTIVE;
        if (pjsip_xfer_notify(sub, told, status, NULL, &tdata) == PJ_SUCCESS)
            pjsip_xfer_send_request(sub, tdata);
    }
    if (over) {
        waiting.erase(number);
        pjsip_evsub_dec_ref(sub);
    }
}

void referForget()
{
    for (Waiting::iterator entry = waiting.begin(); entry != waiting.end(); ++entry)
        pjsip_evsub_dec_ref(entry->second);
    waiting.clear();
    latest.clear();
}

} // namespace pj
