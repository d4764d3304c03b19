// SPDX-License-Identifier: BSD-3-Clause
// talk HOST PORT [SESSION]: holds conversations with a real server over kernel sockets, in place of the flow engine,
// and prints what they taught. For loopback and private addresses only.

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probes/session/conversation.h"
#include "control/record/record.h"

enum { CONNECTIONS_MAX = AGENDA_CONNECTIONS_MAX };

static int connect_to(uint32_t address, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void output_send(int fd, struct conversation *conversation)
{
    size_t length = 0;
    const uint8_t *data = conversation_output(conversation, &length);
    while (length > 0) {
        ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        conversation_output_take(conversation, (size_t)sent);
        data = conversation_output(conversation, &length);
    }
}

static struct conversation_step converse(int fd, struct conversation *conversation, size_t piece)
{
    struct conversation_step step = conversation_open(conversation);
    output_send(fd, conversation);
    while (step.verb == CONVERSATION_WAIT) {
        uint8_t data[16384];
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        int ready = poll(&poller, 1, (int)step.wait_ms);
        ssize_t length = ready > 0 ? recv(fd, data, piece, 0) : 0;
        if (ready == 0)
            step = conversation_silence(conversation);
        else if (length <= 0)
            step = conversation_closed(conversation);
        else
            step = conversation_bytes(conversation, data, (size_t)length);
        output_send(fd, conversation);
    }
    return step;
}

// What a record would say of it, as one line of JSON.
static void observation_print(const struct observation *observation)
{
    static char line[RECORD_BYTES_MAX];
    struct writer writer;
    writer_init(&writer, line, sizeof(line));
    if (record_write(observation, &writer) == 0)
        fwrite(writer.data, 1, writer.length, stdout);
}

int main(int argc, char **argv)
{
    struct in_addr address;
    const struct session_ops *session = session_find(argc > 3 ? argv[3] : "");
    if (argc < 3 || inet_aton(argv[1], &address) == 0 || session == NULL) {
        fprintf(stderr, "usage: talk ADDRESS PORT [SESSION [PIECE]]\n");
        return EXIT_FAILURE;
    }
    uint32_t host = ntohl(address.s_addr);
    if (host >> 24 != 127 && host >> 24 != 10) {
        fprintf(stderr, "talk: loopback and 10.0.0.0/8 only\n");
        return EXIT_FAILURE;
    }
    size_t piece = argc > 4 ? strtoul(argv[4], NULL, 10) : 16384;
    uint16_t port = (uint16_t)strtoul(argv[2], NULL, 10);
    const struct session_env_settings settings = {.user_agent = "sonde (test)",
                                                  .silence_ms = 500,
                                                  .answer_ms = 2000,
                                                  .tls_matrix = true,
                                                  .trust_file = "/etc/ssl/certs/ca-certificates.crt"};
    struct session_env *env = session_env_new(&settings);
    struct observation observation;
    observation_init(&observation);
    int connections = 0;
    struct agenda agenda;
    struct conversation_step step = {.verb = CONVERSATION_AGAIN};
    step.errand = agenda_begin(&agenda, session, NULL);
    while (env != NULL && step.verb == CONVERSATION_AGAIN && connections++ < CONNECTIONS_MAX) {
        int fd = connect_to(host, port);
        struct conversation *conversation = conversation_new(env, &step.errand, host, port, &agenda, &observation);
        if (fd < 0 || conversation == NULL) {
            fprintf(stderr, "talk: %s\n", strerror(errno));
            return EXIT_FAILURE;
        }
        step = converse(fd, conversation, piece == 0 || piece > 16384 ? 16384 : piece);
        conversation_free(conversation);
        close(fd);
    }
    fprintf(stderr, "%d connections\n", connections);
    observation_print(&observation);
    observation_fini(&observation);
    session_env_free(env);
    return EXIT_SUCCESS;
}
