// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_offer.h"

#include <errno.h>
#include <openssl/rand.h>

#include "probes/protocol/tls/tls_hello.h"
#include "probes/protocol/tls/tls_names.h"

enum { CIPHERS_MAX = 128, CHALLENGE_BYTES = 16, SESSION_ID_BYTES = 32 };

static const uint16_t ciphers_1_3[] = {0x1301, 0x1303, 0x1302, 0x1304, 0x1305};

// Elliptic curves first, authenticated ciphers first, short keys before long ones, as servers without an order of their
// own should choose. Then without forward secrecy, with keys from elsewhere (a ServerHello takes none); 3DES, RC4, DES,
// export; nobody's name; nothing encrypted. Not more than 128: some old servers take no longer list.
static const uint16_t ciphers_1_2[] = {
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0xc023, 0xc027, 0xc024,
    0xc028, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0x009e, 0x009f, 0xccaa, 0x00a2, 0x00a3, 0x0033, 0x0039, 0x0067,
    0x006b, 0x0032, 0x0038, 0xc09e, 0xc09f, 0xc05c, 0xc060, 0xc072, 0xc076, 0x0045, 0x0088, 0x009a, 0xc08b,
    0xc08a, 0xc087, 0xc086, 0xc07d, 0xc07c, 0xc061, 0xc05d, 0xc053, 0xc052, 0xc077, 0xc073, 0x00be, 0x00c4,
    0xc004, 0xc00e, 0xc005, 0xc00f, 0x009c, 0x009d, 0xc09c, 0xc09d, 0xc0a0, 0x002f, 0x0035, 0x003c, 0x003d,
    0xc050, 0x0041, 0x0084, 0x0096, 0xc07b, 0xc07a, 0xc051, 0x00ba, 0x00c0, 0xc0a1, 0xccac, 0xccab, 0xc037,
    0xc035, 0xc036, 0xc038, 0x00aa, 0x0090, 0x00a8, 0x00a9, 0x00ae, 0x00af, 0x008c, 0x008d, 0x0007, 0xc008,
    0xc012, 0x0016, 0x0013, 0x000a, 0xc007, 0xc011, 0x0005, 0x0004, 0x0015, 0x0012, 0x0009, 0x0014, 0x0011,
    0x0008, 0x0006, 0x0003, 0x00a6, 0xc018, 0x006c, 0x0034, 0x001b, 0xc016, 0x0018, 0x001a, 0x0019, 0x0017,
    0x0089, 0xc019, 0x00a7, 0x003b, 0xc006, 0xc010, 0x0002, 0x0001, 0xc015, 0x00b0, 0x002c,
};

// Of before TLS 1.2.
static const uint16_t ciphers_old[] = {
    0xc009, 0xc013, 0xc00a, 0xc014, 0x0033, 0x0039, 0x0032, 0x0038, 0x0045, 0x0088, 0x009a, 0x0044, 0x0087,
    0x0099, 0xc004, 0xc00e, 0xc005, 0xc00f, 0x002f, 0x0035, 0x0041, 0x0084, 0x0096, 0x008c, 0x0090, 0x0094,
    0xc035, 0x0007, 0xc008, 0xc012, 0x0016, 0x0013, 0x000a, 0x000d, 0x0010, 0xc003, 0xc00d, 0xc007, 0xc011,
    0x0005, 0x0004, 0xc002, 0xc00c, 0x0015, 0x0012, 0x0009, 0x0014, 0x0011, 0x0008, 0x0006, 0x0003, 0x0062,
    0x0064, 0xc018, 0x0034, 0x001b, 0xc016, 0x0018, 0x001a, 0x0019, 0x0017, 0x003a, 0x0046, 0x0089, 0x009b,
    0xc017, 0xc019, 0xc006, 0xc010, 0x0002, 0x0001, 0x002c, 0xc001, 0xc00b, 0xc015, 0xc039,
};

// Not the groups of RFC 7919: a server shall show the one that it has for those who do not know them.
static const uint16_t groups_old[] = {29, 23, 24, 25, 30, 22, 26, 27, 28, 21, 19, 14, 13, 11, 12, 9, 10};
static const uint16_t groups_1_3[] = {0x11ec, 0x6399, 0x11eb, 0x11ed, 29,     23,     24,
                                      25,     30,     0x0100, 0x0101, 0x0102, 0x0103, 0x0104};
static const uint16_t groups_hybrid[] = {0x11ec, 0x6399, 0x11eb, 0x11ed};

static const uint16_t signatures[] = {0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a,
                                      0x080b, 0x0401, 0x0501, 0x0601, 0x0402, 0x0203, 0x0201, 0x0202, 0x0101};

