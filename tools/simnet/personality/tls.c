// SPDX-License-Identifier: BSD-3-Clause
// TLS as OpenSSL's server speaks it: any version and cipher that it has, at its own speed.
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "tools/simnet/personality/personality.h"

struct tls_state {
    SSL *ssl;
    BIO *from_client; // owned by ssl
    BIO *to_client;   // owned by ssl
    struct visit inner;
    bool carries;
    bool asks; // for a renegotiation
};

static const struct {
    const char *name;
    const char *record; // as records have it
    int version;
} VERSIONS[] = {{"1.0", "TLSv1", TLS1_VERSION},
                {"1.1", "TLSv1.1", TLS1_1_VERSION},
                {"1.2", "TLSv1.2", TLS1_2_VERSION},
                {"1.3", "TLSv1.3", TLS1_3_VERSION}};
enum { VERSION_COUNT = sizeof(VERSIONS) / sizeof(VERSIONS[0]), VERSION_DEFAULT = 2 };

static size_t version_of(const struct service *service)
{
    for (size_t i = 0; service->said->version != NULL && i < VERSION_COUNT; i++)
        if (strcmp(service->said->version, VERSIONS[i].name) == 0)
            return i;
    return VERSION_DEFAULT;
}

static const char *cipher_of(const struct service *service)
{
    const char *usual = "ECDHE-ECDSA-AES128-GCM-SHA256";
    if (VERSIONS[version_of(service)].version < TLS1_2_VERSION)
        usual = "ECDHE-ECDSA-AES128-SHA";
    return service->said->cipher != NULL ? service->said->cipher : usual;
}

static bool renegotiates(const struct service *service)
{
    return service->said->deed != NULL;
}

