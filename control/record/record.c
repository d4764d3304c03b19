// SPDX-License-Identifier: BSD-3-Clause
#include "control/record/record.h"

#include <errno.h>
#include <string.h>

#include "probes/packet/suspect.h"

const char *const outcome_names[OUTCOME_COUNT] = {
#define X(enumerator, name, help) name,
    RECORD_OUTCOMES(X)
#undef X
};

const char *const outcome_help[OUTCOME_COUNT] = {
#define X(enumerator, name, help) help,
    RECORD_OUTCOMES(X)
#undef X
};

// The names of the bits of enum suspect, lowest first.
static const char *const suspect_names[] = {
#define X(enumerator, bit, name, help) [bit] = (name),
    SUSPECTS(X)
#undef X
};

enum part { PART_ROOT = 0, PART_PRODUCT, PART_SSH, PART_TLS, PART_HTTP, PART_COUNT };

enum writer {
    WRITE_TEXT = 0, // char array inside the part
    WRITE_POINTER,  // char pointer
    WRITE_LIST,     // char array, a comma-separated list
    WRITE_METHODS,  // the same, and an empty list is written when it is known to be empty
    WRITE_U16,
    WRITE_U32,
    WRITE_BOOL,
    WRITE_SECONDS, // int64_t since the epoch
    WRITE_NOW,     // the record's own time
    WRITE_ADDRESS,
    WRITE_TRANSPORT,
    WRITE_TUNNEL,
    WRITE_OUTCOME,
    WRITE_BANNER,
    WRITE_FINDINGS,
    WRITE_RTT,
    WRITE_SUSPECT,
};

#define FIELD(name_, type_, part_, writer_, owner_, member_, help_)                                                    \
    {                                                                                                                  \
        .name = (name_), .type = (type_), .help = (help_), .part = (part_), .writer = (writer_),                       \
        .size = (uint16_t)sizeof(((struct owner_ *)NULL)->member_), .offset = offsetof(struct owner_, member_),        \
    }
#define ROOT(name, type, writer, member, help) FIELD(name, type, PART_ROOT, writer, record, member, help)
#define PRODUCT(name, member, help)                                                                                    \
    FIELD("product." name, RECORD_STRING, PART_PRODUCT, WRITE_TEXT, product, member, help)
#define SSH(name, type, writer, member, help) FIELD("ssh." name, type, PART_SSH, writer, ssh_observation, member, help)
#define TLS(name, type, writer, member, help) FIELD("tls." name, type, PART_TLS, writer, tls_observation, member, help)
#define HTTP(name, type, writer, member, help)                                                                         \
    FIELD("http." name, type, PART_HTTP, writer, http_observation, member, help)