// Something for everybody: a server that has none of the names it knows in the list may hang up.
static const char *const applications[] = {"h2",   "http/1.1", "http/1.0",   "smtp", "imap", "pop3",       "ftp",
                                           "mqtt", "dot",      "postgresql", "nntp", "irc",  "xmpp-client"};

static struct tls_numbers ciphers_of(uint16_t version)
{
    if (version >= TLS_1_3)
        return TLS_NUMBERS(ciphers_1_3);
    return version == TLS_1_2 ? TLS_NUMBERS(ciphers_1_2) : TLS_NUMBERS(ciphers_old);
}

// With these ciphers, behind which SSL 3.0 gets the sign that stands for an extension it cannot have (RFC 5746).
static int offer_write(uint16_t version, struct tls_numbers ciphers, bool names, const char *server,
                       struct buffer *ret_record)
{
    uint16_t with_sign[CIPHERS_MAX + 1];
    uint8_t random[TLS_RANDOM_BYTES];
    if (RAND_bytes(random, sizeof(random)) != 1)
        return -EIO;
    struct tls_hello hello = {
        .record_version = version == TLS_SSL3 ? TLS_SSL3 : TLS_1_0,
        .legacy_version = version,
        .random = random,
        .ciphers = ciphers,
    };
    if (version == TLS_SSL3) {
        for (size_t at = 0; at < ciphers.count; at++)
            with_sign[at] = ciphers.numbers[at];
        with_sign[ciphers.count] = 0x00ff;
        hello.ciphers = (struct tls_numbers){with_sign, ciphers.count + 1};
    } else {
        hello.server_name = server;
        hello.renegotiation_info = true;
        hello.groups = TLS_NUMBERS(groups_old);
        hello.point_formats = true;
    }
    if (version == TLS_1_2) {
        hello.signature_algorithms = TLS_NUMBERS(signatures);
        hello.alpn = applications;
        hello.alpn_count = names ? sizeof(applications) / sizeof(applications[0]) : 0;
    }
    return tls_hello_write(&hello, ret_record);
}

// RFC 8446 section 4.2.8: without a share the server has to say which group it wants.
static int offer_write_1_3(struct tls_numbers ciphers, struct tls_numbers groups, const char *server,
                           struct buffer *ret_record)
{
    static const uint16_t versions[] = {TLS_1_3};
    uint8_t random[TLS_RANDOM_BYTES];
    uint8_t session_id[SESSION_ID_BYTES];
    if (RAND_bytes(random, sizeof(random)) != 1 || RAND_bytes(session_id, sizeof(session_id)) != 1)
        return -EIO;
    const struct tls_hello hello = {
        .record_version = TLS_1_0,
        .legacy_version = TLS_1_2,
        .random = random,
        .session_id = bytes_of(session_id, sizeof(session_id)),
        .ciphers = ciphers,
        .server_name = server,
        .groups = groups,
        .versions = TLS_NUMBERS(versions),
        .signature_algorithms = TLS_NUMBERS(signatures),
        .key_share_empty = true,
    };
    return tls_hello_write(&hello, ret_record);
}

int tls_offer_version(uint16_t version, bool names, const char *server, struct buffer *ret_record)
{
    return offer_write(version, ciphers_of(version), names, server, ret_record);
}

int tls_offer_reversed(uint16_t version, uint16_t chosen, bool names, const char *server, struct buffer *ret_record)
{
    uint16_t reversed[CIPHERS_MAX];
    size_t count = 0;
    struct tls_numbers list = ciphers_of(version);
    for (size_t at = list.count; at-- > 0;) {
        uint16_t cipher = list.numbers[at];
        if (cipher != chosen && (version == TLS_1_3 || !tls_cipher_common(chosen) || tls_cipher_common(cipher)))
            reversed[count++] = cipher;
    }
    reversed[count++] = chosen;
    struct tls_numbers ciphers = {reversed, count};
    return version == TLS_1_3 ? offer_write_1_3(ciphers, TLS_NUMBERS(groups_1_3), server, ret_record)
                              : offer_write(version, ciphers, names, server, ret_record);
}

int tls_offer_hybrid(const char *server, struct buffer *ret_record)
{
    return offer_write_1_3(TLS_NUMBERS(ciphers_1_3), TLS_NUMBERS(groups_hybrid), server, ret_record);
}

int tls_offer_ssl2(struct buffer *ret_record)
{
    uint8_t challenge[CHALLENGE_BYTES];
    if (RAND_bytes(challenge, sizeof(challenge)) != 1)
        return -EIO;
    return tls_hello_write_ssl2(challenge, ret_record);
}
