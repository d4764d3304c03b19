// SPDX-License-Identifier: BSD-3-Clause
// TLS as a client meets it; and, since no random bytes get as far as a certificate, the certificate's reader alone.

#include <openssl/x509.h>

#include "probes/protocol/tls/tls_certificate.h"
#include "tests/fuzz/entry.h"
#include "tests/fuzz/feed.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    if (size > 2 && data[0] == 0x30) {
        const unsigned char *der = data;
        X509 *certificate = d2i_X509(NULL, &der, (long)size);
        struct observation observation;
        observation_init(&observation);
        if (certificate != NULL)
            certificate_observe(certificate, &observation);
        observation_fini(&observation);
        X509_free(certificate);
        return;
    }
    feed_session("tls", data, size);
}
