// SPDX-License-Identifier: BSD-3-Clause
// Docker Engine API (its reference, "Get version"), which Podman serves too: GET /version, which `docker` asks before
// anything else. Whoever is answered may start containers, that is, has the host; a plugin for authorisation says 403.

#include <string.h>

#include "probes/protocol/http/http_api.h"
#include "probes/session/member.h"
#include "probes/session/registry.h"

static const struct say docker_says[] = {HTTP_SAYS_GET("/version", "close"), SAYS_END};

static bool is_podman(const struct http_answer *answer)
{
    return http_api_field_begins(answer, FIELD(http, server), "Libpod/");
}

static bool names_itself(const struct http_answer *answer)
{
    return is_podman(answer) || http_api_field_begins(answer, FIELD(http, server), "Docker/");
}

static enum recognition docker_hint(const struct http_answer *answer)
{
    return names_itself(answer) ? RECOGNITION_SHARED : RECOGNITION_NOT_MINE;
}

static bool docker_learn(struct observation *observation, size_t path, const struct http_answer *answer)
{
    (void)path;
    struct member api_version = member_find(answer->body, "ApiVersion");
    bool answered = answer->status == 200 && api_version.kind == MEMBER_STRING;
    if (!answered && !names_itself(answer))
        return false;
    learn_constant(observation, FIELD(docker, engine), is_podman(answer) ? "podman" : "docker");
    if (answered)
        learn_flag(observation, FIELD(root, open), true);
    else if (answer->status == 401 || answer->status == 403)
        learn_flag(observation, FIELD(root, open), false);
    (void)http_api_text(observation, is_podman(answer) ? FIELD(docker, podman_version) : FIELD(docker, version), answer,
                        "Version");
    (void)http_api_text(observation, FIELD(docker, api_version), answer, "ApiVersion");
    (void)http_api_text(observation, FIELD(docker, os), answer, "Os");
    (void)http_api_text(observation, FIELD(docker, architecture), answer, "Arch");
    (void)http_api_text(observation, FIELD(docker, kernel), answer, "KernelVersion");
    return true;
}

const struct http_api http_api_docker = {
    .session = &session_docker,
    .paths = {"/version"},
    .hint = docker_hint,
    .learn = docker_learn,
};

HTTP_API_SESSION(docker);
