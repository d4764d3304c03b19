// SPDX-License-Identifier: BSD-3-Clause
// SSH up to the list of authentication methods (RFC 4253, RFC 4252) as a quick server: curve25519-sha256 (RFC 8731),
// AES-128-GCM, one host key. Each connection costs one X25519 and one signature. Nobody is ever let in, but by a
// service whose methods are "none".
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <stdlib.h>
#include <string.h>

#include "tools/simnet/personality/personality.h"
#include "tools/simnet/personality/ssh_wire.h"

enum ssh_number {
    SSH_DISCONNECT = 1,
    SSH_IGNORE = 2,
    SSH_DEBUG = 4,
    SSH_SERVICE_REQUEST = 5,
    SSH_SERVICE_ACCEPT = 6,
    SSH_EXT_INFO = 7,
    SSH_KEXINIT = 20,
    SSH_NEWKEYS = 21,
    SSH_ECDH_INIT = 30,
    SSH_ECDH_REPLY = 31,
    SSH_USERAUTH_REQUEST = 50,
    SSH_USERAUTH_FAILURE = 51,
    SSH_USERAUTH_SUCCESS = 52,
    SSH_USERAUTH_BANNER = 53,
    SSH_UNIMPLEMENTED = 3,
};

enum { IDENT_MAX = 255, COOKIE = 16, SIGNATURE_MAX = 80 };

static const char KEX[] = "curve25519-sha256,curve25519-sha256@libssh.org,kex-strict-s-v00@openssh.com";
static const char CIPHER[] = "aes128-gcm@openssh.com";
static const char MAC[] = "hmac-sha2-256-etm@openssh.com,hmac-sha2-256";

struct ssh_state {
    bool identified;
    bool skip; // the client's guess was wrong: its next packet is not looked at (RFC 4253 section 7)
    struct ssh_wire in;
    struct ssh_wire out;
    struct buffer hashed; // V_C, V_S, I_C, I_S as they come
    struct buffer packet;
    struct ssh_wire in_next; // from the client's NEWKEYS on
};

// The host key as it goes over the wire, and its signature algorithm.
struct prepared {
    size_t length;
    uint8_t bytes[256];
};

static const char *identification_of(const struct service *service)
{
    return service->said->banner != NULL ? service->said->banner : "SSH-2.0-simnet";
}

static const char *methods_of(const struct service *service)
{
    return service->said->methods != NULL ? service->said->methods : "publickey,password";
}

static const char *key_type_of(const struct identity *identity)
{
    return identity->kind == IDENTITY_ECDSA ? "ecdsa-sha2-nistp256" : "ssh-ed25519";
}

static void payload_send(struct visit *visit, struct buffer *payload)
{
    struct ssh_state *state = visit->state;
    if (payload->failed ||
        !ssh_wire_write(&state->out, bytes_of(buffer_bytes(payload), payload->length), &visit->output))
        visit->over = true;
    buffer_fini(payload);
}

static void message_send(struct visit *visit, uint8_t number)
{
    struct buffer payload = {0};
    buffer_put_u8(&payload, number);
    payload_send(visit, &payload);
}

static void ssh_begin(struct visit *visit)
{
    const char *identification = identification_of(visit->service);
    buffer_put(&visit->output, identification, strlen(identification));
    buffer_put(&visit->output, "\r\n", 2);
}

// Our KEXINIT. Its cookie is no random number: the client's is, and nothing here is a secret.
static void kexinit_put(const struct visit *visit, struct buffer *to)
{
    static const uint8_t COOKIE_SENT[COOKIE] = "simnet's cookie";
    const char *key_type = key_type_of(visit->identity);
    const char *lists[] = {KEX, key_type, CIPHER, CIPHER, MAC, MAC, "none", "none", "", ""};
    buffer_put_u8(to, SSH_KEXINIT);
    buffer_put(to, COOKIE_SENT, COOKIE);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        buffer_put_text(to, lists[i]);
    buffer_put_u8(to, 0);
    buffer_put_u32(to, 0);
}

