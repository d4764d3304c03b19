// SPDX-License-Identifier: BSD-3-Clause
// TLS 1.3 (RFC 8446) as a quick server: X25519, AES-128-GCM or ChaCha20-Poly1305 with SHA-256, one certificate. What
// does not depend on the client is made once a certificate; each connection costs one signature, and one X25519 unless
// the client uses its share again.
#include "tools/simnet/personality/tls13.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum {
    SUITE_AES = 0x1301,
    SUITE_CHACHA = 0x1303,
    GROUP_X25519 = 29,
    SCHEME_ECDSA = 0x0403,
    SCHEME_ED25519 = 0x0807,
    ALERT_HANDSHAKE_FAILURE = 40,
    ALERT_PROTOCOL_VERSION = 70,
    SIGNATURE_MAX = 80,
    PIECE = 16384, // of a record
};
enum extension { EXTENSION_SCHEMES = 13, EXTENSION_ALPN = 16, EXTENSION_VERSIONS = 43, EXTENSION_SHARES = 51 };

// The Certificate message.
struct prepared {
    size_t length;
    uint8_t bytes[];
};

// What a ClientHello says, of what matters here.
struct hello {
    struct bytes session;
    const uint8_t *share; // X25519's; NULL: none
    bool whole;
    bool version;
    bool suite;
    bool scheme;
    bool http; // ALPN names http/1.1
};

static uint16_t suite_of(const struct service *service)
{
    return service->said->cipher != NULL && strstr(service->said->cipher, "CHACHA20") != NULL ? SUITE_CHACHA
                                                                                              : SUITE_AES;
}

static uint16_t scheme_of(const struct identity *identity)
{
    return identity->kind == IDENTITY_ECDSA ? SCHEME_ECDSA : SCHEME_ED25519;
}

static bool list_has(struct bytes list, uint16_t wanted)
{
    while (list.length >= 2 && !list.failed)
        if (bytes_u16(&list) == wanted)
            return true;
    return false;
}

static const uint8_t *share_find(struct bytes list)
{
    while (list.length > 0 && !list.failed) {
        uint16_t group = bytes_u16(&list);
        struct bytes share = bytes_slice(&list, bytes_u16(&list));
        if (group == GROUP_X25519 && share.length == CRYPTO_SHARE_BYTES)
            return share.data;
    }
    return NULL;
}

static bool alpn_has(struct bytes list, const char *wanted)
{
    while (list.length > 0 && !list.failed) {
        struct bytes name = bytes_slice(&list, bytes_u8(&list));
        if (name.length == strlen(wanted) && memcmp(name.data, wanted, name.length) == 0)
            return true;
    }
    return false;
}

static void extension_read(const struct visit *visit, uint16_t type, struct bytes body, struct hello *hello)
{
    switch (type) {
    case EXTENSION_VERSIONS:
        hello->version = list_has(bytes_slice(&body, bytes_u8(&body)), 0x0304);
        break;
    case EXTENSION_SCHEMES:
        hello->scheme = list_has(bytes_slice(&body, bytes_u16(&body)), scheme_of(visit->identity));
        break;
    case EXTENSION_SHARES:
        hello->share = share_find(bytes_slice(&body, bytes_u16(&body)));
        break;
    case EXTENSION_ALPN:
        hello->http = alpn_has(bytes_slice(&body, bytes_u16(&body)), "http/1.1");
        break;
    default:
        break;
    }
}

// RFC 8446 section 4.1.2. message is the handshake message with its header.
static struct hello hello_read(const struct visit *visit, struct bytes message)
{
    struct hello hello = {0};
    uint8_t type = bytes_u8(&message);
    struct bytes body = bytes_slice(&message, bytes_u24(&message));
    (void)bytes_take(&body, 2 + 32);
    hello.session = bytes_slice(&body, bytes_u8(&body));
    hello.suite = list_has(bytes_slice(&body, bytes_u16(&body)), suite_of(visit->service));
    (void)bytes_slice(&body, bytes_u8(&body));
    struct bytes extensions = bytes_slice(&body, bytes_u16(&body));
    while (extensions.length > 0 && !extensions.failed) {
        uint16_t kind = bytes_u16(&extensions);
        extension_read(visit, kind, bytes_slice(&extensions, bytes_u16(&extensions)), &hello);
    }
    hello.whole = type == 1 && !message.failed && hello.session.length <= 32;
    return hello;
}

