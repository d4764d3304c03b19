// SPDX-License-Identifier: BSD-3-Clause
// Each allocation fails once, of a conversation, of its classification, of its record written and read back: nothing
// leaks, nothing is read that is not there (run under ASan), and either the failure is said or nothing is missing.

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/catalogue_load.h"
#include "control/classify/classify.h"
#include "control/record/record.h"
#include "tests/unit/session/fake_tls.h"
#include "tests/unit/session/told.h"

static size_t left = SIZE_MAX; // allocations that succeed before the one that fails
static bool failed;
static unsigned failures;
static unsigned runs;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

static bool fails(void)
{
    if (left == SIZE_MAX || left-- > 0)
        return false;
    left = SIZE_MAX;
    failed = true;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    return fails() ? NULL : __real_realloc(memory, bytes);
}

// OpenSSL's own, which no wrapping of ours reaches.
static void *openssl_malloc(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return __wrap_malloc(bytes);
}

static void *openssl_realloc(void *memory, size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return __wrap_realloc(memory, bytes);
}

static void openssl_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static void arm(size_t after)
{
    failed = false;
    left = after;
}

static void disarm(void)
{
    left = SIZE_MAX;
}

static void expect(bool right, const char *what, const char *name, size_t at)
{
    runs++;
    if (!right) {
        failures++;
        fprintf(stderr, "%s, %s: wrong when allocation %zu fails\n", name, what, at);
    }
}

struct scene {
    const char *first;
    const uint8_t *said;
    size_t said_length;
    struct session_env *env;
    struct classifier *classifier;
};

// False when the conversation says that it failed.
static bool converse(const struct scene *scene, size_t at, struct observation *observation)
{
    struct agenda agenda;
    struct conversation_step step = {.errand = agenda_begin(&agenda, session_find(scene->first), NULL)};
    struct conversation *conversation =
        conversation_new(scene->env, &step.errand, UINT32_C(0x0a010203), 80, &agenda, observation);
    if (conversation == NULL)
        return false;
    step = conversation_open(conversation);
    size_t hello = 0;
    (void)conversation_output(conversation, &hello);
    expect(step.verb != CONVERSATION_WAIT || hello > 0, "answer to nothing", scene->first, at);
    if (step.verb == CONVERSATION_WAIT)
        step = conversation_bytes(conversation, scene->said, scene->said_length);
    if (step.verb == CONVERSATION_WAIT)
        step = conversation_closed(conversation);
    conversation_free(conversation);
    return step.verb != CONVERSATION_FAILED;
}

static size_t record_of(const struct observation *observation, char *ret_line)
{
    struct writer writer;
    writer_init(&writer, ret_line, RECORD_BYTES_MAX);
    return record_write(observation, &writer) == 0 ? writer.length : 0;
}

// All of it, with the allocation `at` failing; false once there are not so many.
static bool sweep_at(const struct scene *scene, size_t at, const char *whole, size_t whole_length)
{
    static char line[RECORD_BYTES_MAX];
    static char copy[RECORD_BYTES_MAX];
    struct observation observation;
    struct observation read;
    observation_init(&observation);
    observation_init(&read);
    arm(at);
    bool spoken = converse(scene, at, &observation);
    if (spoken)
        classify(scene->classifier, &observation, 1000);
    disarm();
    bool any = failed;
    bool said = !spoken || observation.failed;
    learn_number(&observation, FIELD(root, schema), RECORD_SCHEMA);
    size_t length = record_of(&observation, line);
    // OpenSSL does not tell of every shortage in the middle of a certificate.
    bool swallowed = strcmp(scene->first, "tls") == 0;
    expect(said || swallowed || (length == whole_length && memcmp(line, whole, length) == 0), "conversation",
           scene->first, at);
    observation_fini(&observation);
    memcpy(copy, whole, whole_length);
    arm(at);
    int status = record_read(copy, whole_length - 1, &read, NULL, NULL);
    disarm();
    any = any || failed;
    expect(status == (failed ? -ENOMEM : 0), "reading", scene->first, at);
    observation_fini(&read);
    return any;
}

