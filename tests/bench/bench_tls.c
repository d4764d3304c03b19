// SPDX-License-Identifier: BSD-3-Clause
// What a TLS host costs sonde-control's conversations: hello, certificate, proof, page and record, with our own
// client and with OpenSSL's, in turns, against OpenSSL's server in the same thread. Only the client's turns are timed,
// by the thread's CPU clock. Prints a table and one JSON object.
//
// usage: bench_tls [--hosts N] [--open N] [--kind N]
//   --hosts  how many to talk to in each row (2000), --open how many conversations to hold open with their page asked
//   for, to see what each takes of memory (10000; the server's half is not counted), --kind only that row, from 1

#include <malloc.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/record/record.h"
#include "probes/session/conversation.h"
#include "tests/unit/session/fake_tls.h"
#include "tests/unit/session/issue.h"

// A kind of server, and on how many hosts each of its certificates stands.
struct kind {
    const char *name;
    const char *key;
    unsigned each; // certificates; 1: one for all hosts
    int version;
    enum signer { UNKNOWN, ITSELF, TRUSTED } signer; // an authority of ours: with one between it and the host
    const char *ciphers;                             // below TLS 1.3; NULL: whatever comes of our order
};

static const struct kind kinds[] = {
    {"P-256, one certificate", "EC", 1, TLS1_3_VERSION, UNKNOWN, NULL},
    {"RSA-2048, one certificate", "RSA", 1, TLS1_3_VERSION, UNKNOWN, NULL},
    {"P-256, a certificate a host", "EC", 400, TLS1_3_VERSION, UNKNOWN, NULL},
    {"P-256, self-signed, a certificate a host", "EC", 400, TLS1_3_VERSION, ITSELF, NULL},
    {"P-256, trusted, a certificate a host", "EC", 400, TLS1_3_VERSION, TRUSTED, NULL},
    {"TLS 1.2, P-256, one certificate", "EC", 1, TLS1_2_VERSION, UNKNOWN, "ECDHE+AESGCM"},
    {"TLS 1.2, RSA-2048, one certificate", "RSA", 1, TLS1_2_VERSION, UNKNOWN, "ECDHE+AESGCM"},
    {"TLS 1.2, P-256, a certificate a host", "EC", 400, TLS1_2_VERSION, UNKNOWN, "ECDHE+AESGCM"},
    {"TLS 1.2, RSA-2048, RSA key exchange", "RSA", 1, TLS1_2_VERSION, UNKNOWN, "AES128-SHA"},
};

// A root, of which the store has the only copy, and who signs for it.
static struct authority {
    EVP_PKEY *keys[2];
    X509 *certificates[2];
    char store[32];
} authority = {.store = "/tmp/sonde-bench-XXXXXX"};

static void authority_make(void)
{
    static const char *const names[] = {"root", "intermediate"};
    for (size_t at = 0; at < 2; at++) {
        authority.keys[at] = issue_key("EC");
        const struct issue issue = {.subject = names[at],
                                    .issuer = "root",
                                    .authority = at == 0 ? NULL : authority.certificates[0],
                                    .key = authority.keys[at],
                                    .signer = authority.keys[0],
                                    .until = 86400,
                                    .extensions = {"basicConstraints=critical,CA:TRUE", "subjectKeyIdentifier=hash"}};
        authority.certificates[at] = issue_certificate(&issue);
    }
    int descriptor = mkstemp(authority.store);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (file == NULL || PEM_write_X509(file, authority.certificates[0]) != 1 || fclose(file) != 0)
        abort();
}

static void identity_make(const char *key, struct fake_tls_identity *ret_identity)
{
    ret_identity->key = issue_key(key);
    ret_identity->behind = authority.certificates[1];
    const struct issue issue = {.subject = "host.example",
                                .issuer = "intermediate",
                                .authority = authority.certificates[1],
                                .key = ret_identity->key,
                                .signer = authority.keys[1],
                                .until = 86400,
                                .extensions = {"basicConstraints=CA:FALSE", "keyUsage=critical,digitalSignature",
                                               "extendedKeyUsage=serverAuth,clientAuth", "subjectKeyIdentifier=hash",
                                               "authorityKeyIdentifier=keyid",
                                               "subjectAltName=DNS:host.example,DNS:www.host.example"}};
    ret_identity->certificate = issue_certificate(&issue);
}

static const char page[] =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 20:00:00 GMT\r\nContent-Type: text/html\r\n"
    "Content-Length: 120\r\nConnection: close\r\n\r\n<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to "
    "nginx!</title></head>\n<body>\n<h1>Welcome to nginx!</h1>\n</body></html>\n";

static uint64_t cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

struct meter {
    uint64_t client_ns;
    uint64_t server_ns;
    uint64_t records;
    uint64_t bytes;
    uint64_t further; // connections beyond the first
};

