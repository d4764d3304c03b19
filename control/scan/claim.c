// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/claim.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/prefix.h"
#include "probes/address.h"

#define CLAIM_PREFIX "sonde-scan/"
#define CLAIM_GATE   "sonde-scan-gate" // held while one looks for others and claims, so that two do not pass each other

enum {
    GATE_MS = 2000,   // a stranger who keeps the gate shut delays a scan and does not stop it
    ANSWER_MS = 1000, // more than enough ticks of the other supervisor
    ANSWERS = 4,      // at a time
    LISTENING = 0x10000,
};

struct claim {
    int fd;
    char name[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char folder[PATH_MAX];
};

static int name_socket(const char *name, int type, struct sockaddr_un *ret_address, socklen_t *ret_length)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if (length >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path + 1, name, length); // the empty first byte makes it abstract
    *ret_address = address;
    *ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 ? fd : -errno;
}

static int name_bind(const char *name, int type)
{
    struct sockaddr_un address;
    socklen_t length;
    int fd = name_socket(name, type, &address, &length);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, length) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static int gate_enter(void)
{
    enum { STEP_MS = 10 };
    int fd = name_bind(CLAIM_GATE, SOCK_DGRAM);
    for (int waited = 0; fd == -EADDRINUSE && waited < GATE_MS; waited += STEP_MS) {
        poll(NULL, 0, STEP_MS);
        fd = name_bind(CLAIM_GATE, SOCK_DGRAM);
    }
    return fd;
}

// "sonde-scan/10.9.0.2-10.9.0.5/16384-24575,24576-32767/SCAN"
static int name_write(struct claim *claim, struct interval addresses, const struct kernel_guard_ports *ranges,
                      size_t count, const char *scan)
{
    size_t room = sizeof(claim->name);
    char first[ADDRESS_TEXT_MAX];
    char last[ADDRESS_TEXT_MAX];
    int length = snprintf(claim->name, room, CLAIM_PREFIX "%s-%s/", address_text(addresses.first, first),
                          address_text(addresses.last, last));
    for (size_t i = 0; i < count && length > 0 && (size_t)length < room; i++)
        length += snprintf(claim->name + length, room - (size_t)length, "%s%u-%u", i > 0 ? "," : "", ranges[i].first,
                           ranges[i].first + ranges[i].count - 1U);
    if (length > 0 && (size_t)length < room)
        length += snprintf(claim->name + length, room - (size_t)length, "/%s", scan);
    return length > 0 && (size_t)length < room - 1 ? 0 : -ENAMETOOLONG;
}

// The addresses of a name; where its ports begin in it, 0 for no name of ours.
static size_t name_addresses(const char *name, struct interval *ret_addresses)
{
    char text[2 * ADDRESS_TEXT_MAX];
    size_t length = strcspn(name + strlen(CLAIM_PREFIX), "/");
    if (length >= sizeof(text))
        return 0;
    memcpy(text, name + strlen(CLAIM_PREFIX), length);
    text[length] = '\0';
    return prefix_parse(text, ret_addresses) == 0 ? strlen(CLAIM_PREFIX) + length + 1 : 0;
}

// Whether a name claims a port of this claim's.
static bool name_meets(const struct claim *claim, const char *name)
{
    struct interval ours_of;
    struct interval theirs_of;
    size_t own = name_addresses(claim->name, &ours_of);
    size_t other = name_addresses(name, &theirs_of);
    if (other == 0 || ours_of.last < theirs_of.first || theirs_of.last < ours_of.first)
        return false;
    unsigned int first;
    unsigned int last;
    int used;
    for (const char *theirs = name + other; sscanf(theirs, "%5u-%5u%n", &first, &last, &used) == 2;) {
        unsigned int own_first;
        unsigned int own_last;
        int own_used;
        for (const char *ours = claim->name + own; sscanf(ours, "%5u-%5u%n", &own_first, &own_last, &own_used) == 2;) {
            if (first <= own_last && own_first <= last)
                return true;
            ours += own_used;
            if (*ours++ != ',')
                break;
        }
        theirs += used;
        if (*theirs++ != ',')
            break;
    }
    return false;
}

static bool peer_counts(int fd, struct ucred *ret_peer)
{
    socklen_t length = sizeof(*ret_peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret_peer, &length) != 0)
        return false;
    return ret_peer->uid == 0 || ret_peer->uid == geteuid();
}

