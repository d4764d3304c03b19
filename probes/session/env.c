// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/env.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probes/memory.h"
#include "probes/session/conversation.h"

enum { SILENCE_MS_DEFAULT = 2000, ANSWER_MS_DEFAULT = 5000, QUIET_MS_DEFAULT = 700 };

static void *crypto_take(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return memory_change(NULL, bytes);
}

static void *crypto_change(void *memory, size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    if (bytes > 0)
        return memory_change(memory, bytes);
    memory_give(memory); // OpenSSL means this by it
    return NULL;
}

static void crypto_give(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    memory_give(memory);
}

struct session_env *session_env_new(const struct session_env_settings *settings)
{
    // Counted as well, unless somebody in this process has used OpenSSL before.
    (void)CRYPTO_set_mem_functions(crypto_take, crypto_change, crypto_give);
    // The system's openssl.cnf could forbid the old protocol versions that this program is asked to find.
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS, NULL) != 1) {
        errno = ENOMEM;
        return NULL;
    }
    struct session_env *env = calloc(1, sizeof(*env));
    if (env == NULL)
        return NULL;
    env->silence_ms = settings->silence_ms != 0 ? settings->silence_ms : SILENCE_MS_DEFAULT;
    env->answer_ms = settings->answer_ms != 0 ? settings->answer_ms : ANSWER_MS_DEFAULT;
    env->quiet_ms = settings->quiet_ms != 0 ? settings->quiet_ms : QUIET_MS_DEFAULT;
    env->ssh_host_keys = settings->ssh_host_keys;
    env->no_ssh_none = settings->no_ssh_none;
    env->user_agent = strdup(settings->user_agent != NULL ? settings->user_agent : "sonde");
    env->http_path = strdup(settings->http_path != NULL && settings->http_path[0] == '/' ? settings->http_path : "/");
    env->http_headers = strdup(settings->http_headers != NULL ? settings->http_headers : "");
    // No line break of the plan's contact may begin a field of its own.
    for (char *at = env->user_agent; at != NULL && *at != '\0'; at++)
        *at = (unsigned char)*at < ' ' || *at == 0x7f ? ' ' : *at;
    env->tls = tls_context_new();
    env->tls_matrix = settings->tls_matrix;
    env->trust = trust_new(settings->trust_file);
    env->kit = env->tls == NULL ? NULL : tls_kit_new(env->tls, !settings->no_key_proof);
    env->ssh = ssh_env_new();
    env->charsets = http_charsets_new();
    // The C library opens /etc/localtime at the first use of a time, UTC included.
    tzset();
    uint8_t seeding[1];
    if (env->user_agent == NULL || env->http_path == NULL || env->http_headers == NULL || env->kit == NULL ||
        env->trust == NULL || env->ssh == NULL || env->charsets == NULL || RAND_bytes(seeding, sizeof(seeding)) != 1) {
        session_env_free(env);
        errno = ENOMEM;
        return NULL;
    }
    return env;
}

void session_env_free(struct session_env *env)
{
    if (env == NULL)
        return;
    tls_kit_free(env->kit);
    SSL_CTX_free(env->tls);
    trust_free(env->trust);
    ssh_env_free(env->ssh);
    http_charsets_free(env->charsets);
    free(env->user_agent);
    free(env->http_path);
    free(env->http_headers);
    free(env);
}