const struct record_field record_fields[] = {
    ROOT("schema", RECORD_INTEGER, WRITE_U32, schema, "version of this format: 1"),
    ROOT("scan", RECORD_STRING, WRITE_POINTER, scan, "id of the scan"),
    ROOT("time", RECORD_TIME, WRITE_NOW, time_ns, "when the conversation ended"),
    ROOT("ip", RECORD_STRING, WRITE_ADDRESS, address, "address of the host"),
    ROOT("port", RECORD_INTEGER, WRITE_U16, port, "port that accepted a connection"),
    ROOT("transport", RECORD_STRING, WRITE_TRANSPORT, port, "transport protocol: tcp"),
    ROOT("provider", RECORD_STRING, WRITE_POINTER, provider, "cloud provider that publishes the address"),
    ROOT("cloud_service", RECORD_STRING, WRITE_POINTER, cloud_service,
         "the provider's service that the address serves"),
    ROOT("region", RECORD_STRING, WRITE_POINTER, region, "the provider's region"),
    ROOT("service", RECORD_STRING, WRITE_POINTER, service, "protocol that was recognised by what it said"),
    ROOT("tunnel", RECORD_STRING, WRITE_TUNNEL, tunnel_tls, "tls when the service was spoken inside TLS"),
    ROOT("outcome", RECORD_STRING, WRITE_OUTCOME, outcome,
         "how the conversation ended: complete, partial, timeout, reset, refused or not_recognised"),
    ROOT("banner", RECORD_STRING, WRITE_BANNER, banner, "first bytes of a service that was not recognised"),
    PRODUCT("vendor", vendor, "who makes the server software"),
    PRODUCT("name", name, "name of the server software"),
    PRODUCT("version", version, "its version"),
    PRODUCT("update", update, "its patch level, as OpenSSH's p1"),
    PRODUCT("distribution", distribution, "distribution that packaged it"),
    PRODUCT("package_version", package_version, "the distribution's package version"),
    PRODUCT("cpe", cpe, "CPE 2.3 name, for looking up vulnerabilities"),
    SSH("identification", RECORD_STRING, WRITE_TEXT, identification, "the whole identification line (RFC 4253, 4.2)"),
    SSH("protocol", RECORD_STRING, WRITE_TEXT, protocol, "protocol version it names"),
    SSH("software", RECORD_STRING, WRITE_TEXT, software, "software version it names"),
    SSH("comment", RECORD_STRING, WRITE_TEXT, comment, "comment behind the software version"),
    SSH("kex_algorithms", RECORD_STRINGS, WRITE_LIST, kex_algorithms, "key exchange methods offered"),
    SSH("host_key_algorithms", RECORD_STRINGS, WRITE_LIST, host_key_algorithms, "host key algorithms offered"),
    SSH("ciphers", RECORD_STRINGS, WRITE_LIST, ciphers, "ciphers offered, server to client"),
    SSH("macs", RECORD_STRINGS, WRITE_LIST, macs, "message authentication codes offered, server to client"),
    SSH("kex_chosen", RECORD_STRING, WRITE_TEXT, kex_chosen, "key exchange method that was used"),
    SSH("host_key_type", RECORD_STRING, WRITE_TEXT, host_key_type, "type of the host key"),
    SSH("host_key_sha256", RECORD_STRING, WRITE_TEXT, host_key_sha256, "fingerprint of the host key, unpadded base64"),
    SSH("host_key_verified", RECORD_BOOLEAN, WRITE_BOOL, host_key_verified,
        "the server proved that the key is its own"),
    SSH("methods", RECORD_STRINGS, WRITE_METHODS, methods, "authentication methods that can continue (RFC 4252, 5.1)"),
    SSH("no_authentication", RECORD_BOOLEAN, WRITE_BOOL, no_authentication, "the server let an unknown user in"),
    TLS("version", RECORD_STRING, WRITE_TEXT, version, "negotiated protocol version"),
    TLS("cipher", RECORD_STRING, WRITE_TEXT, cipher, "negotiated cipher suite"),
    TLS("handshake_complete", RECORD_BOOLEAN, WRITE_BOOL, handshake_complete, "the handshake was completed"),
    TLS("alert", RECORD_STRING, WRITE_TEXT, alert, "alert that ended a handshake (RFC 8446, 6)"),
    TLS("subject", RECORD_STRING, WRITE_TEXT, subject, "the certificate's subject (RFC 2253)"),
    TLS("issuer", RECORD_STRING, WRITE_TEXT, issuer, "the certificate's issuer (RFC 2253)"),
    TLS("sans", RECORD_STRINGS, WRITE_LIST, sans, "the certificate's alternative names: DNS names and addresses"),
    TLS("serial", RECORD_STRING, WRITE_TEXT, serial, "the certificate's serial number, hexadecimal"),
    TLS("not_before", RECORD_TIME, WRITE_SECONDS, not_before, "start of the certificate's validity"),
    TLS("not_after", RECORD_TIME, WRITE_SECONDS, not_after, "end of the certificate's validity"),
    TLS("key_type", RECORD_STRING, WRITE_TEXT, key_type, "type of the certificate's key"),
    TLS("key_bits", RECORD_INTEGER, WRITE_U32, key_bits, "size of the certificate's key in bits"),
    TLS("signature_algorithm", RECORD_STRING, WRITE_TEXT, signature_algorithm, "how the certificate is signed"),
    TLS("sha256", RECORD_STRING, WRITE_TEXT, sha256, "SHA-256 of the certificate, hexadecimal"),
    TLS("chain_length", RECORD_INTEGER, WRITE_U32, chain_length, "number of certificates sent"),
    TLS("self_signed", RECORD_BOOLEAN, WRITE_BOOL, self_signed, "the certificate is signed with its own key"),
    HTTP("version", RECORD_STRING, WRITE_TEXT, version, "protocol version of the answer"),
    HTTP("status", RECORD_INTEGER, WRITE_U32, status, "status code of the answer"),
    HTTP("server", RECORD_STRING, WRITE_TEXT, server, "the Server header"),
    HTTP("title", RECORD_STRING, WRITE_TEXT, title, "title of the page"),
    HTTP("location", RECORD_STRING, WRITE_TEXT, location, "where a redirect points"),
    HTTP("content_type", RECORD_STRING, WRITE_TEXT, content_type, "the Content-Type header"),
    ROOT("findings", RECORD_STRINGS, WRITE_FINDINGS, findings, "ids of what is wrong (config/findings.json)"),
    ROOT("rtt_ms", RECORD_NUMBER, WRITE_RTT, rtt_us, "from our first data segment to its acknowledgement"),
    ROOT("suspect", RECORD_STRINGS, WRITE_SUSPECT, suspect,
         "why the answer may not be a service's: zero-window, no-options, accepts-any-port"),
};
const size_t record_field_count = sizeof(record_fields) / sizeof(record_fields[0]);

