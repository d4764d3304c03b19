// SPDX-License-Identifier: BSD-3-Clause
// What services of lines and hostile hosts say, before any TCP: in sonde's words where a session reads it to its end,
// else byte by byte.

#include <errno.h>
#include <openssl/ssl.h>
#include <zlib.h>

#include "tests/unit/simnet/speaking.h"

static char error[POPULATION_ERROR_MAX];

struct town {
    struct population_service said[2];
    struct population population;
    struct service *services;
    struct crypto *crypto;
};

static void town_up(struct town *town, struct population_service said)
{
    *town = (struct town){.said = {said}, .crypto = crypto_new()};
    town->said[0].name = "s";
    town->population = (struct population){.key = 1, .services = town->said, .service_count = 1};
    error[0] = '\0';
    cr_assert_eq(services_new(&town->population, &town->services, error), 0, "%s", error);
}

static void town_down(struct town *town)
{
    services_free(town->services, 1);
    crypto_free(town->crypto);
}

static void expect_said(struct visit *visit, const char *heard, const char *said)
{
    visit_bytes(visit, (const uint8_t *)heard, strlen(heard));
    cr_assert_eq(visit->output.length, strlen(said), "\"%.*s\"", (int)visit->output.length,
                 (const char *)buffer_bytes(&visit->output));
    cr_expect(visit->output.length == 0 || memcmp(buffer_bytes(&visit->output), said, visit->output.length) == 0);
    buffer_drop(&visit->output, visit->output.length);
}

Test(hostile, lines_are_answered_by_what_they_hold_however_they_are_cut)
{
    struct speaking speaking;
    speaking_up(&speaking);
    struct visit visit;
    cr_assert(visit_begin(&visit, speaking_service(&speaking, "smtp"), 0, speaking.crypto));
    expect_said(&visit, "", "220 mail.example ESMTP Postfix (Debian/GNU)\r\n");
    expect_said(&visit, "EH", "");
    expect_said(&visit, "LO x\r\nNOOP\r\n",
                "250-mail.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n502 5.5.2 Unknown\r\n");
    cr_expect_not(visit.over);
    expect_said(&visit, "QUIT\r\n", "221 2.0.0 Bye\r\n");
    cr_expect(visit.over);
    visit_end(&visit);
    cr_assert(visit_begin(&visit, speaking_service(&speaking, "redis"), 0, speaking.crypto));
    expect_said(&visit, "*1\r\n$4\r\nPING\r\n", "+PONG\r\n");
    visit_end(&visit);
    json_t *truth = service_truth(speaking_service(&speaking, "redis-locked"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(truth, "service")), "redis");
    cr_expect(json_is_false(json_object_get(truth, "open")));
    json_decref(truth);
    speaking_down(&speaking);
}

// What stands behind STARTTLS is another service, from the byte behind the line on; its end is the end.
Test(hostile, behind_starttls_another_service_speaks)
{
    struct town town = {.crypto = crypto_new()};
    struct visit visit;
    town.said[0] = (struct population_service){.name = "inner",
                                               .speaks = "lines",
                                               .banner = "in\n",
                                               .answers = (char[]){"{\"QUIT\":\"out\\n\",\"\":\"hm\\n\"}"}};
    town.said[1] = (struct population_service){.name = "outer",
                                               .speaks = "lines",
                                               .banner = "hi\n",
                                               .inside = "inner",
                                               .starttls = "STARTTLS",
                                               .answers = (char[]){"{\"STARTTLS\":\"go\\n\",\"\":\"what\\n\"}"}};
    town.population = (struct population){.key = 1, .services = town.said, .service_count = 2};
    cr_assert_eq(services_new(&town.population, &town.services, error), 0, "%s", error);
    cr_assert(visit_begin(&visit, &town.services[1], 0, town.crypto));
    expect_said(&visit, "", "hi\n");
    expect_said(&visit, "NOOP\n", "what\n");
    expect_said(&visit, "STARTTLS\nNOOP\nSTART", "go\nin\nhm\n");
    expect_said(&visit, "TLS\n", "hm\n");
    cr_expect_not(visit.over);
    expect_said(&visit, "QUIT\n", "out\n");
    cr_expect(visit.over);
    visit_end(&visit);
    services_free(town.services, 2);

    town.said[1] = (struct population_service){
        .name = "outer", .speaks = "raw", .opening = "21", .reply = "53", .takes = 3, .inside = "inner"};
    cr_assert_eq(services_new(&town.population, &town.services, error), 0, "%s", error);
    cr_assert(visit_begin(&visit, &town.services[1], 0, town.crypto));
    expect_said(&visit, "", "!");
    expect_said(&visit, "ab", "");
    expect_said(&visit, "cX\n", "Sin\nhm\n");
    visit_end(&visit);
    services_free(town.services, 2);

    town.said[1].takes = 0;
    cr_assert_eq(services_new(&town.population, &town.services, error), -EINVAL);
    cr_expect_not_null(strstr(error, "expected both `takes` and `inside`"), "%s", error);
    town.said[1] = (struct population_service){.name = "outer", .speaks = "lines", .starttls = "STARTTLS"};
    cr_assert_eq(services_new(&town.population, &town.services, error), -EINVAL);
    cr_expect_not_null(strstr(error, "expected both `starttls` and `inside`"), "%s", error);
    crypto_free(town.crypto);
}