// The line that each side begins with (section 4.2); ours is out already.
static void identification_take(struct visit *visit, struct bytes *input)
{
    struct ssh_state *state = visit->state;
    const uint8_t *end = memchr(input->data, '\n', input->length);
    if (end == NULL) {
        visit->over = input->length > IDENT_MAX;
        return;
    }
    size_t length = (size_t)(end - input->data);
    const uint8_t *line = bytes_take(input, length + 1);
    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (length < 8 || length > IDENT_MAX || memcmp(line, "SSH-2.0-", 8) != 0) {
        buffer_put(&visit->output, "Invalid SSH identification string.\r\n", 36);
        visit->over = true;
        return;
    }
    state->identified = true;
    buffer_put_string(&state->hashed, line, length);
    buffer_put_text(&state->hashed, identification_of(visit->service));
    struct buffer payload = {0};
    kexinit_put(visit, &payload);
    payload_send(visit, &payload);
}

static bool list_has(struct bytes list, const char *wanted)
{
    size_t length = strlen(wanted);
    while (list.length > 0) {
        const uint8_t *comma = memchr(list.data, ',', list.length);
        size_t name = comma == NULL ? list.length : (size_t)(comma - list.data);
        if (name == length && memcmp(list.data, wanted, length) == 0)
            return true;
        (void)bytes_take(&list, comma == NULL ? name : name + 1);
    }
    return false;
}

// The client's KEXINIT: one of each list has to be ours (section 7.1).
static void kexinit_take(struct visit *visit, struct bytes payload)
{
    struct ssh_state *state = visit->state;
    struct bytes reader = payload;
    struct bytes lists[10];
    (void)bytes_take(&reader, 1 + COOKIE);
    for (size_t i = 0; i < 10; i++)
        lists[i] = bytes_slice(&reader, bytes_u32(&reader));
    bool guessed = bytes_u8(&reader) != 0;
    const char *wanted[4] = {"curve25519-sha256", key_type_of(visit->identity), CIPHER, CIPHER};
    for (size_t i = 0; i < 4; i++)
        visit->over = visit->over || reader.failed || !list_has(lists[i], wanted[i]);
    // Whether the first of each list is what both chose need not be worked out: a client that guesses guesses its
    // first.
    size_t first = strlen(wanted[0]);
    state->skip = guessed && (lists[0].length < first || memcmp(lists[0].data, wanted[0], first) != 0);
    buffer_put_string(&state->hashed, payload.data, payload.length);
    // Ours once more, as it left.
    struct buffer own = {0};
    kexinit_put(visit, &own);
    buffer_put_string(&state->hashed, buffer_bytes(&own), own.length);
    buffer_fini(&own);
}

// A signature in SSH's own form (RFC 8709, RFC 5656 section 3.1.2).
static bool signature_put(const struct identity *identity, const uint8_t *data, size_t length, struct buffer *to)
{
    uint8_t value[SIGNATURE_MAX];
    uint8_t octets[40];
    struct buffer inner = {0};
    size_t made = crypto_sign(identity->key, data, length, value, sizeof(value));
    buffer_put_text(&inner, key_type_of(identity));
    if (identity->kind == IDENTITY_ED25519) {
        buffer_put_string(&inner, value, made);
    } else {
        const uint8_t *der = value;
        ECDSA_SIG *both = made == 0 ? NULL : d2i_ECDSA_SIG(NULL, &der, (long)made);
        struct buffer numbers = {0};
        made = both == NULL ? 0 : made;
        if (both != NULL) {
            buffer_put_mpint(&numbers, octets, (size_t)BN_bn2bin(ECDSA_SIG_get0_r(both), octets));
            buffer_put_mpint(&numbers, octets, (size_t)BN_bn2bin(ECDSA_SIG_get0_s(both), octets));
        }
        buffer_put_string(&inner, buffer_bytes(&numbers), numbers.length);
        buffer_fini(&numbers);
        ECDSA_SIG_free(both);
    }
    buffer_put_string(to, buffer_bytes(&inner), inner.length);
    buffer_fini(&inner);
    return made > 0;
}

// One key of RFC 4253 section 7.2; none is longer than one hash here.
static void key_make(const struct buffer *secret, const uint8_t hash[static CRYPTO_HASH_BYTES], char letter,
                     uint8_t *ret_key, size_t length)
{
    uint8_t input[40 + 2 * CRYPTO_HASH_BYTES + 1];
    uint8_t made[CRYPTO_HASH_BYTES];
    size_t at = secret->length;
    memcpy(input, buffer_bytes(secret), at);
    memcpy(input + at, hash, CRYPTO_HASH_BYTES);
    input[at + CRYPTO_HASH_BYTES] = (uint8_t)letter;
    memcpy(input + at + CRYPTO_HASH_BYTES + 1, hash, CRYPTO_HASH_BYTES); // the session's id
    crypto_hash(input, at + 2 * CRYPTO_HASH_BYTES + 1, made);
    memcpy(ret_key, made, length);
}

