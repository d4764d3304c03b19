// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_measure.h"

#include <string.h>

#include "probes/session/dear.h"

static int number_bits(struct bytes number)
{
    while (number.length > 0 && number.data[0] == 0)
        (void)bytes_u8(&number);
    int bits = 8 * (int)number.length;
    for (uint8_t top = number.length == 0 ? 0x80 : number.data[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

bool exchange_refused(struct bytes body, struct observation *observation)
{
    struct bytes prime = bytes_slice(&body, bytes_u16(&body));
    if (prime.failed || body.failed)
        return false;
    int bits = number_bits(prime);
    learn_number(observation, FIELD(tls, dh_bits), bits);
    if (bits <= DEAR_DH_BITS)
        return false;
    learn_constant(observation, FIELD(tls, refused), "dh-group");
    return true;
}

struct certificates certificates_read(struct bytes body, bool since_13)
{
    // The object identifiers of prime fields and of fields of characteristic two, 1.2.840.10045.1.1 and .2, stand in a
    // key only where its curve is spelt out (RFC 3279 section 2.3.5). On a curve made for it one compressed point takes
    // OpenSSL 40 ms, while it decodes. Lengths before it may have been written in several ways, these bytes in one.
    static const uint8_t field_type[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01};
    struct certificates list = {.own_curve = false};
    if (since_13)
        (void)bytes_slice(&body, bytes_u8(&body));
    struct bytes certificates = bytes_slice(&body, bytes_u24(&body));
    list.own_curve = certificates.length > 0 &&
                     memmem(certificates.data, certificates.length, field_type, sizeof(field_type)) != NULL;
    while (!certificates.failed && certificates.length > 0) {
        struct bytes certificate = bytes_slice(&certificates, bytes_u24(&certificates));
        if (since_13)
            (void)bytes_slice(&certificates, bytes_u16(&certificates));
        if (list.count++ == 0)
            list.first = certificate;
    }
    list.failed = certificates.failed || body.failed || body.length != 0;
    return list;
}