Test(hostile, raw_says_its_bytes_and_echo_ours)
{
    struct town town;
    struct visit visit;
    town_up(&town, (struct population_service){.speaks = "raw", .opening = "00ff1b5b", .reply = "0a"});
    cr_assert(visit_begin(&visit, town.services, 0, town.crypto));
    cr_assert_eq(visit.output.length, 4);
    cr_expect_arr_eq(buffer_bytes(&visit.output), "\x00\xff\x1b[", 4);
    buffer_drop(&visit.output, 4);
    expect_said(&visit, "hello", "\n");
    expect_said(&visit, "again", "\n");
    visit_end(&visit);
    town_down(&town);
    town_up(&town, (struct population_service){.speaks = "echo"});
    cr_assert(visit_begin(&visit, town.services, 0, town.crypto));
    expect_said(&visit, "hello", "hello");
    visit_end(&visit);
    town_down(&town);
    town_up(&town, (struct population_service){.speaks = "mute"});
    cr_assert(visit_begin(&visit, town.services, 0, town.crypto));
    expect_said(&visit, "hello", "");
    visit_end(&visit);
    town_down(&town);
}

Test(hostile, babble_ends_where_it_is_told_and_holds_little_meanwhile)
{
    struct town town;
    struct visit visit;
    town_up(&town, (struct population_service){
                       .speaks = "babble", .banner = "220-", .page = "never mind, ", .amount = 16 << 20});
    cr_assert(visit_begin(&visit, town.services, 0, town.crypto));
    cr_expect(memcmp(buffer_bytes(&visit.output), "220-never mind, never", 21) == 0);
    size_t all = 0;
    while (visit.output.length > 0) {
        cr_assert_leq(visit.output.length, VISIT_MORE_BELOW + 64);
        all += visit.output.length;
        buffer_drop(&visit.output, visit.output.length);
        visit_more(&visit);
    }
    cr_expect(visit.over);
    cr_expect_geq(all, 16 << 20);
    cr_expect_leq(all, (16 << 20) + 64);
    visit_end(&visit);
    town_down(&town);
}

Test(hostile, a_bomb_is_small_and_becomes_what_it_says)
{
    enum { AMOUNT = 16 << 20 };
    struct town town;
    struct visit visit;
    town_up(&town, (struct population_service){.speaks = "bomb", .amount = AMOUNT});
    cr_assert(visit_begin(&visit, town.services, 0, town.crypto));
    visit_bytes(&visit, (const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18);
    cr_expect(visit.over);
    cr_assert_lt(visit.output.length, AMOUNT / 500);
    const uint8_t *body = memmem(buffer_bytes(&visit.output), visit.output.length, "\r\n\r\n", 4);
    cr_assert_not_null(body);
    uint8_t *page = malloc(2 * AMOUNT);
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)(body + 4),
                       .avail_in = (uInt)(buffer_bytes(&visit.output) + visit.output.length - body - 4),
                       .next_out = page,
                       .avail_out = 2 * AMOUNT};
    cr_assert_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    cr_expect_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    cr_expect_geq(stream.total_out, AMOUNT);
    inflateEnd(&stream);
    free(page);
    visit_end(&visit);
    town_down(&town);
}

// OpenSSL's client and a TLS service; messages of the kind that the deed is of, counted as OpenSSL reads them.
struct meeting {
    struct visit visit;
    SSL *ssl;
    BIO *to_client;
    BIO *to_server;
    int type;
    size_t count;
    size_t bytes;
    bool failed;
};

static void message_count(int write, int version, int content, const void *data, size_t length, SSL *ssl, void *context)
{
    struct meeting *meeting = context;
    (void)version;
    (void)ssl;
    bool is = content == SSL3_RT_HANDSHAKE && length > 0 && *(const uint8_t *)data == meeting->type;
    meeting->count += !write && is;
    meeting->bytes += !write && is ? length : 0;
}

static void meeting_turn(struct meeting *meeting)
{
    char *data;
    char waste[4096];
    int got = SSL_read(meeting->ssl, waste, sizeof(waste));
    meeting->failed = meeting->failed || SSL_get_error(meeting->ssl, got) == SSL_ERROR_SSL;
    long length = BIO_get_mem_data(meeting->to_server, &data);
    if (length > 0)
        visit_bytes(&meeting->visit, (const uint8_t *)data, (size_t)length);
    (void)BIO_reset(meeting->to_server);
    if (meeting->visit.output.length > 0)
        BIO_write(meeting->to_client, buffer_bytes(&meeting->visit.output), (int)meeting->visit.output.length);
    buffer_drop(&meeting->visit.output, meeting->visit.output.length);
    visit_more(&meeting->visit);
}

