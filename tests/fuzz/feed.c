// SPDX-License-Identifier: BSD-3-Clause
#include "tests/fuzz/feed.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/entry.h"

// What one step may cost of the processor, instrumented and with every check on, which takes ten times as long as
// without: nobody else is served meanwhile.
#define STEP_CPU_NS UINT64_C(150000000)

enum { CONNECTIONS_MAX = AGENDA_CONNECTIONS_MAX, SILENCES_MAX = 64 };

struct session_env *feed_env(void)
{
    static struct session_env *env;
    if (env == NULL) {
        const struct session_env_settings settings = {
            .user_agent = "sonde", .ssh_host_keys = true, .http_headers = "*"};
        env = session_env_new(&settings);
        if (env == NULL)
            abort();
    }
    return env;
}

// began_ns: fuzz_cpu_ns before the step.
static struct conversation_step step_check(uint64_t began_ns, struct conversation_step step)
{
    if (fuzz_cpu_ns() - began_ns > STEP_CPU_NS)
        abort();
    return step;
}

static void output_drop(struct conversation *conversation)
{
    size_t length = 0;
    if (conversation_output(conversation, &length) == NULL && length != 0)
        abort();
    conversation_output_take(conversation, length);
}

static struct conversation_step connection_feed(struct conversation *conversation, const uint8_t *data, size_t length,
                                                uint8_t manner)
{
    size_t piece = manner >> 1 == 0 ? length : manner >> 1;
    uint64_t began_ns = fuzz_cpu_ns();
    struct conversation_step step = step_check(began_ns, conversation_open(conversation));
    output_drop(conversation);
    while (step.verb == CONVERSATION_WAIT && length > 0) {
        size_t taken = piece < length ? piece : length;
        began_ns = fuzz_cpu_ns();
        step = step_check(began_ns, conversation_bytes(conversation, data, taken));
        output_drop(conversation);
        data += taken;
        length -= taken;
    }
    for (size_t turn = 0; step.verb == CONVERSATION_WAIT && (manner & 1) == 0; turn++) {
        // Silence has to end a conversation some time.
        if (turn > SILENCES_MAX)
            abort();
        began_ns = fuzz_cpu_ns();
        step = step_check(began_ns, conversation_silence(conversation));
        output_drop(conversation);
    }
    began_ns = fuzz_cpu_ns();
    if (step.verb == CONVERSATION_WAIT)
        step = step_check(began_ns, conversation_closed(conversation));
    if (step.verb == CONVERSATION_WAIT || step.verb == CONVERSATION_FAILED)
        abort();
    return step;
}

void feed_session(const char *first, const uint8_t *data, size_t length)
{
    struct observation observation;
    struct agenda agenda;
    struct conversation_step step = {.verb = CONVERSATION_AGAIN};
    step.errand = agenda_begin(&agenda, session_find(first), NULL);
    if (length == 0)
        return;
    observation_init(&observation);
    for (size_t connection = 0; step.verb == CONVERSATION_AGAIN; connection++) {
        if (connection == CONNECTIONS_MAX)
            abort();
        struct conversation *conversation =
            conversation_new(feed_env(), &step.errand, UINT32_C(0x0a010203), 4443, &agenda, &observation);
        if (conversation == NULL)
            abort();
        step = connection_feed(conversation, data + 1, length - 1, data[0]);
        conversation_free(conversation);
    }
    if (observation.finished && !observation.spoke)
        abort();
    observation_fini(&observation);
}
