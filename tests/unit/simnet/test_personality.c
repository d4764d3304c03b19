// SPDX-License-Identifier: BSD-3-Clause
// What hosts say, heard by clients that are not simnet's: OpenSSL's of TLS, sonde's own of SSH.

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/session/dialogue.h"
#include "tests/unit/simnet/speaking.h"

// OpenSSL's client and a visit, with what the client has read.
struct meeting {
    struct visit visit;
    SSL *ssl;
    BIO *to_client;
    BIO *to_server;
    size_t piece; // bytes handed over at a time; 0 = all
    char page[4096];
    size_t page_length;
    bool ended; // by close_notify
};

static SSL_CTX *client_new(const struct service *service, int version)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    cr_assert_eq(SSL_CTX_set_min_proto_version(context, version), 1);
    cr_assert_eq(SSL_CTX_set_max_proto_version(context, version), 1);
    SSL_CTX_set_security_level(context, 0);
    // The only trust that there is: in this service's issuer.
    cr_assert_eq(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), service->identities[0].issuer), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return context;
}

static void hand_to_server(struct meeting *meeting)
{
    char *data;
    long length = BIO_get_mem_data(meeting->to_server, &data);
    size_t step = meeting->piece == 0 ? (size_t)length : meeting->piece;
    for (size_t at = 0; at < (size_t)length; at += step)
        visit_bytes(&meeting->visit, (const uint8_t *)data + at,
                    step < (size_t)length - at ? step : (size_t)length - at);
    (void)BIO_reset(meeting->to_server);
}

static void hand_to_client(struct meeting *meeting)
{
    if (meeting->visit.output.length > 0)
        BIO_write(meeting->to_client, buffer_bytes(&meeting->visit.output), (int)meeting->visit.output.length);
    buffer_drop(&meeting->visit.output, meeting->visit.output.length);
}

// A handshake, one request, the page and goodbye; true when the handshake was completed.
static bool meet(struct meeting *meeting, const struct speaking *speaking, const struct service *service,
                 SSL_CTX *context)
{
    meeting->ssl = SSL_new(context);
    meeting->to_client = BIO_new(BIO_s_mem());
    meeting->to_server = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(meeting->to_client, -1);
    SSL_set_bio(meeting->ssl, meeting->to_client, meeting->to_server);
    SSL_set_connect_state(meeting->ssl);
    cr_assert(visit_begin(&meeting->visit, service, 5, speaking->crypto));
    int status = 0;
    for (int round = 0; round < 8 && status != 1; round++) {
        status = SSL_do_handshake(meeting->ssl);
        hand_to_server(meeting);
        hand_to_client(meeting);
    }
    if (status != 1)
        return false;
    cr_assert_gt(SSL_write(meeting->ssl, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27), 0);
    hand_to_server(meeting);
    hand_to_client(meeting);
    int got;
    while ((got = SSL_read(meeting->ssl, meeting->page + meeting->page_length,
                           (int)(sizeof(meeting->page) - 1 - meeting->page_length))) > 0)
        meeting->page_length += (size_t)got;
    meeting->ended = SSL_get_error(meeting->ssl, got) == SSL_ERROR_ZERO_RETURN;
    return true;
}

static void part(struct meeting *meeting)
{
    SSL_free(meeting->ssl);
    visit_end(&meeting->visit);
}

static void expect_tls(const char *name, int version, const char *cipher, size_t piece)
{
    struct speaking speaking;
    speaking_up(&speaking);
    const struct service *service = speaking_service(&speaking, name);
    const struct identity *identity = service_identity(service, 5);
    SSL_CTX *context = client_new(service, version);
    struct meeting meeting = {.piece = piece};
    cr_assert(meet(&meeting, &speaking, service, context), "%s", name);
    cr_expect_str_eq(SSL_get_cipher(meeting.ssl), cipher);
    cr_expect_eq(SSL_get_verify_result(meeting.ssl), X509_V_OK);
    cr_expect_eq(X509_cmp(SSL_get0_peer_certificate(meeting.ssl), identity->certificate), 0);
    cr_expect(strncmp(meeting.page, "HTTP/1.1 ", 9) == 0, "%s", meeting.page);
    cr_expect(meeting.ended, "%s ends without a goodbye", name);
    cr_expect(meeting.visit.over);
    part(&meeting);
    SSL_CTX_free(context);
    speaking_down(&speaking);
}