static void answer_take(struct fake_tls *fake, struct conversation *conversation, struct buffer *answer,
                        struct meter *meter)
{
    size_t length = 0;
    uint64_t began = cpu_ns();
    const uint8_t *said = conversation_output(conversation, &length);
    fake->peer.answer(&fake->peer, said, length, answer);
    conversation_output_take(conversation, length);
    meter->server_ns += cpu_ns() - began;
}

static void record_make(const struct observation *observation, struct meter *meter)
{
    static char room[RECORD_BYTES_MAX];
    struct writer writer;
    writer_init(&writer, room, sizeof(room));
    if (record_write(observation, &writer) != 0 || strstr(room, "Welcome to nginx") == NULL)
        abort();
    meter->records++;
    meter->bytes += writer.length;
}

// One connection; what to ask next, on a further one, into *ret_errand. True when there is something.
static bool connection_ask(struct session_env *env, struct agenda *agenda, struct fake_tls *fake,
                           struct observation *observation, struct errand *errand, struct meter *meter)
{
    struct buffer answer = {0};
    fake->peer.begin(&fake->peer);
    uint64_t began = cpu_ns();
    struct conversation *conversation = conversation_new(env, errand, 0x0a010203, 443, agenda, observation);
    struct conversation_step step = conversation_open(conversation);
    meter->client_ns += cpu_ns() - began;
    while (step.verb == CONVERSATION_WAIT) {
        answer_take(fake, conversation, &answer, meter);
        began = cpu_ns();
        step = answer.length > 0 ? conversation_bytes(conversation, buffer_bytes(&answer), answer.length)
                                 : conversation_closed(conversation);
        meter->client_ns += cpu_ns() - began;
        buffer_drop(&answer, answer.length);
    }
    began = cpu_ns();
    conversation_free(conversation);
    meter->client_ns += cpu_ns() - began;
    buffer_fini(&answer);
    *errand = step.errand;
    return step.verb == CONVERSATION_AGAIN;
}

static void host_ask(struct session_env *env, const char *first, struct fake_tls *fake, struct meter *meter)
{
    struct agenda agenda;
    struct observation observation;
    uint64_t began = cpu_ns();
    struct errand errand = agenda_begin(&agenda, session_find(first), session_find("http"));
    observation_init(&observation);
    meter->client_ns += cpu_ns() - began;
    while (connection_ask(env, &agenda, fake, &observation, &errand, meter))
        meter->further++;
    began = cpu_ns();
    record_make(&observation, meter);
    observation_fini(&observation);
    meter->client_ns += cpu_ns() - began;
}

static struct fake_tls *servers_make(const struct kind *kind)
{
    struct fake_tls *servers = calloc(kind->each, sizeof(*servers));
    if (servers == NULL)
        abort();
    for (unsigned at = 0; at < kind->each; at++) {
        struct fake_tls_identity identity;
        servers[at] = (struct fake_tls){.version = kind->version,
                                        .key = kind->key,
                                        .foreign = kind->signer == UNKNOWN,
                                        .ciphers = kind->ciphers,
                                        .reply = page};
        if (kind->signer == TRUSTED) {
            identity_make(kind->key, &identity);
            servers[at].identity = &identity;
        }
        fake_tls_init(&servers[at]);
        if (kind->signer == TRUSTED) {
            X509_free(identity.certificate);
            EVP_PKEY_free(identity.key);
        }
        SSL_CTX_set_num_tickets(servers[at].context, 2);
    }
    return servers;
}

static void servers_free(struct fake_tls *servers, unsigned count)
{
    for (unsigned at = 0; at < count; at++)
        fake_tls_fini(&servers[at]);
    free(servers);
}

// Microseconds a host.
static double kind_run(const struct session_env_settings *settings, const char *first, const struct kind *kind,
                       unsigned hosts)
{
    struct session_env *env = session_env_new(settings);
    struct fake_tls *servers = servers_make(kind);
    struct meter meter = {0};
    for (unsigned at = 0; at < kind->each && at < 64; at++)
        host_ask(env, first, &servers[at], &(struct meter){0}); // what is only slow the first time
    for (unsigned at = 0; at < hosts; at++)
        host_ask(env, first, &servers[at % kind->each], &meter);
    servers_free(servers, kind->each);
    session_env_free(env);
    return (double)meter.client_ns / 1e3 / hosts;
}