static void refuse(struct visit *visit, uint8_t alert)
{
    const uint8_t record[] = {RECORD_ALERT, 3, 3, 0, 2, 2, alert};
    buffer_put(&visit->output, record, sizeof(record));
    visit->over = true;
}

static void transcript_add(struct tls13_state *state, const uint8_t *data, size_t length)
{
    SHA256_Update(&state->transcript, data, length);
}

static void transcript_hash(const struct tls13_state *state, uint8_t ret_hash[static CRYPTO_HASH_BYTES])
{
    SHA256_CTX copy = state->transcript;
    SHA256_Final(ret_hash, &copy);
}

// ServerHello (section 4.1.3), and a ChangeCipherSpec for middleboxes when the client makes believe that a session goes
// on (appendix D.4).
static void server_hello_send(struct visit *visit, const struct hello *hello)
{
    struct tls13_state *state = visit->state;
    struct buffer message = {0};
    uint8_t random[32];
    (void)RAND_bytes(random, sizeof(random));
    size_t length = 2 + 32 + 1 + hello->session.length + 2 + 1 + 2 + 6 + 8 + CRYPTO_SHARE_BYTES;
    buffer_put_u8(&message, RECORD_HANDSHAKE);
    u16_put(&message, 0x0303);
    u16_put(&message, length + 4);
    buffer_put_u8(&message, 2);
    u24_put(&message, length);
    u16_put(&message, 0x0303);
    buffer_put(&message, random, sizeof(random));
    buffer_put_u8(&message, (uint8_t)hello->session.length);
    buffer_put(&message, hello->session.data, hello->session.length);
    u16_put(&message, suite_of(visit->service));
    buffer_put_u8(&message, 0);
    u16_put(&message, 6 + 8 + CRYPTO_SHARE_BYTES);
    u16_put(&message, EXTENSION_VERSIONS);
    u16_put(&message, 2);
    u16_put(&message, 0x0304);
    u16_put(&message, EXTENSION_SHARES);
    u16_put(&message, 4 + CRYPTO_SHARE_BYTES);
    u16_put(&message, GROUP_X25519);
    u16_put(&message, CRYPTO_SHARE_BYTES);
    buffer_put(&message, visit->crypto->share_public, CRYPTO_SHARE_BYTES);
    if (!message.failed)
        transcript_add(state, buffer_bytes(&message) + RECORD_HEADER, message.length - RECORD_HEADER);
    buffer_put(&visit->output, buffer_bytes(&message), message.length);
    if (hello->session.length > 0)
        buffer_put(&visit->output, (const uint8_t[]){RECORD_CHANGE, 3, 3, 0, 1, 1}, 6);
    buffer_fini(&message);
}