// How many messages of a type a client hears in 20 turns, and how many bytes they have.
static struct meeting meet(struct population_service said, int version, int type)
{
    struct town town;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct meeting meeting = {.type = type};
    town_up(&town, said);
    cr_assert(visit_begin(&meeting.visit, town.services, 0, town.crypto));
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_max_cert_list(context, 1 << 24);
    SSL_CTX_set1_groups_list(context, "X25519:P-256");
    meeting.ssl = SSL_new(context);
    meeting.to_client = BIO_new(BIO_s_mem());
    meeting.to_server = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(meeting.to_client, -1);
    SSL_set_bio(meeting.ssl, meeting.to_client, meeting.to_server);
    SSL_set_connect_state(meeting.ssl);
    SSL_set_msg_callback(meeting.ssl, message_count);
    SSL_set_msg_callback_arg(meeting.ssl, &meeting);
    for (int turn = 0; turn < 20; turn++) {
        meeting_turn(&meeting);
        if (SSL_is_init_finished(meeting.ssl))
            (void)SSL_write(meeting.ssl, "x", 1);
    }
    SSL_free(meeting.ssl);
    SSL_CTX_free(context);
    visit_end(&meeting.visit);
    town_down(&town);
    return meeting;
}

enum { HELLO_REQUEST = 0, SERVER_HELLO = 2, NEW_TICKET = 4, CERTIFICATE = 11, KEY_UPDATE = 24 };

Test(hostile, openssl_hears_each_deed_of_tls13)
{
    struct population_service said = {.speaks = "tls13", .key = "ecdsa", .deed = "updates"};
    cr_expect_gt(meet(said, TLS1_3_VERSION, KEY_UPDATE).count, 30);
    said.deed = "tickets";
    cr_expect_gt(meet(said, TLS1_3_VERSION, NEW_TICKET).count, 100);
    said.deed = "requests";
    cr_expect(meet(said, TLS1_3_VERSION, HELLO_REQUEST).failed, "no such message is known to 1.3");
    said.deed = "empties";
    cr_expect(meet(said, TLS1_3_VERSION, HELLO_REQUEST).failed, "32 in a row are OpenSSL's limit");
    said.deed = "changes";
    cr_expect(meet(said, TLS1_3_VERSION, HELLO_REQUEST).failed);
    said.deed = NULL;
    cr_expect_not(meet(said, TLS1_3_VERSION, HELLO_REQUEST).failed);
    said.deed = "retries";
    cr_expect_geq(meet(said, TLS1_3_VERSION, SERVER_HELLO).count, 2, "the second one is an error");
    said.deed = "chain";
    said.amount = 300000;
    cr_expect_gt(meet(said, TLS1_3_VERSION, CERTIFICATE).bytes, 300000);
    said.deed = "giant";
    said.amount = 3000000;
    cr_expect_gt(meet(said, TLS1_3_VERSION, CERTIFICATE).bytes, 3000000);
}

Test(hostile, openssl_hears_that_tls_wants_to_renegotiate)
{
    struct population_service said = {.speaks = "tls", .key = "ecdsa", .deed = "renegotiate"};
    cr_expect_geq(meet(said, TLS1_2_VERSION, HELLO_REQUEST).count, 1);
    said.deed = NULL;
    cr_expect_eq(meet(said, TLS1_2_VERSION, HELLO_REQUEST).count, 0);
}

Test(hostile, mistakes_are_told)
{
    static const struct {
        struct population_service said;
        const char *complaint;
    } CASES[] = {
        {{.speaks = "raw"}, "expected an opening or a reply"},
        {{.speaks = "raw", .opening = "abc"}, "expected an opening or a reply"},
        {{.speaks = "raw", .reply = "zz"}, "expected an opening or a reply"},
        {{.speaks = "babble"}, "expected a banner or a page"},
        {{.speaks = "lines", .answers = "{\"a\":1}"}, "services.s.answers: expected"},
        {{.speaks = "tls13", .deed = "renegotiate"}, "tls13 has no deed \"renegotiate\""},
        {{.speaks = "tls", .deed = "updates"}, "tls has \"renegotiate\", below 1.3"},
        {{.speaks = "echo", .manner = "rude"}, "services.s.manner: no manner \"rude\""},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct population_service said = CASES[i].said;
        said.name = "s";
        const struct population population = {.key = 1, .services = &said, .service_count = 1};
        struct service *services;
        error[0] = '\0';
        cr_expect_lt(services_new(&population, &services, error), 0);
        cr_expect_not_null(strstr(error, CASES[i].complaint), "%zu: \"%s\"", i, error);
    }
}