// What the arithmetic alone costs, in the same run: X25519 with a share that is used again, and one signature of P-256
// checked with a key that is known, in microseconds.
static double arithmetic_run(unsigned times)
{
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY *peer = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY *signer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    EVP_PKEY_CTX *verify = EVP_PKEY_CTX_new_from_pkey(NULL, signer, NULL);
    EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new_from_pkey(NULL, signer, NULL);
    uint8_t digest[32] = {1};
    uint8_t signature[80];
    uint8_t shared[32];
    size_t length = sizeof(signature);
    size_t shared_length = sizeof(shared);
    if (EVP_PKEY_sign_init(sign) != 1 || EVP_PKEY_sign(sign, signature, &length, digest, sizeof(digest)) != 1 ||
        EVP_PKEY_derive_init(derive) != 1 || EVP_PKEY_verify_init(verify) != 1)
        abort();
    uint64_t began = cpu_ns();
    for (unsigned at = 0; at < times; at++)
        if (EVP_PKEY_derive_set_peer_ex(derive, peer, 0) != 1 || EVP_PKEY_derive(derive, shared, &shared_length) != 1 ||
            EVP_PKEY_verify(verify, signature, length, digest, sizeof(digest)) != 1)
            abort();
    double spent = (double)(cpu_ns() - began) / 1e3 / times;
    EVP_PKEY_CTX_free(sign);
    EVP_PKEY_CTX_free(verify);
    EVP_PKEY_CTX_free(derive);
    EVP_PKEY_free(signer);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    return spent;
}

static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

// Bytes of heap that a conversation holds whose page was asked for and has not come.
static size_t open_run(const char *first, unsigned count)
{
    const struct session_env_settings settings = {.user_agent = "sonde"};
    struct session_env *env = session_env_new(&settings);
    struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "EC", .foreign = true};
    struct conversation **conversations = calloc(count, sizeof(*conversations));
    struct observation *observations = calloc(count, sizeof(*observations));
    struct agenda *agendas = calloc(count, sizeof(*agendas));
    size_t held = 0;
    fake_tls_init(&fake);
    if (conversations == NULL || observations == NULL || agendas == NULL)
        abort();
    for (unsigned at = 0; at < count; at++) {
        struct buffer answer = {0};
        fake.peer.begin(&fake.peer);
        size_t before = heap_bytes();
        const struct errand errand = agenda_begin(&agendas[at], session_find(first), session_find("http"));
        observation_init(&observations[at]);
        conversations[at] = conversation_new(env, &errand, 0x0a010203, 443, &agendas[at], &observations[at]);
        (void)conversation_open(conversations[at]);
        held += heap_bytes() - before;
        for (int turn = 0; turn < 3; turn++) {
            answer_take(&fake, conversations[at], &answer, &(struct meter){0});
            before = heap_bytes();
            if (answer.length > 0)
                (void)conversation_bytes(conversations[at], buffer_bytes(&answer), answer.length);
            held += heap_bytes() - before;
            buffer_drop(&answer, answer.length);
        }
        buffer_fini(&answer);
    }
    for (unsigned at = 0; at < count; at++) {
        conversation_free(conversations[at]);
        observation_fini(&observations[at]);
    }
    free(conversations);
    free(observations);
    free(agendas);
    fake_tls_fini(&fake);
    session_env_free(env);
    return held / count;
}

int main(int argc, char **argv)
{
    unsigned hosts = 2000;
    unsigned open = 10000;
    unsigned only = 0;
    for (int at = 1; at + 1 < argc; at += 2) {
        if (strcmp(argv[at], "--hosts") == 0)
            hosts = (unsigned)strtoul(argv[at + 1], NULL, 10);
        if (strcmp(argv[at], "--open") == 0)
            open = (unsigned)strtoul(argv[at + 1], NULL, 10);
        if (strcmp(argv[at], "--kind") == 0)
            only = (unsigned)strtoul(argv[at + 1], NULL, 10);
    }
    authority_make();
    const struct session_env_settings proved = {.user_agent = "sonde", .trust_file = authority.store};
    const struct session_env_settings unproved = {
        .user_agent = "sonde", .trust_file = authority.store, .no_key_proof = true};
    printf("arithmetic alone, X25519 and a P-256 signature: %.1f us\n", arithmetic_run(hosts));
    printf("%-42s %12s %12s %16s\n", "us of client CPU a host", "OpenSSL's", "ours", "ours, no proof");
    for (size_t at = 0; at < sizeof(kinds) / sizeof(kinds[0]); at++) {
        if (only != 0 && at + 1 != only)
            continue;
        double theirs = kind_run(&proved, "tls-openssl", &kinds[at], hosts);
        double ours = kind_run(&proved, "tls", &kinds[at], hosts);
        double none = kind_run(&unproved, "tls", &kinds[at], hosts);
        printf("%-42s %12.1f %12.1f %16.1f\n", kinds[at].name, theirs, ours, none);
        printf("{\"bench\":\"tls\",\"kind\":\"%s\",\"openssl_us\":%.1f,\"ours_us\":%.1f,\"no_proof_us\":%.1f}\n",
               kinds[at].name, theirs, ours, none);
    }
    unlink(authority.store);
    if (open > 0) {
        size_t theirs = open_run("tls-openssl", open);
        size_t ours = open_run("tls", open);
        printf("%-42s %12zu %12zu\n", "bytes an open conversation", theirs, ours);
        printf("{\"bench\":\"tls-open\",\"count\":%u,\"openssl_bytes\":%zu,\"ours_bytes\":%zu}\n", open, theirs, ours);
    }
    return 0;
}