Test(personality, openssl_trusts_what_tls13_shows_with_an_ecdsa_key)
{
    expect_tls("tls13-ecdsa", TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
    expect_tls("tls13-ecdsa", TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 1);
    expect_tls("tls13-ecdsa", TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 97);
}

Test(personality, openssl_trusts_what_tls13_shows_with_an_ed25519_key)
{
    expect_tls("tls13-ed25519", TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
}

Test(personality, tls13_speaks_chacha20_when_told)
{
    expect_tls("tls13-chacha", TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256", 0);
}

Test(personality, tls_speaks_the_version_that_it_is_told)
{
    expect_tls("tls12", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", 0);
    expect_tls("tls12", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", 1);
    expect_tls("tls10", TLS1_VERSION, "ECDHE-ECDSA-AES128-SHA", 0);
}

Test(personality, a_share_used_again_agrees_on_the_same_secret)
{
    struct speaking speaking;
    speaking_up(&speaking);
    uint8_t theirs[32];
    uint8_t secrets[2][32];
    size_t length = 32;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY_get_raw_public_key(key, theirs, &length);
    cr_assert(crypto_agree(speaking.crypto, theirs, secrets[0]));
    cr_assert(crypto_agree(speaking.crypto, theirs, secrets[1]));
    cr_expect_arr_eq(secrets[0], secrets[1], 32);
    memset(theirs, 0, sizeof(theirs));
    cr_expect_not(crypto_agree(speaking.crypto, theirs, secrets[1]), "the point at infinity gives no secret");
    EVP_PKEY_free(key);
    speaking_down(&speaking);
}

Test(personality, tls13_refuses_older_hellos_with_an_alert)
{
    struct speaking speaking;
    speaking_up(&speaking);
    const struct service *service = speaking_service(&speaking, "tls13-ecdsa");
    SSL_CTX *context = client_new(service, TLS1_2_VERSION);
    struct meeting meeting = {.piece = 0};
    cr_expect_not(meet(&meeting, &speaking, service, context));
    cr_expect(meeting.visit.over);
    part(&meeting);
    SSL_CTX_free(context);
    struct visit visit;
    cr_assert(visit_begin(&visit, service, 0, speaking.crypto));
    visit_bytes(&visit, (const uint8_t *)"GET / HTTP/1.0\r\n\r\n", 18);
    static const uint8_t ALERT[] = {21, 3, 3, 0, 2, 2, 70};
    cr_assert_eq(visit.output.length, sizeof(ALERT));
    cr_expect_arr_eq(buffer_bytes(&visit.output), ALERT, sizeof(ALERT));
    cr_expect(visit.over);
    visit_end(&visit);
    speaking_down(&speaking);
}

Test(personality, tls13_hangs_up_on_a_wrong_finished)
{
    struct speaking speaking;
    speaking_up(&speaking);
    const struct service *service = speaking_service(&speaking, "tls13-ecdsa");
    SSL_CTX *context = client_new(service, TLS1_3_VERSION);
    struct meeting meeting = {
        .ssl = SSL_new(context), .to_client = BIO_new(BIO_s_mem()), .to_server = BIO_new(BIO_s_mem())};
    SSL_set_bio(meeting.ssl, meeting.to_client, meeting.to_server);
    BIO_set_mem_eof_return(meeting.to_client, -1);
    SSL_set_connect_state(meeting.ssl);
    cr_assert(visit_begin(&meeting.visit, service, 5, speaking.crypto));
    (void)SSL_do_handshake(meeting.ssl);
    hand_to_server(&meeting);
    hand_to_client(&meeting);
    cr_assert_eq(SSL_do_handshake(meeting.ssl), 1);
    char *data;
    long length = BIO_get_mem_data(meeting.to_server, &data);
    data[length - 1] ^= 1;
    cr_expect_not(meeting.visit.over);
    hand_to_server(&meeting);
    cr_expect(meeting.visit.over);
    part(&meeting);
    SSL_CTX_free(context);
    speaking_down(&speaking);
}

// A visit as the other side of a dialogue of sonde's.
struct host {
    struct peer peer;
    const struct speaking *speaking;
    const struct service *service;
    struct visit visit;
    bool visited;
};

static void host_begin(struct peer *peer)
{
    struct host *host = (struct host *)peer;
    if (host->visited)
        visit_end(&host->visit);
    cr_assert(visit_begin(&host->visit, host->service, 5, host->speaking->crypto));
    host->visited = true;
}

static void host_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    struct host *host = (struct host *)peer;
    if (length > 0)
        visit_bytes(&host->visit, data, length);
    buffer_put(ret_answer, buffer_bytes(&host->visit.output), host->visit.output.length);
    buffer_drop(&host->visit.output, host->visit.output.length);
    peer->closed = host->visit.over;
}

static void expect_ssh(const char *name, size_t piece, const char *methods)
{
    struct speaking speaking;
    struct observation observation;
    speaking_up(&speaking);
    struct host host = {.peer = {.begin = host_begin, .answer = host_answer},
                        .speaking = &speaking,
                        .service = speaking_service(&speaking, name)};
    const struct dialogue dialogue = {.env = env_for_tests(), .first = "ssh", .port = 22, .piece = piece};
    dialogue_run(&dialogue, &host.peer, &observation);
    json_t *record = service_truth(host.service, 5);
    const json_t *truth = json_object_get(record, "ssh");
    static const char *const FIELDS[] = {"identification", "kex_chosen", "host_key_type", "host_key_sha256"};
    for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "ssh.%s", FIELDS[i]);
        cr_expect_str_eq(told(&observation, path), json_string_value(json_object_get(truth, FIELDS[i])));
    }
    cr_expect_str_eq(told(&observation, "ssh.host_key_verified"), "true");
    cr_expect_str_eq(told(&observation, "ssh.no_authentication"), methods[0] == '\0' ? "true" : "false");
    cr_expect_str_eq(told(&observation, "ssh.methods"), methods);
    json_decref(record);
    observation_fini(&observation);
    visit_end(&host.visit);
    session_env_free(dialogue.env);
    speaking_down(&speaking);
}

Test(personality, ssh_reaches_the_method_list_and_proves_its_key)
{
    expect_ssh("ssh-ed25519", 0, "publickey,password");
    expect_ssh("ssh-ed25519", 1, "publickey,password");
    expect_ssh("ssh-ecdsa", 0, "publickey");
    expect_ssh("ssh-open", 0, "");
}

Test(personality, every_row_has_what_its_table_promises)
{
    size_t count;
    const struct personality *const *rows = personality_rows(&count);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(personality_find(rows[i]->name), rows[i]);
        cr_expect(rows[i]->bytes != NULL && rows[i]->truth != NULL && rows[i]->help[0] != '\0', "%s", rows[i]->name);
    }
    cr_expect_null(personality_find("gopher"));
}

Test(personality, certificates_are_the_same_each_time_and_differ_from_host_to_host)
{
    struct speaking one;
    struct speaking other;
    speaking_up(&one);
    speaking_up(&other);
    const struct service *first = speaking_service(&one, "tls13-ecdsa");
    const struct service *second = speaking_service(&other, "tls13-ecdsa");
    cr_assert_eq(first->identity_count, 16);
    for (uint32_t i = 0; i < 16; i++) {
        cr_expect_str_eq(service_identity(first, i)->sha256, service_identity(second, i)->sha256);
        cr_expect_str_neq(service_identity(first, i)->sha256, service_identity(first, i + 1)->sha256);
    }
    speaking_down(&one);
    speaking_down(&other);
}

// Neither garbage nor what was right but for one byte does more than end a visit.
Test(personality, garbage_ends_a_visit_or_is_ignored)
{
    struct speaking speaking;
    speaking_up(&speaking);
    uint64_t random = 1;
    for (size_t round = 0; round < 20000; round++) {
        const struct service *service = &speaking.services[round % speaking.population.service_count];
        struct visit visit;
        uint8_t bytes[300];
        cr_assert(visit_begin(&visit, service, (uint32_t)round, speaking.crypto));
        for (size_t i = 0; i < sizeof(bytes); i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bytes[i] = (uint8_t)(random >> 56);
        }
        static const char *const STARTS[] = {"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03",
                                             "SSH-2.0-x\r\n\0\0\0\x2c\x04\x14", "GET / HTTP/1.1\r\n\r\n",
                                             "\x16\x03\x01\x01\x00"};
        static const size_t LENGTHS[] = {11, 17, 18, 5};
        size_t start = (random >> 40) % 5;
        if (start < 4)
            memcpy(bytes, STARTS[start], LENGTHS[start]);
        visit_bytes(&visit, bytes, 150);
        visit_bytes(&visit, bytes + 150, 150);
        cr_assert_leq(visit.input.length, 300);
        visit_end(&visit);
    }
    speaking_down(&speaking);
}

// What loading a population with these services and this port says; "" when nothing is wrong.
static const char *complaint_of(const char *services, const char *port)
{
    static char error[POPULATION_ERROR_MAX];
    char path[] = "/tmp/simnet_services.XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    fprintf(
        file,
        "{\"schema\": \"simnet-population-1\", \"name\": \"n\", \"key\": \"k\", \"ports\": [80], \"services\": {%s},"
        "\"networks\": [{\"name\": \"a\", \"addresses\": 4, \"alive\": 1, \"ports\": {\"80\": {%s}}}]}",
        services, port);
    fclose(file);
    struct population population;
    struct service *compiled = NULL;
    error[0] = '\0';
    int status = population_load(path, (struct population_options){0}, &population, error);
    unlink(path);
    if (status != 0)
        return error;
    error[0] = '\0';
    if (services_new(&population, &compiled, error) == 0)
        services_free(compiled, population.service_count);
    population_fini(&population);
    return error;
}

