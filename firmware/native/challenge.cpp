// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "challenge.cpp"

#include <pjsip.h>
#include <challenge.hpp>

#include <map>
#include <string>

namespace
{

// A far end can challenge too (RFC 3261 section 22), and pjsip would answer
// anybody: with the login name, and a proof that the password can be guessed by.
std::map<std::string, std::string> realms; // registrar's host -> the realm of the latest REGISTER to it that
                                           // had credentials, or nothing

bool same(const std::string &one, const pj_str_t &other)
{
    const pj_str_t text = { const_cast<char *>(one.data()), static_cast<pj_ssize_t>(one.size()) };
    return !one.empty() && pj_stricmp(&text, &other) == 0;
}

/** A far end knows these names too; that it is not answered by them is disclosure.cpp's to see to. */
bool providers(const pj_str_t &name)
{
    // Some proxies take the realm from From, which is RFC 3323's in private.
    for (std::map<std::string, std::string>::const_iterator entry = realms.begin(); entry != realms.end(); ++entry) {
        if (same(entry->first, name) || same(entry->second, name))
            return true;
    }
    return pj_stricmp2(&name, "anonymous.invalid") == 0;
}

} // namespace

namespace challenge
{

void reset()
{
    realms.clear();
}

void learn(const pjsip_msg *registration)
{
    const pjsip_uri *uri = registration->line.req.uri;
    if (!PJSIP_URI_SCHEME_IS_SIP(uri) && !PJSIP_URI_SCHEME_IS_SIPS(uri))
        return;
    const pj_str_t &host = static_cast<const pjsip_sip_uri *>(pjsip_uri_get_uri(uri))->host;
    std::string &realm = realms[std::string(host.ptr, host.slen)];
    for (const pjsip_hdr *header = registration->hdr.next; header != &registration->hdr; header = header->next) {
        if (header->type == PJSIP_H_AUTHORIZATION || header->type == PJSIP_H_PROXY_AUTHORIZATION) {
            const pj_str_t &name =
                reinterpret_cast<const pjsip_authorization_hdr *>(header)->credential.common.realm;
            realm.assign(name.ptr, name.slen);
        }
    }
}

bool judge(pjsip_rx_data *rdata, bool mayAsk)
{
    pjsip_msg *msg = rdata->msg_info.msg;
    bool left = false;

    for (pjsip_hdr *header = msg->hdr.next, *next; header != &msg->hdr; header = next) {
        next = header->next;
        if (header->type != PJSIP_H_WWW_AUTHENTICATE && header->type != PJSIP_H_PROXY_AUTHENTICATE)
            continue;
        if (mayAsk && providers(reinterpret_cast<pjsip_www_authenticate_hdr *>(header)->challenge.common.realm))
            left = true;
        else
            pj_list_erase(header);
    }
    return left;
}

void strip(pjsip_msg *request)
{
    for (pjsip_hdr *header = request->hdr.next, *next; header != &request->hdr; header = next) {
        next = header->next;
        if ((header->type == PJSIP_H_AUTHORIZATION || header->type == PJSIP_H_PROXY_AUTHORIZATION) &&
            !providers(reinterpret_cast<pjsip_authorization_hdr *>(header)->credential.common.realm))
        {
            pj_list_erase(header);
        }
    }
}

} // namespace challenge
