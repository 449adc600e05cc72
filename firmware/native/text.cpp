// SPDX-License-Identifier: GPL-3.0-or-later
#define THIS_FILE "text.cpp"

#include <pjsua2.hpp>
#include <pjsua-lib/pjsua_internal.h>
#include <text.hpp>

#include <openssl/crypto.h>

namespace
{

pjmedia_txt_stream *stream(int callId, unsigned medIdx)
{
    if (callId < 0 || callId >= static_cast<int>(pjsua_call_get_max_count()) || !pjsua_call_is_active(callId) ||
        medIdx >= pjsua_var.calls[callId].med_cnt ||
        pjsua_var.calls[callId].media[medIdx].type != PJMEDIA_TYPE_TEXT)
    {
        return NULL;
    }
    return pjsua_var.calls[callId].media[medIdx].strm.t.stream;
}

} // namespace

namespace pj
{

bool textSend(int callId, unsigned medIdx, bool redundant, bool marked, unsigned ageMs, const std::string &payload)
{
    pjmedia_txt_stream *text = stream(callId, medIdx);
    const unsigned flags = (redundant ? PJMEDIA_TXT_RED : 0) | (marked ? PJMEDIA_TXT_MARK : 0);
    std::string octets(payload.size() / 2, '\0');
    size_t length = 0;
    bool sent = false;

    if (text != NULL && !octets.empty() &&
        OPENSSL_hexstr2buf_ex(reinterpret_cast<unsigned char *>(&octets[0]), octets.size(), &length,
                              payload.c_str(), '\0') == 1)
    {
        sent = pjmedia_txt_stream_send_packet(text, flags, ageMs, octets.data(), static_cast<unsigned>(length)) ==
               PJ_SUCCESS;
    }
    if (!octets.empty())
        OPENSSL_cleanse(&octets[0], octets.size());
    return sent;
}

TextTypes textTypes(int callId, unsigned medIdx)
{
    pjmedia_txt_stream *text = stream(callId, medIdx);
    pjmedia_txt_stream_info info;
    TextTypes types = {0, 0};

    if (text != NULL && pjmedia_txt_stream_get_info(text, &info) == PJ_SUCCESS) {
        types.text = info.tx_pt;
        types.red = info.tx_red_pt;
    }
    return types;
}

} // namespace pj