static void list_write(struct json *json, const char *name, const char *list, size_t size)
{
    const char *end = list + strnlen(list, size);
    json_open(json, name, '[');
    for (const char *at = list; at < end; at++) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma == NULL ? end : comma;
        if (stop > at)
            json_text(json, NULL, at, (size_t)(stop - at));
        at = stop;
    }
    json_close(json, ']');
}

static void address_write(struct json *json, const char *name, uint32_t address)
{
    char text[16];
    char *at = text;
    for (int shift = 24; shift >= 0; shift -= 8) {
        unsigned octet = address >> shift & 255;
        if (octet >= 100)
            *at++ = (char)('0' + octet / 100);
        if (octet >= 10)
            *at++ = (char)('0' + octet / 10 % 10);
        *at++ = (char)('0' + octet % 10);
        *at++ = '.';
    }
    json_text(json, name, text, (size_t)(at - text) - 1);
}

static void suspect_write(struct json *json, const char *name, uint8_t suspect)
{
    json_open(json, name, '[');
    for (size_t i = 0; i < sizeof(suspect_names) / sizeof(suspect_names[0]); i++) {
        if (suspect >> i & 1)
            json_text(json, NULL, suspect_names[i], strlen(suspect_names[i]));
    }
    json_close(json, ']');
}

// Fields that only the record itself has.
static void root_field_write(struct json *json, const struct record_field *field, const char *name,
                             const struct record *record)
{
    switch ((enum writer)field->writer) {
    case WRITE_NOW:
        json_time(json, name, (int64_t)(record->time_ns / 1000000000), (int)(record->time_ns / 1000000 % 1000));
        break;
    case WRITE_ADDRESS:
        address_write(json, name, record->address);
        break;
    case WRITE_TRANSPORT:
        json_text(json, name, "tcp", 3);
        break;
    case WRITE_TUNNEL:
        if (record->tunnel_tls)
            json_text(json, name, "tls", 3);
        break;
    case WRITE_OUTCOME:
        json_text(json, name, outcome_names[record->outcome], strlen(outcome_names[record->outcome]));
        break;
    case WRITE_BANNER:
        if (record->banner_length > 0)
            json_text(json, name, record->banner, record->banner_length);
        break;
    case WRITE_FINDINGS:
        json_open(json, name, '[');
        for (size_t i = 0; i < record->finding_count; i++)
            json_text(json, NULL, record->findings[i], strlen(record->findings[i]));
        json_close(json, ']');
        break;
    case WRITE_RTT:
        if (record->rtt_us > 0)
            json_milli(json, name, record->rtt_us);
        break;
    case WRITE_SUSPECT:
        suspect_write(json, name, record->suspect);
        break;
    default:
        break;
    }
}

// Fields whose value stands at base + offset. Arrays from the network are bounded by their own size, not by their NUL.
static void field_write(struct json *json, const struct record_field *field, const char *name, const uint8_t *base)
{
    const uint8_t *value = base + field->offset;
    const char *text = (const char *)value;
    const struct ssh_observation *ssh = (const void *)base; // for WRITE_METHODS, which only PART_SSH has
    uint32_t u32;
    uint16_t u16;
    int64_t seconds;
    switch ((enum writer)field->writer) {
    case WRITE_TEXT:
        if (text[0] != '\0')
            json_text(json, name, text, strnlen(text, field->size));
        break;
    case WRITE_POINTER:
        memcpy(&text, value, sizeof(text));
        if (text != NULL && text[0] != '\0')
            json_text(json, name, text, strlen(text));
        break;
    case WRITE_LIST:
        if (text[0] != '\0')
            list_write(json, name, text, field->size);
        break;
    case WRITE_METHODS:
        if (ssh->methods_known)
            list_write(json, name, text, field->size);
        break;
    case WRITE_U16:
        memcpy(&u16, value, sizeof(u16));
        json_number(json, name, u16);
        break;
    case WRITE_U32:
        memcpy(&u32, value, sizeof(u32));
        if (u32 != 0)
            json_number(json, name, u32);
        break;
    case WRITE_BOOL:
        json_flag(json, name, *(const bool *)value);
        break;
    case WRITE_SECONDS:
        memcpy(&seconds, value, sizeof(seconds));
        if (seconds != 0)
            json_time(json, name, seconds, -1);
        break;
    default:
        break;
    }
}