static void sweep(struct scene *scene)
{
    static char whole[RECORD_BYTES_MAX];
    struct observation observation;
    observation_init(&observation);
    bool spoken = converse(scene, SIZE_MAX, &observation);
    classify(scene->classifier, &observation, 1000);
    learn_number(&observation, FIELD(root, schema), RECORD_SCHEMA);
    size_t length = record_of(&observation, whole);
    expect(spoken && length > 0, "conversation", scene->first, SIZE_MAX);
    observation_fini(&observation);
    for (size_t at = 0; sweep_at(scene, at, whole, length); at++)
        ;
}

// What a server of TLS 1.2 says to a hello; to another it is no answer, but for its certificate.
static size_t flight_make(struct session_env *env, uint8_t *ret_flight, size_t size)
{
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "EC"};
    struct agenda agenda;
    struct observation observation;
    struct buffer answer = {0};
    size_t length = 0;
    const struct errand errand = agenda_begin(&agenda, session_find("tls"), NULL);
    fake_tls_init(&fake);
    observation_init(&observation);
    struct conversation *conversation = conversation_new(env, &errand, 1, 443, &agenda, &observation);
    (void)conversation_open(conversation);
    const uint8_t *hello = conversation_output(conversation, &length);
    fake.peer.begin(&fake.peer);
    fake.peer.answer(&fake.peer, hello, length, &answer);
    length = answer.length < size ? answer.length : 0;
    memcpy(ret_flight, buffer_bytes(&answer), length);
    buffer_fini(&answer);
    conversation_free(conversation);
    observation_fini(&observation);
    fake_tls_fini(&fake);
    return length;
}

// A turn of the server's, whose own allocations do not fail.
static void server_turn(struct fake_tls *fake, struct conversation *conversation, struct buffer *answer)
{
    size_t kept = left;
    size_t length = 0;
    disarm();
    const uint8_t *said = conversation_output(conversation, &length);
    fake->peer.answer(&fake->peer, said, length, answer);
    left = kept;
    conversation_output_take(conversation, length);
}

// Whether each line of a text is one of the whole's.
static bool lines_among(const char *text, const char *whole)
{
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        char copy[8192];
        size_t row = strncmp(line, "tls.chain { ", 12) == 0 ? 12 : 0; // its first field may be the one that is missing
        snprintf(copy, sizeof(copy), "%.*s", (int)(strcspn(line, "\n") - row), line + row);
        if (strstr(whole, copy) == NULL) {
            fprintf(stderr, "%s in\n%s\n", copy, text);
            return false;
        }
    }
    return true;
}

// What our own client of TLS learns of a server, to its page; NULL when it says that it failed.
static char *client_converse(struct session_env *env, struct fake_tls *fake, size_t at)
{
    struct agenda agenda;
    struct observation observation;
    struct buffer answer = {0};
    struct conversation_step step = {.errand = agenda_begin(&agenda, session_find("tls"), session_find("http"))};
    fake->peer.begin(&fake->peer);
    observation_init(&observation);
    arm(at);
    struct conversation *conversation = conversation_new(env, &step.errand, 0x0a010203, 443, &agenda, &observation);
    step.verb = CONVERSATION_FAILED;
    if (conversation != NULL)
        step = conversation_open(conversation);
    while (step.verb == CONVERSATION_WAIT) {
        server_turn(fake, conversation, &answer);
        step = answer.length > 0 ? conversation_bytes(conversation, buffer_bytes(&answer), answer.length)
                                 : conversation_closed(conversation);
        buffer_drop(&answer, answer.length);
    }
    conversation_free(conversation);
    disarm();
    char *text = step.verb == CONVERSATION_FAILED ? NULL : told_all(&observation);
    observation_fini(&observation);
    buffer_fini(&answer);
    return text;
}