static void keys_make(struct visit *visit, const struct buffer *secret, const uint8_t hash[static CRYPTO_HASH_BYTES])
{
    struct ssh_state *state = visit->state;
    struct ssh_wire out = {.cipher = visit->crypto->aes_128_gcm};
    struct ssh_wire in = out;
    key_make(secret, hash, 'A', in.iv, sizeof(in.iv));
    key_make(secret, hash, 'B', out.iv, sizeof(out.iv));
    key_make(secret, hash, 'C', in.key, sizeof(in.key));
    key_make(secret, hash, 'D', out.key, sizeof(out.key));
    message_send(visit, SSH_NEWKEYS);
    state->out = out;
    state->in_next = in;
}

// RFC 5656 section 4 with RFC 8731.
static void exchange_take(struct visit *visit, struct bytes payload)
{
    struct ssh_state *state = visit->state;
    const struct prepared *key = visit->identity->prepared;
    uint8_t shared[CRYPTO_SHARE_BYTES];
    uint8_t hash[CRYPTO_HASH_BYTES];
    (void)bytes_u8(&payload);
    struct bytes theirs = bytes_slice(&payload, bytes_u32(&payload));
    if (theirs.length != CRYPTO_SHARE_BYTES || !crypto_agree(visit->crypto, theirs.data, shared)) {
        visit->over = true;
        return;
    }
    struct buffer secret = {0};
    struct buffer reply = {0};
    buffer_put_mpint(&secret, shared, sizeof(shared));
    buffer_put_string(&state->hashed, key->bytes, key->length);
    buffer_put_string(&state->hashed, theirs.data, theirs.length);
    buffer_put_string(&state->hashed, visit->crypto->share_public, CRYPTO_SHARE_BYTES);
    buffer_put(&state->hashed, buffer_bytes(&secret), secret.length);
    if (!state->hashed.failed && !secret.failed)
        crypto_hash(buffer_bytes(&state->hashed), state->hashed.length, hash);
    buffer_put_u8(&reply, SSH_ECDH_REPLY);
    buffer_put_string(&reply, key->bytes, key->length);
    buffer_put_string(&reply, visit->crypto->share_public, CRYPTO_SHARE_BYTES);
    if (state->hashed.failed || secret.failed || !signature_put(visit->identity, hash, sizeof(hash), &reply))
        visit->over = true;
    payload_send(visit, &reply);
    if (!visit->over)
        keys_make(visit, &secret, hash);
    buffer_fini(&secret);
    buffer_fini(&state->hashed);
}

static void request_take(struct visit *visit)
{
    const char *methods = methods_of(visit->service);
    struct buffer payload = {0};
    if (visit->service->said->page != NULL) {
        buffer_put_u8(&payload, SSH_USERAUTH_BANNER);
        buffer_put_text(&payload, visit->service->said->page);
        buffer_put_text(&payload, "");
        payload_send(visit, &payload);
    }
    if (strcmp(methods, "none") == 0) {
        message_send(visit, SSH_USERAUTH_SUCCESS);
        return;
    }
    buffer_put_u8(&payload, SSH_USERAUTH_FAILURE);
    buffer_put_text(&payload, methods);
    buffer_put_u8(&payload, 0);
    payload_send(visit, &payload);
}

static void packet_take(struct visit *visit, struct bytes payload)
{
    struct ssh_state *state = visit->state;
    struct buffer answer = {0};
    uint8_t number = payload.length == 0 ? SSH_IGNORE : payload.data[0];
    bool sealed = state->in.cipher != NULL;
    if (state->skip && number != SSH_KEXINIT) {
        state->skip = false;
        return;
    }
    if (number == SSH_KEXINIT && !sealed && state->out.cipher == NULL)
        kexinit_take(visit, payload);
    else if (number == SSH_ECDH_INIT && !sealed && state->hashed.length > 0)
        exchange_take(visit, payload);
    else if (number == SSH_NEWKEYS && state->in_next.cipher != NULL && !sealed)
        state->in = state->in_next;
    else if (number == SSH_SERVICE_REQUEST && sealed) {
        buffer_put_u8(&answer, SSH_SERVICE_ACCEPT);
        buffer_put_text(&answer, "ssh-userauth");
        payload_send(visit, &answer);
    } else if (number == SSH_USERAUTH_REQUEST && sealed)
        request_take(visit);
    else if (number != SSH_IGNORE && number != SSH_DEBUG && number != SSH_EXT_INFO && number != SSH_UNIMPLEMENTED)
        visit->over = true;
}

