// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_env.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <stdlib.h>

#include "probes/protocol/ssh/ssh_offer.h"
#include "probes/session/env.h"

struct ssh_env *ssh_env_new(void)
{
    struct ssh_env *env = calloc(1, sizeof(*env));
    if (env == NULL)
        return NULL;
    int status = 0;
    for (size_t at = 0; at < SSH_METHODS && status != -ENOMEM; at++) {
        status = ssh_methods[at].family == NULL ? 0 : ssh_share_make(&ssh_methods[at], &env->shares[at]);
        env->usable[at] = status == 0;
    }
    env->poly1305 = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_POLY1305, NULL);
    env->verify = EVP_MD_CTX_new();
    ssh_offer_write(env, NULL, &env->offer);
    if (status == -ENOMEM || env->poly1305 == NULL || env->verify == NULL || env->offer.failed) {
        ssh_env_free(env);
        errno = ENOMEM;
        return NULL;
    }
    return env;
}

void ssh_env_free(struct ssh_env *env)
{
    if (env == NULL)
        return;
    for (size_t at = 0; at < SSH_METHODS; at++)
        ssh_share_fini(&env->shares[at]);
    EVP_MAC_free(env->poly1305);
    EVP_MD_CTX_free(env->verify);
    buffer_fini(&env->offer);
    free(env);
}
