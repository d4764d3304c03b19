// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_offer.h"

#include <errno.h>
#include <nettle/base16.h>
#include <nettle/md5.h>
#include <string.h>

#include "probes/protocol/ssh/ssh_kex.h"

// The name-lists of a KEXINIT, in their order.
enum ssh_list {
    LIST_KEX = 0,
    LIST_HOST_KEYS,
    LIST_CIPHERS_OUT,
    LIST_CIPHERS_IN,
    LIST_MACS_OUT,
    LIST_MACS_IN,
    LIST_COMPRESSION_OUT,
    LIST_COMPRESSION_IN,
    LIST_LANGUAGES_OUT,
    LIST_LANGUAGES_IN,
    LISTS
};

static const char strict_ours[] = "kex-strict-c-v00@openssh.com";
static const char strict_theirs[] = "kex-strict-s-v00@openssh.com";
static const char extensions_ours[] = "ext-info-c"; // RFC 8308 section 2.1

// zlib@openssh.com begins only once a user is let in.
static const char compression[] = "none,zlib@openssh.com,zlib";

const char ssh_host_keys[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-256,"
                             "rsa-sha2-512,ssh-rsa,ssh-ed448,ssh-dss";

// Appends a name to a name-list whose length field stands at `field`.
static void list_add(struct buffer *payload, size_t *length, const char *name)
{
    if (*length > 0)
        buffer_put_u8(payload, ',');
    buffer_put(payload, name, strlen(name));
    *length += strlen(name) + (*length > 0 ? 1 : 0);
}

// The length of a list is known only behind it.
static void list_close(struct buffer *payload, size_t field, size_t length)
{
    if (!payload->failed) {
        uint8_t *at = payload->data + payload->start + field;
        at[2] = (uint8_t)(length >> 8);
        at[3] = (uint8_t)length;
    }
}

static size_t list_open(struct buffer *payload)
{
    size_t field = payload->length;
    buffer_put_u32(payload, 0);
    return field;
}

static void ciphers_put(struct buffer *payload)
{
    size_t length = 0;
    size_t field = list_open(payload);
    for (const struct ssh_cipher *cipher = ssh_ciphers; cipher->name != NULL; cipher++)
        list_add(payload, &length, cipher->name);
    list_close(payload, field, length);
}

static void macs_put(struct buffer *payload)
{
    size_t length = 0;
    size_t field = list_open(payload);
    for (const struct ssh_mac *mac = ssh_macs; mac->name != NULL; mac++)
        list_add(payload, &length, mac->name);
    list_close(payload, field, length);
}

void ssh_offer_write(const struct ssh_env *env, const char *host_keys, struct buffer *ret_payload)
{
    static const uint8_t cookie[SSH_COOKIE_BYTES];
    buffer_put_u8(ret_payload, SSH_MSG_KEXINIT);
    buffer_put(ret_payload, cookie, sizeof(cookie));
    size_t length = 0;
    size_t field = list_open(ret_payload);
    for (size_t at = 0; at < SSH_METHODS; at++)
        if (env->usable[at])
            list_add(ret_payload, &length, ssh_methods[at].name);
    list_add(ret_payload, &length, extensions_ours);
    list_add(ret_payload, &length, strict_ours);
    list_close(ret_payload, field, length);
    buffer_put_text(ret_payload, host_keys == NULL ? ssh_host_keys : host_keys);
    ciphers_put(ret_payload);
    ciphers_put(ret_payload);
    macs_put(ret_payload);
    macs_put(ret_payload);
    buffer_put_text(ret_payload, compression);
    buffer_put_text(ret_payload, compression);
    buffer_put_text(ret_payload, "");
    buffer_put_text(ret_payload, "");
    buffer_put_u8(ret_payload, 0);
    buffer_put_u32(ret_payload, 0);
}

bool ssh_list_next(struct bytes *list, struct bytes *ret_name)
{
    if (list->length == 0)
        return false;
    const uint8_t *comma = memchr(list->data, ',', list->length);
    size_t length = comma == NULL ? list->length : (size_t)(comma - list->data);
    *ret_name = bytes_slice(list, length);
    if (comma != NULL)
        (void)bytes_u8(list);
    return true;
}

bool ssh_bytes_are(struct bytes bytes, const char *text)
{
    return bytes.length == strlen(text) && memcmp(bytes.data, text, bytes.length) == 0;
}

static bool list_names(struct bytes list, const char *name)
{
    struct bytes each;
    while (ssh_list_next(&list, &each))
        if (ssh_bytes_are(each, name))
            return true;
    return false;
}

// Whether a name of the list has this in it.
static bool list_contains(struct bytes list, const char *text)
{
    return list.length > 0 && memmem(list.data, list.length, text, strlen(text)) != NULL;
}

static const struct ssh_method *method_choose(const struct ssh_env *env, struct bytes offered)
{
    for (size_t at = 0; at < SSH_METHODS; at++)
        if (env->usable[at] && list_names(offered, ssh_methods[at].name))
            return &ssh_methods[at];
    return NULL;
}

// The suite of one direction. False when there is none.
static bool suite_choose(const struct bytes lists[LISTS], size_t direction, struct ssh_suite *ret_suite)
{
    const struct ssh_cipher *cipher = ssh_ciphers;
    const struct ssh_mac *mac = ssh_macs;
    struct bytes packing = lists[LIST_COMPRESSION_OUT + direction];
    while (cipher->name != NULL && !list_names(lists[LIST_CIPHERS_OUT + direction], cipher->name))
        cipher++;
    while (mac->name != NULL && !list_names(lists[LIST_MACS_OUT + direction], mac->name))
        mac++;
    bool plain = list_names(packing, "none") || list_names(packing, "zlib@openssh.com");
    *ret_suite = (struct ssh_suite){.cipher = cipher, .mac = mac, .zlib = !plain};
    return cipher->name != NULL && (mac->name != NULL || ssh_cipher_is_aead(cipher)) &&
           (plain || list_names(packing, "zlib"));
}

static bool host_key_common(const char *ours, struct bytes offered)
{
    struct bytes list = bytes_of(ours, strlen(ours));
    struct bytes each;
    while (ssh_list_next(&list, &each)) {
        struct bytes theirs = offered;
        struct bytes one;
        while (ssh_list_next(&theirs, &one))
            if (one.length == each.length && memcmp(one.data, each.data, each.length) == 0)
                return true;
    }
    return false;
}

// RFC 4253 section 7: a guess is wrong unless both sides put the same exchange and host key first.
static bool guess_wrong(struct bytes kex, struct bytes host_key, const char *ours)
{
    struct bytes first;
    size_t length = strcspn(ours, ",");
    bool kex_right = ssh_list_next(&kex, &first) && ssh_bytes_are(first, ssh_methods[0].name);
    bool key_right =
        ssh_list_next(&host_key, &first) && first.length == length && memcmp(first.data, ours, length) == 0;
    return !kex_right || !key_right;
}

// HASSH of a server: MD5 over what it offers for its own direction, as it came (github.com/salesforce/hassh).
static void hassh_learn(const struct bytes lists[LISTS], struct observation *observation)
{
    static const enum ssh_list whole[] = {LIST_KEX, LIST_CIPHERS_IN, LIST_MACS_IN, LIST_COMPRESSION_IN};
    uint8_t digest[MD5_DIGEST_SIZE];
    char text[BASE16_ENCODE_LENGTH(MD5_DIGEST_SIZE)];
    struct md5_ctx md5;
    md5_init(&md5);
    for (size_t at = 0; at < sizeof(whole) / sizeof(whole[0]); at++) {
        if (at > 0)
            md5_update(&md5, 1, (const uint8_t *)";");
        md5_update(&md5, lists[whole[at]].length, lists[whole[at]].data);
    }
    md5_digest(&md5, sizeof(digest), digest);
    base16_encode_update(text, sizeof(digest), digest);
    learn_text(observation, FIELD(ssh, hassh), text, sizeof(text));
}

// Terrapin (CVE-2023-48795): a prefix of the encrypted stream can be cut off where sequence numbers are not reset and
// the cipher does not depend on them in a way that shows: ChaCha20-Poly1305, or CBC with encrypt-then-MAC.
static bool terrapin_open(const struct bytes lists[LISTS], bool strict)
{
    bool open = false;
    for (size_t direction = 0; direction < 2; direction++) {
        struct bytes ciphers = lists[LIST_CIPHERS_OUT + direction];
        struct bytes macs = lists[LIST_MACS_OUT + direction];
        open = open || list_names(ciphers, "chacha20-poly1305@openssh.com") ||
               (list_contains(ciphers, "-cbc") && list_contains(macs, "-etm@openssh.com"));
    }
    return open && !strict;
}

static void lists_learn(const struct bytes lists[LISTS], bool strict, struct observation *observation)
{
    static const struct field *const fields[LISTS] = {
        FIELD(ssh, kex_algorithms),        FIELD(ssh, host_key_algorithms),
        FIELD(ssh, ciphers_to_server),     FIELD(ssh, ciphers),
        FIELD(ssh, macs_to_server),        FIELD(ssh, macs),
        FIELD(ssh, compression_to_server), FIELD(ssh, compression),
        FIELD(ssh, languages_to_server),   FIELD(ssh, languages)};
    for (size_t at = 0; at < LISTS; at++)
        learn_names(observation, fields[at], lists[at].data, lists[at].length, ',');
    hassh_learn(lists, observation);
    learn_flag(observation, FIELD(ssh, strict_kex), strict);
    learn_flag(observation, FIELD(ssh, terrapin), terrapin_open(lists, strict));
}

int ssh_offer_read(const struct ssh_env *env, const struct buffer *payload, const char *host_keys,
                   struct observation *observation, struct ssh_choice *ret_choice)
{
    struct bytes reader = bytes_of(buffer_bytes(payload), payload->length);
    struct bytes lists[LISTS];
    (void)bytes_take(&reader, 1 + SSH_COOKIE_BYTES);
    for (size_t at = 0; at < LISTS; at++)
        lists[at] = bytes_slice(&reader, bytes_u32(&reader));
    bool follows = bytes_u8(&reader) != 0;
    (void)bytes_u32(&reader);
    if (reader.failed)
        return -EBADMSG;
    struct ssh_choice choice = {.method = method_choose(env, lists[LIST_KEX]),
                                .strict = list_names(lists[LIST_KEX], strict_theirs)};
    const char *ours = host_keys == NULL ? ssh_host_keys : host_keys;
    lists_learn(lists, choice.strict, observation);
    choice.skip_packet = follows && guess_wrong(lists[LIST_KEX], lists[LIST_HOST_KEYS], ours);
    bool out = suite_choose(lists, 0, &choice.out);
    bool in = suite_choose(lists, 1, &choice.in);
    if (!out || !in || !host_key_common(ours, lists[LIST_HOST_KEYS]))
        choice.method = NULL;
    if (choice.method != NULL)
        learn_word(observation, FIELD(ssh, kex_chosen), choice.method->name);
    *ret_choice = choice;
    return 0;
}