int record_write(const struct record *record, struct json *json)
{
    const void *parts[PART_COUNT] = {record, record->product, record->ssh, record->tls, record->http};
    static const char *const part_names[PART_COUNT] = {"", "product", "ssh", "tls", "http"};
    struct json before = *json;
    enum part open = PART_ROOT;
    json->comma = false;
    json_open(json, NULL, '{');
    for (size_t i = 0; i < record_field_count; i++) {
        const struct record_field *field = &record_fields[i];
        enum part part = (enum part)field->part;
        if (parts[part] == NULL)
            continue;
        if (part != open && open != PART_ROOT)
            json_close(json, '}');
        if (part != open && part != PART_ROOT)
            json_open(json, part_names[part], '{');
        open = part;
        if (field->writer >= WRITE_NOW)
            root_field_write(json, field, field->name, record);
        else
            field_write(json, field, field->name + (part == PART_ROOT ? 0 : strlen(part_names[part]) + 1), parts[part]);
    }
    json_close(json, '}');
    json_raw(json, "\n", 1);
    if (json->full || json->length - before.length > RECORD_BYTES_MAX) {
        *json = before;
        return -ENOSPC;
    }
    return 0;
}

// Skips `"name":` with a comma before it unless it is the first; false when it is not there.
static bool key_skip(const char **at, const char *end, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(end - *at) < length || memcmp(*at, text, length) != 0)
        return false;
    *at += length;
    return true;
}

static bool number_read(const char **at, const char *end, uint32_t limit, uint32_t *ret_value)
{
    uint32_t value = 0;
    const char *start = *at;
    while (*at < end && **at >= '0' && **at <= '9') {
        value = value * 10 + (uint32_t)(**at - '0');
        if (value > limit)
            return false;
        (*at)++;
    }
    *ret_value = value;
    return *at > start;
}

// Skips a string that our writer wrote, so a quote inside it has a backslash before it.
static bool string_skip(const char **at, const char *end)
{
    while (*at < end && **at != '"')
        *at += **at == '\\' ? 2 : 1;
    if (*at >= end)
        return false;
    (*at)++;
    return true;
}

bool record_read_key(const char *line, size_t length, uint32_t *ret_address, uint16_t *ret_port)
{
    const char *at = line;
    const char *end = line + length;
    uint32_t number;
    uint32_t address = 0;
    if (!key_skip(&at, end, "{\"schema\":") || !number_read(&at, end, 1000000, &number))
        return false;
    if (key_skip(&at, end, ",\"scan\":\"") && !string_skip(&at, end))
        return false;
    if (!key_skip(&at, end, ",\"time\":\"") || !string_skip(&at, end) || !key_skip(&at, end, ",\"ip\":\""))
        return false;
    for (int i = 0; i < 4; i++) {
        if ((i > 0 && !key_skip(&at, end, ".")) || !number_read(&at, end, 255, &number))
            return false;
        address = address << 8 | number;
    }
    if (!key_skip(&at, end, "\",\"port\":") || !number_read(&at, end, 65535, &number) || at == end || end[-1] != '}')
        return false;
    *ret_address = address;
    *ret_port = (uint16_t)number;
    return true;
}

bool record_read_outcome(const char *line, size_t length, enum outcome *ret_outcome)
{
    // Inside a string each quote has a backslash before it, so these bytes are found as a key only.
    static const char key[] = ",\"outcome\":\"";
    const char *at = memmem(line, length, key, sizeof(key) - 1);
    if (at == NULL)
        return false;
    at += sizeof(key) - 1;
    size_t left = length - (size_t)(at - line);
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        size_t bytes = strlen(outcome_names[i]);
        if (bytes < left && memcmp(at, outcome_names[i], bytes) == 0 && at[bytes] == '"') {
            *ret_outcome = (enum outcome)i;
            return true;
        }
    }
    return false;
}
