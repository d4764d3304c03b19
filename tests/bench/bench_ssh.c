// SPDX-License-Identifier: BSD-3-Clause
// What SSH to the list of methods costs the client, in microseconds of one core: only its steps are timed, the server
// takes turns with it on the same thread. Beside it the arithmetic that cannot be left out, in the same run: the shared
// secret and the host key's signature. Prints one JSON object.
//
// usage: bench_ssh [CONVERSATIONS]

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probes/session/registry.h"
#include "tests/unit/session/fake_ssh.h"

enum { CONVERSATIONS = 2000, ROUNDS = 5 };

static double cpu_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

// One conversation; returns what the client's steps took.
static double talk(struct session_env *env, struct fake_ssh *fake, size_t *ret_bytes)
{
    struct observation observation;
    struct agenda agenda;
    struct buffer answer = {0};
    observation_init(&observation);
    fake->peer.closed = false;
    fake->peer.begin(&fake->peer);
    double began = cpu_us();
    struct errand errand = agenda_begin(&agenda, &session_ssh, NULL);
    struct conversation *conversation = conversation_new(env, &errand, 0x0a000001, 22, &agenda, &observation);
    struct conversation_step step = conversation_open(conversation);
    double took = cpu_us() - began;
    fake->peer.answer(&fake->peer, NULL, 0, &answer);
    while (step.verb == CONVERSATION_WAIT && !fake->peer.closed) {
        size_t length = 0;
        const uint8_t *output = conversation_output(conversation, &length);
        fake->peer.answer(&fake->peer, output, length, &answer);
        conversation_output_take(conversation, length);
        *ret_bytes += answer.length;
        began = cpu_us();
        step = conversation_bytes(conversation, buffer_bytes(&answer), answer.length);
        took += cpu_us() - began;
        buffer_drop(&answer, answer.length);
    }
    began = cpu_us();
    conversation_free(conversation);
    took += cpu_us() - began;
    if (!observation.finished || !observation.ssh->host_key_verified || observation.ssh->methods.count != 2)
        abort();
    observation_fini(&observation);
    buffer_fini(&answer);
    return took;
}

// A secret with a half that is new each time, as a server's is.
static double derive_us(EVP_PKEY *ours, const uint8_t theirs[32], size_t count)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ours, NULL);
    uint8_t secret[32];
    double began = cpu_us();
    for (size_t i = 0; i < count; i++) {
        size_t length = sizeof(secret);
        EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, theirs, 32);
        if (EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, peer) != 1 ||
            EVP_PKEY_derive(ctx, secret, &length) != 1)
            abort();
        EVP_PKEY_free(peer);
    }
    double took = (cpu_us() - began) / (double)count;
    EVP_PKEY_CTX_free(ctx);
    return took;
}

static double keygen_us(size_t count)
{
    double began = cpu_us();
    for (size_t i = 0; i < count; i++)
        EVP_PKEY_free(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
    return (cpu_us() - began) / (double)count;
}

static double verify_us(EVP_PKEY *key, size_t count)
{
    uint8_t raw[32];
    uint8_t message[32] = {1};
    uint8_t signature[64];
    size_t length = sizeof(raw);
    size_t signed_length = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (EVP_PKEY_get_raw_public_key(key, raw, &length) != 1 || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(ctx, signature, &signed_length, message, sizeof(message)) != 1)
        abort();
    EVP_MD_CTX_reset(ctx);
    double began = cpu_us();
    for (size_t i = 0; i < count; i++) {
        EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof(raw));
        if (EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, public) != 1 ||
            EVP_DigestVerify(ctx, signature, signed_length, message, sizeof(message)) != 1)
            abort();
        EVP_MD_CTX_reset(ctx);
        EVP_PKEY_free(public);
    }
    double took = (cpu_us() - began) / (double)count;
    EVP_MD_CTX_free(ctx);
    return took;
}

static double least(double one, double other)
{
    return other < one ? other : one;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : CONVERSATIONS;
    struct session_env *env = env_for_tests();
    struct fake_ssh fake = {.full = true, .strict = true, .mac = "hmac-sha2-256-etm@openssh.com"};
    uint8_t half[32];
    size_t length = sizeof(half);
    size_t bytes = 0;
    double client = 1e9;
    double derive = 1e9;
    double keygen = 1e9;
    double verify = 1e9;
    fake_ssh_init(&fake);
    EVP_PKEY *ours = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY *theirs = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY_get_raw_public_key(theirs, half, &length);
    // Turns, and the least of each: what else runs on the machine only adds.
    for (int round = 0; round < ROUNDS; round++) {
        double took = 0;
        for (size_t i = 0; i < count; i++)
            took += talk(env, &fake, &bytes);
        client = least(client, took / (double)count);
        derive = least(derive, derive_us(ours, half, count));
        keygen = least(keygen, keygen_us(count));
        verify = least(verify, verify_us(fake.host_key, count));
    }
    printf("{\"conversation_us\": %.1f, \"x25519_derive_us\": %.1f, \"x25519_keygen_us\": %.1f, "
           "\"ed25519_verify_us\": %.1f, \"of_bare\": %.2f, \"of_bare_with_keygen\": %.2f, \"received_bytes\": %zu}\n",
           client, derive, keygen, verify, (derive + verify) / client, (derive + keygen + verify) / client,
           bytes / count / ROUNDS);
    EVP_PKEY_free(ours);
    EVP_PKEY_free(theirs);
    fake_ssh_fini(&fake);
    session_env_free(env);
    return 0;
}