// EncryptedExtensions with at most the protocol that is spoken inside (RFC 7301).
static void extensions_put(bool http, struct buffer *to)
{
    static const uint8_t NONE[] = {8, 0, 0, 2, 0, 0};
    static const uint8_t HTTP[] = {8, 0, 0, 17, 0, 15, 0, 16, 0, 11, 0, 9, 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    buffer_put(to, http ? HTTP : NONE, http ? sizeof(HTTP) : sizeof(NONE));
}

// CertificateVerify (section 4.4.3) over the transcript so far.
static bool verify_put(struct visit *visit, struct buffer *to)
{
    static const char CONTEXT[] = "TLS 1.3, server CertificateVerify";
    struct tls13_state *state = visit->state;
    uint8_t content[64 + sizeof(CONTEXT) + CRYPTO_HASH_BYTES];
    uint8_t signature[SIGNATURE_MAX];
    memset(content, ' ', 64);
    memcpy(content + 64, CONTEXT, sizeof(CONTEXT));
    transcript_hash(state, content + 64 + sizeof(CONTEXT));
    size_t length = crypto_sign(visit->identity->key, content, sizeof(content), signature, sizeof(signature));
    buffer_put_u8(to, 15);
    u24_put(to, length + 4);
    u16_put(to, scheme_of(visit->identity));
    u16_put(to, length);
    buffer_put(to, signature, length);
    return length > 0;
}

static void finished_of(const struct tls13_state *state, const uint8_t secret[static CRYPTO_HASH_BYTES],
                        uint8_t ret_finished[static CRYPTO_HASH_BYTES])
{
    uint8_t key[CRYPTO_HASH_BYTES];
    uint8_t hash[CRYPTO_HASH_BYTES];
    secret_expand(secret, (struct secret_label){"finished", NULL}, key, sizeof(key));
    transcript_hash(state, hash);
    crypto_hmac(key, sizeof(key), hash, sizeof(hash), ret_finished);
}

// Both sides' secrets of one stage, from the transcript so far.
static void secrets_of(const struct tls13_state *state, const uint8_t stage[static CRYPTO_HASH_BYTES],
                       const char *const labels[2], uint8_t ret_secrets[2][CRYPTO_HASH_BYTES])
{
    uint8_t hash[CRYPTO_HASH_BYTES];
    transcript_hash(state, hash);
    for (size_t i = 0; i < 2; i++)
        secret_expand(stage, (struct secret_label){labels[i], hash}, ret_secrets[i], CRYPTO_HASH_BYTES);
}

// The next stage's salt.
static void stage_next(uint8_t stage[static CRYPTO_HASH_BYTES], const uint8_t *input)
{
    uint8_t empty[CRYPTO_HASH_BYTES];
    uint8_t salt[CRYPTO_HASH_BYTES];
    crypto_hash((const uint8_t *)"", 0, empty);
    secret_expand(stage, (struct secret_label){"derived", empty}, salt, sizeof(salt));
    secret_extract(salt, input, stage);
}

// The rest of the server's flight: EncryptedExtensions, Certificate, CertificateVerify, Finished, in as few records as
// hold it.
static bool flight_send(struct visit *visit, const struct hello *hello, const uint8_t shared[static CRYPTO_SHARE_BYTES])
{
    static const char *const HANDSHAKE[2] = {"c hs traffic", "s hs traffic"};
    static const char *const DATA[2] = {"c ap traffic", "s ap traffic"};
    struct tls13_state *state = visit->state;
    const struct prepared *certificate = visit->identity->prepared;
    uint8_t stage[CRYPTO_HASH_BYTES];
    uint8_t handshake[2][CRYPTO_HASH_BYTES];
    uint8_t data[2][CRYPTO_HASH_BYTES];
    uint8_t finished[CRYPTO_HASH_BYTES];
    struct buffer flight = {0};
    secret_extract(NULL, NULL, stage);
    stage_next(stage, shared);
    secrets_of(state, stage, HANDSHAKE, handshake);
    const EVP_CIPHER *cipher =
        suite_of(visit->service) == SUITE_AES ? visit->crypto->aes_128_gcm : visit->crypto->chacha20_poly1305;
    state->in.cipher = state->out.cipher = cipher;
    record_keys_set(&state->in, handshake[0]);
    record_keys_set(&state->out, handshake[1]);
    extensions_put(hello->http && visit->service->inside != NULL &&
                       visit->service->inside->personality == &personality_http,
                   &flight);
    buffer_put(&flight, certificate->bytes, certificate->length);
    transcript_add(state, buffer_bytes(&flight), flight.length);
    size_t before = flight.length;
    bool good = verify_put(visit, &flight) && !flight.failed;
    transcript_add(state, buffer_bytes(&flight) + before, flight.length - before);
    finished_of(state, handshake[1], finished);
    const uint8_t header[4] = {20, 0, 0, CRYPTO_HASH_BYTES};
    buffer_put(&flight, header, sizeof(header));
    buffer_put(&flight, finished, sizeof(finished));
    transcript_add(state, header, sizeof(header));
    transcript_add(state, finished, sizeof(finished));
    good = good && !flight.failed;
    for (size_t at = 0; good && at < flight.length; at += PIECE) {
        size_t length = flight.length - at < PIECE ? flight.length - at : PIECE;
        good = record_seal(&state->out, RECORD_HANDSHAKE, bytes_of(buffer_bytes(&flight) + at, length), &visit->output);
    }
    stage_next(stage, NULL);
    secrets_of(state, stage, DATA, data);
    finished_of(state, handshake[0], state->finished);
    memcpy(state->in_secret, data[0], sizeof(state->in_secret));
    memcpy(state->out_secret, data[1], sizeof(state->out_secret));
    record_keys_set(&state->out, data[1]);
    buffer_fini(&flight);
    return good;
}

static void hello_answer(struct visit *visit, struct bytes message)
{
    struct tls13_state *state = visit->state;
    struct hello hello = hello_read(visit, message);
    uint8_t shared[CRYPTO_SHARE_BYTES];
    if (!hello.whole || !hello.version) {
        refuse(visit, ALERT_PROTOCOL_VERSION);
        return;
    }
    if (!hello.suite || !hello.scheme || hello.share == NULL || !crypto_agree(visit->crypto, hello.share, shared)) {
        refuse(visit, ALERT_HANDSHAKE_FAILURE);
        return;
    }
    if (tls13_deed_of(visit->service) == TLS13_RETRIES) {
        state->session_bytes = (uint8_t)hello.session.length;
        memcpy(state->session, hello.session.data, hello.session.length);
        tls13_retry(visit);
        return;
    }
    SHA256_Init(&state->transcript);
    transcript_add(state, message.data, message.length);
    server_hello_send(visit, &hello);
    visit->over = !flight_send(visit, &hello, shared);
    state->phase = TLS13_FINISHED;
}

// What is said inside, sealed.
static void inner_flush(struct visit *visit)
{
    struct tls13_state *state = visit->state;
    struct visit *inner = &state->inner;
    while (inner->output.length > 0 && !visit->over) {
        size_t length = inner->output.length < PIECE ? inner->output.length : PIECE;
        visit->over =
            !record_seal(&state->out, RECORD_DATA, bytes_of(buffer_bytes(&inner->output), length), &visit->output);
        buffer_drop(&inner->output, length);
    }
    if (!inner->over || visit->over)
        return;
    static const uint8_t CLOSE_NOTIFY[2] = {1, 0};
    (void)record_seal(&state->out, RECORD_ALERT, bytes_of(CLOSE_NOTIFY, sizeof(CLOSE_NOTIFY)), &visit->output);
    visit->over = true;
}

static void finished_take(struct visit *visit, struct bytes message)
{
    struct tls13_state *state = visit->state;
    if (message.length != 4 + CRYPTO_HASH_BYTES || message.data[0] != 20 ||
        memcmp(message.data + 4, state->finished, CRYPTO_HASH_BYTES) != 0) {
        visit->over = true;
        return;
    }
    record_keys_set(&state->in, state->in_secret);
    state->phase = TLS13_OPEN;
    if (visit->service->inside == NULL)
        return;
    state->carries = true;
    visit->over = !visit_begin(&state->inner, visit->service->inside, 0, visit->crypto);
    inner_flush(visit);
}

static void protected_take(struct visit *visit, const uint8_t *body, size_t length)
{
    struct tls13_state *state = visit->state;
    uint8_t content[RECORD_MAX];
    uint8_t type = 0;
    memcpy(content, body, length);
    int opened = record_open(&state->in, content, length, &type);
    if (opened < 0 || type == RECORD_ALERT)
        visit->over = true;
    else if (state->phase == TLS13_FINISHED && type == RECORD_HANDSHAKE)
        finished_take(visit, bytes_of(content, (size_t)opened));
    else if (state->phase == TLS13_OPEN && type == RECORD_DATA && state->carries) {
        visit_bytes(&state->inner, content, (size_t)opened);
        inner_flush(visit);
    }
}

static void tls13_bytes(struct visit *visit, struct bytes *input)
{
    const struct tls13_state *state = visit->state;
    while (!visit->over && input->length >= RECORD_HEADER) {
        struct bytes ahead = *input;
        uint8_t type = bytes_u8(&ahead);
        uint8_t major = (uint8_t)(bytes_u16(&ahead) >> 8);
        struct bytes body = bytes_slice(&ahead, bytes_u16(&ahead));
        if (type < RECORD_CHANGE || type > RECORD_DATA || major != 3) {
            refuse(visit, ALERT_PROTOCOL_VERSION);
            return;
        }
        if (body.failed)
            return;
        *input = ahead;
        if (type == RECORD_HANDSHAKE && state->phase == TLS13_HELLO)
            hello_answer(visit, body);
        else if (type == RECORD_DATA && state->phase != TLS13_HELLO && body.length <= RECORD_MAX)
            protected_take(visit, body.data, body.length);
        else if (type != RECORD_CHANGE || state->phase != TLS13_FINISHED)
            visit->over = true;
    }
}

static void tls13_end(struct visit *visit)
{
    struct tls13_state *state = visit->state;
    if (state->carries)
        visit_end(&state->inner);
}

static void tls13_more(struct visit *visit)
{
    struct tls13_state *state = visit->state;
    if (state->carries) {
        visit_more(&state->inner);
        inner_flush(visit);
    }
    if (visit->service->said->deed != NULL && !visit->over)
        tls13_deed_more(visit);
}

// The Certificate message of every identity.
static int tls13_prepare(struct service *service, char error[static POPULATION_ERROR_MAX])
{
    if (tls13_deed_of(service) == TLS13_DEED_COUNT) {
        snprintf(error, POPULATION_ERROR_MAX, "services.%.60s.deed: tls13 has no deed \"%.60s\"", service->said->name,
                 service->said->deed);
        return -EINVAL;
    }
    for (uint32_t i = 0; i < service->identity_count; i++) {
        struct identity *identity = &service->identities[i];
        struct buffer message = {0};
        tls13_certificate_put(service, identity, &message);
        struct prepared *prepared = message.failed ? NULL : malloc(sizeof(*prepared) + message.length);
        if (prepared != NULL) {
            prepared->length = message.length;
            memcpy(prepared->bytes, buffer_bytes(&message), message.length);
        }
        identity->prepared = prepared;
        buffer_fini(&message);
        if (prepared == NULL)
            return -ENOMEM;
    }
    return 0;
}

static void tls13_truth(const struct service *service, const struct identity *identity, json_t *record)
{
    if (service->said->deed != NULL)
        return;
    const char *cipher = suite_of(service) == SUITE_AES ? "TLS_AES_128_GCM_SHA256" : "TLS_CHACHA20_POLY1305_SHA256";
    if (service->inside != NULL)
        service->inside->personality->truth(service->inside, service_identity(service->inside, 0), record);
    json_object_set_new(record, "tunnel", json_string("tls"));
    json_object_set_new(record, "tls",
                        json_pack("{s:s,s:s,s:b,s:s,s:s,s:s,s:b}", "version", "TLSv1.3", "cipher", cipher,
                                  "handshake_complete", 1, "subject", identity->subject, "issuer", identity->issued_by,
                                  "sha256", identity->sha256, "self_signed", 0));
}

const struct personality personality_tls13 = {
    .name = "tls13",
    .help = "TLS 1.3 with X25519 at speed: `key`, `keys`, `domain`, `cipher`; `inside` names what is spoken there",
    .uses = IDENTITY_CERTIFICATE,
    .state_bytes = sizeof(struct tls13_state),
    .prepare = tls13_prepare,
    .bytes = tls13_bytes,
    .more = tls13_more,
    .end = tls13_end,
    .truth = tls13_truth,
};