static int alpn_choose(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
                       unsigned int in_length, void *context)
{
    static const unsigned char HTTP[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    (void)ssl;
    (void)context;
    if (SSL_select_next_proto(&chosen, out_length, HTTP, sizeof(HTTP) - 1, in, in_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_new(const struct service *service, const struct identity *identity)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    int version = VERSIONS[version_of(service)].version;
    char ciphers[160];
    snprintf(ciphers, sizeof(ciphers), "%.120s:@SECLEVEL=0", cipher_of(service));
    if (context == NULL)
        return NULL;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    uint64_t calm = renegotiates(service) ? 0 : SSL_OP_NO_RENEGOTIATION;
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE | calm);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (service->inside != NULL && service->inside->personality == &personality_http)
        SSL_CTX_set_alpn_select_cb(context, alpn_choose, NULL);
    bool good = SSL_CTX_set_min_proto_version(context, version) == 1 &&
                SSL_CTX_set_max_proto_version(context, version) == 1 &&
                (version >= TLS1_3_VERSION || SSL_CTX_set_cipher_list(context, ciphers) == 1) &&
                SSL_CTX_use_certificate(context, identity->certificate) == 1 &&
                SSL_CTX_use_PrivateKey(context, identity->key) == 1;
    if (version < TLS1_3_VERSION)
        SSL_CTX_set_security_level(context, 0);
    if (!good) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

// A context an identity.
static int tls_prepare(struct service *service, char error[static POPULATION_ERROR_MAX])
{
    if (renegotiates(service) &&
        (strcmp(service->said->deed, "renegotiate") != 0 || VERSIONS[version_of(service)].version >= TLS1_3_VERSION)) {
        snprintf(error, POPULATION_ERROR_MAX, "services.%.60s.deed: tls has \"renegotiate\", below 1.3",
                 service->said->name);
        return -EINVAL;
    }
    SSL_CTX **contexts = calloc(service->identity_count + 1, sizeof(SSL_CTX *));
    if (contexts == NULL)
        return -ENOMEM;
    service->prepared = contexts;
    for (uint32_t i = 0; i < service->identity_count; i++) {
        contexts[i] = context_new(service, &service->identities[i]);
        if (contexts[i] == NULL) {
            snprintf(error, POPULATION_ERROR_MAX,
                     "services.%.60s: OpenSSL has no server of that version, cipher or key", service->said->name);
            return -EINVAL;
        }
    }
    return 0;
}

static void tls_dispose(struct service *service)
{
    SSL_CTX **contexts = service->prepared;
    for (uint32_t i = 0; contexts != NULL && i < service->identity_count; i++)
        SSL_CTX_free(contexts[i]);
}

static void tls_begin(struct visit *visit)
{
    struct tls_state *state = visit->state;
    SSL_CTX **contexts = visit->service->prepared;
    state->ssl = SSL_new(contexts[visit->identity - visit->service->identities]);
    state->from_client = BIO_new(BIO_s_mem());
    state->to_client = BIO_new(BIO_s_mem());
    if (state->ssl == NULL || state->from_client == NULL || state->to_client == NULL) {
        BIO_free(state->from_client);
        BIO_free(state->to_client);
        visit->output.failed = true;
        return;
    }
    BIO_set_mem_eof_return(state->from_client, -1);
    SSL_set_bio(state->ssl, state->from_client, state->to_client);
    SSL_set_accept_state(state->ssl);
}

static void inner_flush(struct visit *visit)
{
    struct tls_state *state = visit->state;
    struct visit *inner = &state->inner;
    ERR_clear_error();
    if (state->carries && inner->output.length > 0) {
        (void)SSL_write(state->ssl, buffer_bytes(&inner->output), (int)inner->output.length);
        buffer_drop(&inner->output, inner->output.length);
    }
    if (state->carries && inner->over && !visit->over) {
        (void)SSL_shutdown(state->ssl);
        visit->over = true;
    }
    char *data = NULL;
    long length = BIO_get_mem_data(state->to_client, &data);
    if (length > 0)
        buffer_put(&visit->output, data, (size_t)length);
    (void)BIO_reset(state->to_client);
}

static void tls_bytes(struct visit *visit, struct bytes *input)
{
    struct tls_state *state = visit->state;
    uint8_t piece[4096];
    size_t length = input->length;
    const uint8_t *data = bytes_take(input, length);
    if (length == 0 || state->ssl == NULL)
        return;
    ERR_clear_error();
    (void)BIO_write(state->from_client, data, (int)length);
    // While a renegotiation is asked for, the client's data is still heard, but by SSL_read alone.
    int status = state->asks ? 1 : SSL_do_handshake(state->ssl);
    bool waits = status == 1 || SSL_get_error(state->ssl, status) == SSL_ERROR_WANT_READ;
    if (status == 1 && !state->carries && visit->service->inside != NULL) {
        state->carries = true;
        visit->over = !visit_begin(&state->inner, visit->service->inside, 0, visit->crypto);
    }
    int got = 0;
    while (status == 1 && (got = SSL_read(state->ssl, piece, sizeof(piece))) > 0)
        if (state->carries)
            visit_bytes(&state->inner, piece, (size_t)got);
    if (status == 1)
        waits = SSL_get_error(state->ssl, got) == SSL_ERROR_WANT_READ;
    if (status == 1 && waits && renegotiates(visit->service)) {
        state->asks = true;
        (void)SSL_renegotiate(state->ssl);
        (void)SSL_do_handshake(state->ssl);
    }
    inner_flush(visit);
    visit->over = visit->over || !waits;
}

static void tls_more(struct visit *visit)
{
    struct tls_state *state = visit->state;
    if (!state->carries)
        return;
    visit_more(&state->inner);
    inner_flush(visit);
}

static void tls_end(struct visit *visit)
{
    struct tls_state *state = visit->state;
    if (state->carries)
        visit_end(&state->inner);
    SSL_free(state->ssl);
}

// The first cipher of the list, which the server prefers. NULL of TLS 1.3, where the client's wish may count.
static const char *cipher_name(const struct service *service, const struct identity *identity)
{
    SSL_CTX **contexts = service->prepared;
    STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(contexts[identity - service->identities]);
    if (VERSIONS[version_of(service)].version >= TLS1_3_VERSION)
        return NULL;
    for (int i = 0; i < sk_SSL_CIPHER_num(all); i++)
        if (SSL_CIPHER_get_protocol_id(sk_SSL_CIPHER_value(all, i)) >> 8 != 0x13)
            return SSL_CIPHER_standard_name(sk_SSL_CIPHER_value(all, i));
    return NULL;
}

static void tls_truth(const struct service *service, const struct identity *identity, json_t *record)
{
    if (renegotiates(service))
        return;
    const char *cipher = cipher_name(service, identity);
    if (service->inside != NULL)
        service->inside->personality->truth(service->inside, service_identity(service->inside, 0), record);
    json_t *tls = json_pack("{s:s,s:b,s:s,s:s,s:s,s:b}", "version", VERSIONS[version_of(service)].record,
                            "handshake_complete", 1, "subject", identity->subject, "issuer", identity->issued_by,
                            "sha256", identity->sha256, "self_signed", 0);
    if (cipher != NULL)
        json_object_set_new(tls, "cipher", json_string(cipher));
    json_object_set_new(record, "tunnel", json_string("tls"));
    json_object_set_new(record, "tls", tls);
}

const struct personality personality_tls = {
    .name = "tls",
    .help = "OpenSSL's server: `version` 1.0 to 1.3, `cipher`, `key`, `keys`, `domain`; `inside` names what is there",
    .uses = IDENTITY_CERTIFICATE,
    .state_bytes = sizeof(struct tls_state),
    .prepare = tls_prepare,
    .dispose = tls_dispose,
    .begin = tls_begin,
    .bytes = tls_bytes,
    .more = tls_more,
    .end = tls_end,
    .truth = tls_truth,
};