Test(personality, mistakes_in_a_population_are_told_with_their_place)
{
    static const char GOOD[] = "\"s\": {\"speaks\": \"banner\", \"banner\": \"hello\"}";
    static const char SPEAKS[] = "\"open\": 1, \"speaks\": {\"s\": 1}";
    static const struct {
        const char *services;
        const char *port;
        const char *complaint;
    } CASES[] = {
        {GOOD, SPEAKS, ""},
        {GOOD, "\"open\": 1, \"speaks\": {\"t\": 1}", "no service \"t\""},
        {GOOD, "\"open\": 1, \"speaks\": {\"s\": 1.5}", "1 at most together"},
        {"\"s\": {\"speaks\": \"gopher\"}", SPEAKS, "services.s.speaks: no personality \"gopher\""},
        {"\"s\": {\"banner\": \"x\"}", SPEAKS, "expected an object with \"speaks\""},
        {"\"s\": {\"speaks\": \"banner\"}", SPEAKS, "services.s: expected a banner"},
        {"\"s\": {\"speaks\": \"http\", \"colour\": \"red\"}", SPEAKS, "unknown key \"colour\""},
        {"\"s\": {\"speaks\": \"http\", \"status\": 1000}", SPEAKS,
         "services.s.status: expected a number from 0 to 999"},
        {"\"s\": {\"speaks\": \"ssh\", \"key\": \"rsa\"}", SPEAKS, "services.s.key: expected"},
        {"\"s\": {\"speaks\": \"tls13\", \"inside\": \"s\"}", SPEAKS,
         "services.s.inside: expected the name of an earlier"},
        {"\"s\": {\"speaks\": \"tls\", \"cipher\": \"nonsense\"}", SPEAKS, "OpenSSL has no server of that"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        const char *complaint = complaint_of(CASES[i].services, CASES[i].port);
        if (CASES[i].complaint[0] == '\0')
            cr_expect_str_empty(complaint);
        else
            cr_expect_not_null(strstr(complaint, CASES[i].complaint), "%zu: \"%s\"", i, complaint);
    }
}
