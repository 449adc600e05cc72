/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How pjproject is configured for a desk phone. */

/* Encrypted media: both keyings, and the strongest suites */
#define PJMEDIA_SRTP_HAS_DTLS                   1
#define PJMEDIA_SRTP_HAS_SDES                   1
#define PJMEDIA_SRTP_HAS_AES_GCM_128            1
#define PJMEDIA_SRTP_HAS_AES_GCM_256            1

/* TLS 1.2 and DTLS 1.2: forward secrecy and AEAD, nothing else; the suites of TLS 1.3 are all so */
#define PJ_SSL_SOCK_OSSL_CIPHERS                "ECDHE+AESGCM:ECDHE+CHACHA20"
#define PJMEDIA_SRTP_DTLS_OSSL_CIPHERS          "ECDHE+AESGCM:ECDHE+CHACHA20"

/* One account and a call or two: small tables */
#define PJSUA_MAX_CALLS                         8
#define PJSUA_MAX_ACC                           8

/* A replayed packet is dropped, also in the first hundred of a call: SRTP does
 * not start again for it
 */
#define PJMEDIA_SRTP_CHECK_RTP_SEQ_ON_RESTART   0

#define PJ_HAS_IPV6                             1

/* A media port takes what comes while its thread waits for the processor: 64 kB
 * are full after fifty large packets, and then speech is lost to garbage. The
 * kernel may give less.
 */
#define PJMEDIA_TRANSPORT_SO_RCVBUF_SIZE        (1024 * 1024)

/* Never ask the name server for this machine's own name */
#define PJ_GETHOSTIP_DISABLE_LOCAL_RESOLUTION   1

/* G.722 at the level of other telephones: they take 15 of the 16 bits, not 14,
 * and a peak is clipped instead of changing the level for the rest of the call
 */
#define PJMEDIA_G722_DEFAULT_PCM_SHIFT          1
#define PJMEDIA_G722_STOP_PCM_SHIFT_ON_CLIPPING 0

/* The log can be turned up to the messages themselves at run time */
#define PJ_LOG_MAX_LEVEL                        5

/* An identity token (RFC 8225) or a long route makes large messages */
#define PJSIP_MAX_PKT_LEN                       8000

/* Seconds after which a watcher must ask again: what it was told of a phone
   that lost power holds no longer than this */
#define PJSIP_PRES_DEFAULT_EXPIRES              300

/* What a colleague's telephone says is read in Python (dialog_info.py), strictly;
   what the library makes of it, and fails at, is of no use */
#define PJSIP_DLG_EVENT_BAD_CONTENT_RESPONSE    200

/* Who connects to us and says nothing is let go after ten seconds, and who has
 * said something after two minutes of silence
 */
#define PJSIP_TRANSPORT_SERVER_IDLE_TIME_FIRST  10
#define PJSIP_TRANSPORT_SERVER_IDLE_TIME        120
