// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/printable.h"

enum { READ_BYTES = 4096, READS_MAX = 64 }; // of one call: more is next time's

int relay_open(struct relay *relay, const char *name, int *ret_write_fd)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return -errno;
    // Only our end: the program waits when it says more than we read.
    if (fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
        int error = -errno;
        close(fds[0]);
        close(fds[1]);
        return error;
    }
    *relay = (struct relay){.name = name, .read_fd = fds[0]};
    *ret_write_fd = fds[1];
    return 0;
}

static void line_show(struct relay *relay)
{
    char shown[PRINTABLE_GROWTH * RELAY_LINE_MAX];
    relay->line[relay->length] = '\0';
    relay->length = 0;
    relay->lines++;
    if (relay->lines > RELAY_LINES_MAX + 1)
        return;
    printable(relay->line, shown, sizeof(shown));
    // It names itself; what does not begin so could be taken for somebody else's.
    size_t own = strlen(relay->name);
    bool named = strncmp(shown, relay->name, own) == 0 && shown[own] == ':';
    if (relay->lines > RELAY_LINES_MAX)
        fprintf(stderr, "%s: says more than %d lines; the others are dropped\n", relay->name, RELAY_LINES_MAX);
    else
        fprintf(stderr, "%s%s%s\n", named ? "" : relay->name, named ? "" : ": ", shown);
}

void relay_take(struct relay *relay)
{
    char bytes[READ_BYTES];
    for (int i = 0; relay->read_fd >= 0 && i < READS_MAX; i++) {
        ssize_t got = read(relay->read_fd, bytes, sizeof(bytes));
        if (got <= 0)
            break;
        for (ssize_t at = 0; at < got; at++) {
            if (bytes[at] != '\n')
                relay->line[relay->length++] = bytes[at] != '\0' ? bytes[at] : '?';
            if (bytes[at] == '\n' || relay->length + 1 == sizeof(relay->line))
                line_show(relay);
        }
    }
}

void relay_close(struct relay *relay)
{
    if (relay->read_fd < 0)
        return;
    relay_take(relay);
    if (relay->length > 0)
        line_show(relay);
    close(relay->read_fd);
    relay->read_fd = -1;
}