// With a fresh memory of keys and chains each time, because what is remembered needs no allocation. Beyond the first
// few hundred, which are ours, are thousands of OpenSSL's decoders: a sample of them.
static void client_sweep(const char *key, int version)
{
    struct fake_tls fake = {.version = version,
                            .key = key,
                            .ciphers = "ECDHE:@SECLEVEL=0",
                            .groups = "P-256",
                            .reply = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<title>inside</title>"};
    fake_tls_init(&fake);
    struct session_env *env = env_for_tests();
    char *whole = client_converse(env, &fake, SIZE_MAX);
    session_env_free(env);
    expect(whole != NULL && strstr(whole, "http.title inside") != NULL, "handshake", key, SIZE_MAX);
    bool any = true;
    for (size_t at = 0; any; at += at < 200 ? 1 : 29) {
        env = env_for_tests();
        char *text = client_converse(env, &fake, at);
        any = failed;
        // OpenSSL does not tell of every shortage in the middle of a certificate: something may be missing, but nothing
        // may be there that is not so.
        expect(text == NULL || lines_among(text, whole), "handshake", key, at);
        free(text);
        session_env_free(env);
    }
    free(whole);
    fake_tls_fini(&fake);
}

int main(void)
{
    static const char redis[] = "+PONG\r\n$40\r\nredis_version:7.0.15\r\nos:Linux\r\n\r\n\r\n+OK\r\n";
    static const char http[] =
        "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 20\r\n\r\n<title>found</title>";
    static const char memcached[] = "VERSION 1.6.18\r\n";
    static const char ssh[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
    static uint8_t flight[8192];
    struct complaint complaint;
    struct string_table strings;
    struct catalogue_storage storage = {0};
    if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1 ||
        string_table_init(&strings) != 0)
        return EXIT_FAILURE;
    for (enum catalogue_file kind = 0; kind < CATALOGUE_FILES; kind++) {
        char path[512];
        struct input input;
        snprintf(path, sizeof(path), "%s/config/%s", SONDE_TEST_SOURCE_ROOT, catalogue_file_names[kind]);
        if (input_read(path, 1 << 24, &input, &complaint) != 0 ||
            catalogue_read(&storage, kind, path, &input, &strings, &complaint) != 0)
            return EXIT_FAILURE;
        input_fini(&input);
    }
    const struct catalogue catalogue = {
        .services = storage.services,
        .service_count = storage.service_count,
        .findings = storage.findings,
        .finding_count = storage.finding_count,
        .products = storage.products,
        .product_count = storage.product_count,
        .conditions = storage.conditions,
        .condition_count = storage.condition_count,
    };
    struct scene scene = {.env = env_for_tests()};
    for (size_t at = 0;; at++) {
        arm(at);
        scene.classifier = classifier_new(&catalogue, strings.bytes, strings.length);
        disarm();
        if (scene.classifier != NULL)
            break;
        expect(errno == ENOMEM, "classifier", "all", at);
    }
    const struct {
        const char *first;
        const void *said;
        size_t length;
    } rows[] = {{"redis", redis, sizeof(redis) - 1},
                {"http", http, sizeof(http) - 1},
                {"memcached", memcached, sizeof(memcached) - 1},
                {"ssh", ssh, sizeof(ssh) - 1},
                {"tls", flight, flight_make(scene.env, flight, sizeof(flight))}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        scene.first = rows[i].first;
        scene.said = rows[i].said;
        scene.said_length = rows[i].length;
        sweep(&scene);
    }
    client_sweep("EC", TLS1_3_VERSION);
    client_sweep("RSA", TLS1_3_VERSION);
    client_sweep("EC", TLS1_2_VERSION);
    client_sweep("RSA", TLS1_2_VERSION);
    classifier_free(scene.classifier);
    session_env_free(scene.env);
    catalogue_storage_fini(&storage);
    string_table_fini(&strings);
    printf("%u runs, %u wrong\n", runs, failures);
    return failures == 0 && runs > 100 ? EXIT_SUCCESS : EXIT_FAILURE;
}