static void ssh_bytes(struct visit *visit, struct bytes *input)
{
    struct ssh_state *state = visit->state;
    if (!state->identified && input->length > 0)
        identification_take(visit, input);
    while (state->identified && !visit->over) {
        int status = ssh_wire_read(&state->in, input, &state->packet);
        if (status < 0)
            visit->over = true;
        if (status <= 0)
            return;
        packet_take(visit, bytes_of(buffer_bytes(&state->packet), state->packet.length));
    }
}

static void ssh_end(struct visit *visit)
{
    struct ssh_state *state = visit->state;
    buffer_fini(&state->hashed);
    buffer_fini(&state->packet);
}

// The host keys' blobs (RFC 8709 section 4, RFC 5656 section 3.1).
static int ssh_prepare(struct service *service, char error[static POPULATION_ERROR_MAX])
{
    (void)error;
    for (uint32_t i = 0; i < service->identity_count; i++) {
        struct identity *identity = &service->identities[i];
        struct prepared *key = calloc(1, sizeof(*key));
        struct buffer blob = {0};
        uint8_t *point = NULL;
        uint8_t raw[32];
        size_t length = sizeof(raw);
        identity->prepared = key;
        buffer_put_text(&blob, key_type_of(identity));
        if (identity->kind == IDENTITY_ED25519) {
            length = EVP_PKEY_get_raw_public_key(identity->key, raw, &length) == 1 ? length : 0;
            buffer_put_string(&blob, raw, length);
        } else {
            length = EVP_PKEY_get1_encoded_public_key(identity->key, &point);
            buffer_put_text(&blob, "nistp256");
            buffer_put_string(&blob, point, length);
            OPENSSL_free(point);
        }
        bool good = key != NULL && length > 0 && !blob.failed && blob.length <= sizeof(key->bytes);
        if (good) {
            key->length = blob.length;
            memcpy(key->bytes, buffer_bytes(&blob), blob.length);
        }
        buffer_fini(&blob);
        if (!good)
            return -ENOMEM;
    }
    return 0;
}

static json_t *methods_truth(const char *methods)
{
    json_t *list = json_array();
    while (*methods != '\0') {
        size_t length = strcspn(methods, ",");
        json_array_append_new(list, json_stringn(methods, length));
        methods += length + (methods[length] == ',' ? 1 : 0);
    }
    return list;
}

// Unpadded base64 of the key's SHA-256, as ssh-keygen -l prints it.
static json_t *fingerprint_truth(const struct prepared *key)
{
    uint8_t hash[CRYPTO_HASH_BYTES];
    uint8_t text[48];
    crypto_hash(key->bytes, key->length, hash);
    int length = EVP_EncodeBlock(text, hash, sizeof(hash));
    return json_stringn((const char *)text, (size_t)length - 1);
}

static void ssh_truth(const struct service *service, const struct identity *identity, json_t *record)
{
    bool admits = strcmp(methods_of(service), "none") == 0;
    json_t *ssh = json_pack("{s:s,s:s,s:s,s:o,s:b,s:b}", "identification", identification_of(service), "kex_chosen",
                            "curve25519-sha256", "host_key_type", key_type_of(identity), "host_key_sha256",
                            fingerprint_truth(identity->prepared), "host_key_verified", 1, "no_authentication", admits);
    if (!admits)
        json_object_set_new(ssh, "methods", methods_truth(methods_of(service)));
    json_object_set_new(record, "service", json_string("ssh"));
    json_object_set_new(record, "outcome", json_string("complete"));
    json_object_set_new(record, "ssh", ssh);
}

const struct personality personality_ssh = {
    .name = "ssh",
    .help = "SSH to the method list: `banner` identifies it, `methods` (\"none\" lets in), `page` is told before",
    .uses = IDENTITY_KEY,
    .state_bytes = sizeof(struct ssh_state),
    .prepare = ssh_prepare,
    .begin = ssh_begin,
    .bytes = ssh_bytes,
    .end = ssh_end,
    .truth = ssh_truth,
};