// Asks a claim whose it is. False when it is gone, or a stranger's.
static bool name_ask(const char *name, char message[static CLAIM_MESSAGE_MAX])
{
    struct sockaddr_un address;
    socklen_t length;
    struct ucred peer;
    char folder[256] = "";
    int fd = name_socket(name, SOCK_SEQPACKET, &address, &length);
    if (fd < 0)
        return false;
    bool there = connect(fd, (const struct sockaddr *)&address, length) == 0 && peer_counts(fd, &peer);
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    if (there && poll(&answer, 1, ANSWER_MS) == 1 && recv(fd, folder, sizeof(folder) - 1, 0) < 0)
        folder[0] = '\0';
    close(fd);
    if (!there)
        return false;
    const char *ports = name + strlen(CLAIM_PREFIX);
    snprintf(message, CLAIM_MESSAGE_MAX,
             "another scan runs from this address and these ports, %.*s: process %d, results in %s; they would take "
             "each other's answers: wait for its end, or give this one another source.address, or other probe_ports "
             "and flow_ports",
             (int)strcspn(ports + strcspn(ports, "/") + 1, "/") + (int)strcspn(ports, "/") + 1, ports, (int)peer.pid,
             folder[0] != '\0' ? folder : "a folder that it does not tell now");
    return true;
}

// Every socket of this network namespace that has a name, from proc_net(5).
static int claims_look(const struct claim *claim, char message[static CLAIM_MESSAGE_MAX])
{
    char line[256];
    int error = 0;
    FILE *table = fopen("/proc/net/unix", "re");
    if (table == NULL)
        return -errno;
    while (error == 0 && fgets(line, sizeof(line), table) != NULL) {
        unsigned int flags = 0;
        char *name = strstr(line, "@" CLAIM_PREFIX);
        line[strcspn(line, "\n")] = '\0';
        // What was accepted from a socket has its name, too, and does not listen.
        if (name == NULL || sscanf(line, "%*s %*x %*x %x", &flags) != 1 || (flags & LISTENING) == 0)
            continue;
        if (strcmp(name + 1, claim->name) != 0 && name_meets(claim, name + 1) && name_ask(name + 1, message))
            error = -EBUSY;
    }
    fclose(table);
    return error;
}

int claim_new(struct interval addresses, const struct kernel_guard_ports *ranges, size_t range_count, const char *scan,
              struct claim **ret_claim, char message[static CLAIM_MESSAGE_MAX])
{
    struct claim *claim = calloc(1, sizeof(*claim));
    int gate = -1;
    int error = -ENOMEM;
    if (claim == NULL)
        goto out;
    claim->fd = -1;
    error = range_count > KERNEL_GUARD_RANGES_MAX ? -EINVAL : name_write(claim, addresses, ranges, range_count, scan);
    if (error != 0)
        goto out;
    gate = gate_enter();
    error = claims_look(claim, message);
    if (error != 0)
        goto out;
    claim->fd = name_bind(claim->name, SOCK_SEQPACKET);
    if (claim->fd < 0 || listen(claim->fd, ANSWERS) != 0)
        error = claim->fd < 0 ? claim->fd : -errno;
out:
    if (gate >= 0)
        close(gate);
    if (error == 0) {
        *ret_claim = claim;
        return 0;
    }
    if (error != -EBUSY)
        snprintf(message, CLAIM_MESSAGE_MAX, "the source address and ports cannot be claimed for this scan: %s",
                 strerror(-error));
    claim_free(claim);
    return error;
}

void claim_free(struct claim *claim)
{
    if (claim == NULL)
        return;
    if (claim->fd >= 0)
        close(claim->fd);
    free(claim);
}

void claim_locate(struct claim *claim, const char *folder)
{
    if (folder == NULL)
        snprintf(claim->folder, sizeof(claim->folder), "standard output");
    else if (realpath(folder, claim->folder) == NULL)
        snprintf(claim->folder, sizeof(claim->folder), "%s", folder);
}

void claim_answer(struct claim *claim)
{
    struct ucred peer;
    for (int i = 0; claim != NULL && i < ANSWERS; i++) {
        int fd = accept4(claim->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        // Whoever does not get it learns the process all the same, and may be gone already.
        if (peer_counts(fd, &peer))
            (void)send(fd, claim->folder, strlen(claim->folder), MSG_NOSIGNAL);
        close(fd);
    }
}
