// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/server.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW = 65535, IDLE_RETRIES = 60, NOBODY = 0 };

enum connection_state {
    CONNECTION_FREE = 0,
    CONNECTION_ASKED, // the SYN-ACK has left
    CONNECTION_OPEN,
    CONNECTION_DONE, // both sides have said goodbye: kept for a last acknowledgement that may have been lost
};

// Index 0 is nobody. In the list of timers by when it was last put there, which is by when it is due.
struct connection {
    struct server_way way;
    struct visit visit;
    uint64_t due;
    uint32_t chain;   // of the hash, or of the free ones
    uint32_t earlier; // of the timers
    uint32_t later;
    uint32_t una;      // first byte not acknowledged
    uint32_t next;     // next byte to send
    uint32_t expected; // next byte of the client's
    uint32_t window;   // the client's
    uint64_t drip_due; // when the next byte may leave, of the manner "drip"
    uint8_t state;
    uint8_t tries;
    uint8_t words;  // segments with bytes so far, of both sides
    bool said_fin;  // our FIN is among what was sent
    bool fin_heard; // and was acknowledged
    bool heard_fin; // the client's has come
    bool gone;      // of the manner "window": it has said what it says
    bool repeated;  // the second acknowledgement of this number has been answered
};

struct server {
    struct server_setup setup;
    struct connection *connections; // [setup.connections + 1]
    uint32_t *buckets;
    uint32_t bucket_mask;
    uint32_t free;
    uint32_t open;
    uint64_t counters[SERVER_COUNTERS];
};

// The list of timers begins and ends at index 0.
static void timer_remove(struct server *server, uint32_t index)
{
    struct connection *connection = &server->connections[index];
    server->connections[connection->earlier].later = connection->later;
    server->connections[connection->later].earlier = connection->earlier;
}

static void timer_put(struct server *server, uint32_t index, uint64_t now)
{
    struct connection *connection = &server->connections[index];
    struct connection *ends = &server->connections[NOBODY];
    connection->due = now + server->setup.retry_ticks;
    connection->earlier = ends->earlier;
    connection->later = NOBODY;
    server->connections[ends->earlier].later = index;
    ends->earlier = index;
}

struct server *server_new(const struct server_setup *setup)
{
    struct server *server = calloc(1, sizeof(*server));
    uint32_t buckets = 64;
    while (buckets < setup->connections)
        buckets *= 2;
    if (server == NULL)
        return NULL;
    server->setup = *setup;
    server->bucket_mask = buckets - 1;
    server->connections = calloc((size_t)setup->connections + 1, sizeof(*server->connections));
    server->buckets = calloc(buckets, sizeof(*server->buckets));
    if (server->connections == NULL || server->buckets == NULL) {
        server_free(server);
        return NULL;
    }
    for (uint32_t i = setup->connections; i > 0; i--) {
        server->connections[i].chain = server->free;
        server->free = i;
    }
    return server;
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    for (uint32_t i = 1; server->connections != NULL && i <= server->setup.connections; i++)
        if (server->connections[i].state != CONNECTION_FREE)
            visit_end(&server->connections[i].visit);
    free(server->connections);
    free(server->buckets);
    free(server);
}

static uint32_t *bucket_of(const struct server *server, const struct server_way *way)
{
    uint64_t mixed = ((uint64_t)way->address << 32 | way->client) * UINT64_C(0x9e3779b97f4a7c15);
    mixed ^= ((uint64_t)way->port << 16 | way->client_port) * UINT64_C(0xd6e8feb86659fd93);
    return &server->buckets[(mixed * UINT64_C(0x9e3779b97f4a7c15) >> 32) & server->bucket_mask];
}

static uint32_t connection_find(const struct server *server, const struct server_way *way)
{
    uint32_t index = *bucket_of(server, way);
    for (; index != NOBODY; index = server->connections[index].chain) {
        const struct server_way *own = &server->connections[index].way;
        if (own->address == way->address && own->client == way->client && own->port == way->port &&
            own->client_port == way->client_port)
            break;
    }
    return index;
}

static uint32_t connection_take(struct server *server, const struct server_way *way, uint64_t now)
{
    uint32_t index = server->free;
    if (index == NOBODY) {
        server->counters[SERVER_FULL]++;
        return NOBODY;
    }
    struct connection *connection = &server->connections[index];
    uint32_t *bucket = bucket_of(server, way);
    server->free = connection->chain;
    *connection = (struct connection){.way = *way, .chain = *bucket};
    *bucket = index;
    timer_put(server, index, now);
    server->open++;
    return index;
}

static void connection_give(struct server *server, uint32_t index)
{
    struct connection *connection = &server->connections[index];
    uint32_t *at = bucket_of(server, &connection->way);
    while (*at != index)
        at = &server->connections[*at].chain;
    *at = connection->chain;
    timer_remove(server, index);
    visit_end(&connection->visit);
    connection->state = CONNECTION_FREE;
    connection->chain = server->free;
    server->free = index;
    server->open--;
    server->counters[SERVER_ENDED]++;
}

static enum manner manner_of(const struct connection *connection)
{
    const struct service *service = connection->visit.service;
    return service == NULL ? MANNER_PLAIN : service->manner;
}

static void segment_send(struct server *server, struct connection *connection, uint32_t seq, uint8_t flags,
                         struct bytes payload)
{
    const struct server_segment segment = {.seq = seq,
                                           .ack = connection->expected,
                                           .window = manner_of(connection) == MANNER_WINDOW ? 0 : WINDOW,
                                           .flags = flags,
                                           .payload = payload.data,
                                           .payload_bytes = payload.length};
    server->setup.send(server->setup.context, &connection->way, &segment);
}

static void words_count(struct connection *connection, size_t bytes)
{
    connection->words = (uint8_t)(connection->words + (bytes > 0 && connection->words < UINT8_MAX));
}

// The manner "reset" has come to its stage.
static bool resets(const struct connection *connection)
{
    return manner_of(connection) == MANNER_RESET && connection->words >= connection->visit.service->said->stage;
}

static size_t segment_most(const struct connection *connection, uint64_t now)
{
    switch (manner_of(connection)) {
    case MANNER_DRIP:
        return now >= connection->drip_due ? 1 : 0;
    case MANNER_OVERLAP:
    case MANNER_JUMBLED:
        return SERVER_SMALL;
    default:
        return SERVER_SEGMENT;
    }
}

// One segment of what may be sent.
struct piece {
    size_t at; // in the output
    size_t length;
    bool last;
    bool fin;
};

// What comes after what is under way; false when nothing may be sent.
static bool piece_next(struct connection *connection, bool closes, uint64_t now, struct piece *ret_piece)
{
    const struct visit *visit = &connection->visit;
    size_t under_way = connection->next - connection->una;
    size_t left = visit->output.length > under_way ? visit->output.length - under_way : 0;
    size_t room = connection->window > under_way ? connection->window - under_way : 0;
    size_t most = segment_most(connection, now);
    size_t length = left < room ? left : room;
    length = length < most ? length : most;
    bool last = length == left;
    *ret_piece = (struct piece){under_way, length, last, closes && last && under_way <= visit->output.length};
    if (length == 0 && !ret_piece->fin)
        return false;
    connection->next += (uint32_t)length + ret_piece->fin;
    connection->said_fin = connection->said_fin || ret_piece->fin;
    return true;
}

static void piece_send(struct server *server, struct connection *connection, const struct piece *piece)
{
    size_t again = manner_of(connection) == MANNER_OVERLAP && piece->at >= SERVER_OVERLAP ? SERVER_OVERLAP : 0;
    size_t length = piece->length == 0 ? 0 : piece->length + again;
    size_t at = piece->at - (length - piece->length);
    uint8_t flags =
        (uint8_t)(SERVER_ACK | (length > 0 && piece->last ? SERVER_PSH : 0) | (piece->fin ? SERVER_FIN : 0));
    struct bytes payload = bytes_of(length == 0 ? NULL : buffer_bytes(&connection->visit.output) + at, length);
    segment_send(server, connection, connection->una + (uint32_t)at, flags, payload);
    words_count(connection, length);
}

// Sends what may be sent, FIN behind the last of it; an acknowledgement by itself when there is nothing and one is due.
static void connection_push(struct server *server, uint32_t index, bool acknowledge, uint64_t now)
{
    struct connection *connection = &server->connections[index];
    bool closes = (connection->visit.over || connection->heard_fin) && !connection->fin_heard;
    size_t most = manner_of(connection) == MANNER_JUMBLED ? SERVER_JUMBLED : 1;
    struct piece pieces[SERVER_JUMBLED];
    bool sent = false;
    size_t count = 0;
    do {
        for (count = 0; count < most && piece_next(connection, closes, now, &pieces[count]); count++)
            if (manner_of(connection) == MANNER_DRIP)
                connection->drip_due = now + server->setup.second_ticks;
        for (size_t i = count; i > 0; i--)
            piece_send(server, connection, &pieces[i - 1]);
        sent = sent || count > 0;
    } while (count > 0 && !resets(connection));
    if (!sent && acknowledge)
        segment_send(server, connection, connection->next, SERVER_ACK, bytes_of(NULL, 0));
    if (sent) {
        timer_remove(server, index);
        timer_put(server, index, now);
    }
}

static void connection_reset(struct server *server, uint32_t index)
{
    struct connection *connection = &server->connections[index];
    segment_send(server, connection, connection->next, SERVER_RST | SERVER_ACK, bytes_of(NULL, 0));
    connection_give(server, index);
}

// What was acknowledged is forgotten. A second acknowledgement of the same number says that what follows was lost; one
// repetition of all of it is enough, for the timer has the rest.
static void acknowledgement_take(struct server *server, struct connection *connection,
                                 const struct server_segment *segment)
{
    uint32_t gained = segment->ack - connection->una;
    uint32_t under_way = connection->next - connection->una;
    if (gained > under_way) {
        // What was sent before a repetition began may be acknowledged after it.
        uint32_t whole = (uint32_t)connection->visit.output.length + connection->said_fin;
        if (gained > whole)
            return;
        connection->next = segment->ack;
        under_way = gained;
    }
    connection->window = segment->window;
    if (gained > 0) {
        connection->fin_heard = connection->fin_heard || gained > connection->visit.output.length;
        buffer_drop(&connection->visit.output, gained);
        visit_more(&connection->visit);
        connection->una = segment->ack;
        connection->tries = 0;
        connection->repeated = false;
        return;
    }
    bool says_nothing = segment->payload_bytes == 0 && (segment->flags & SERVER_FIN) == 0;
    if (under_way == 0 || !says_nothing || connection->repeated)
        return;
    connection->repeated = true;
    connection->next = connection->una;
    server->counters[SERVER_RESENT]++;
}

// New bytes of the client's, and its FIN. True when something came that has to be acknowledged.
static bool payload_take(struct connection *connection, const struct server_segment *segment)
{
    uint32_t skipped = connection->expected - segment->seq; // what was heard before
    bool fin = (segment->flags & SERVER_FIN) != 0;
    if (segment->payload_bytes == 0 && !fin)
        return false;
    if (skipped > segment->payload_bytes)
        return true; // all of it was, or bytes before it are missing
    size_t fresh = segment->payload_bytes - skipped;
    words_count(connection, fresh);
    if (fresh > 0 && !connection->heard_fin)
        visit_bytes(&connection->visit, segment->payload + skipped, fresh);
    connection->expected += (uint32_t)fresh;
    if (fin && !connection->heard_fin) {
        connection->expected++;
        connection->heard_fin = true;
    }
    return true;
}

// The third segment of a handshake, or a later one when that was lost: its numbers prove that our SYN-ACK was heard.
static uint32_t connection_begin(struct server *server, uint32_t index, const struct server_way *way,
                                 const struct server_segment *segment, uint64_t now)
{
    if (segment->ack - 1 != server_isn(way->host, segment->seq - 1) ||
        (segment->flags & (SERVER_ACK | SERVER_SYN)) != SERVER_ACK)
        return NOBODY;
    const struct service *service = server->setup.find(server->setup.context, way);
    if (service == NULL)
        return NOBODY;
    if (index == NOBODY)
        index = connection_take(server, way, now);
    if (index == NOBODY)
        return NOBODY;
    struct connection *connection = &server->connections[index];
    connection->state = CONNECTION_OPEN;
    connection->tries = 0;
    connection->una = connection->next = segment->ack;
    connection->expected = segment->seq;
    connection->window = segment->window;
    server->counters[SERVER_BEGUN]++;
    if (!visit_begin(&connection->visit, service, way->host, server->setup.crypto))
        connection->visit.over = true;
    return index;
}

void server_syn(struct server *server, const struct server_way *way, uint32_t client_isn, uint64_t now)
{
    uint32_t index = connection_find(server, way);
    if (index != NOBODY && server->connections[index].state == CONNECTION_DONE) {
        connection_give(server, index); // its port is used again
        index = NOBODY;
    }
    if (!server->setup.lossy || index != NOBODY)
        return;
    index = connection_take(server, way, now);
    if (index == NOBODY)
        return;
    server->connections[index].state = CONNECTION_ASKED;
    server->connections[index].una = server_isn(way->host, client_isn);
    server->connections[index].expected = client_isn + 1;
}

bool server_take(struct server *server, const struct server_way *way, const struct server_segment *segment,
                 uint64_t now)
{
    uint32_t index = connection_find(server, way);
    bool stands = index != NOBODY && server->connections[index].state >= CONNECTION_OPEN;
    if ((segment->flags & SERVER_RST) != 0) {
        if (index != NOBODY && (!stands || segment->seq == server->connections[index].expected))
            connection_give(server, index);
        return true;
    }
    if (!stands)
        index = connection_begin(server, index, way, segment, now);
    if (index == NOBODY)
        return false;
    struct connection *connection = &server->connections[index];
    if (connection->gone)
        return true;
    acknowledgement_take(server, connection, segment);
    connection->gone = manner_of(connection) == MANNER_WINDOW;
    bool acknowledge = connection->gone || payload_take(connection, segment);
    if (!resets(connection))
        connection_push(server, index, acknowledge, now);
    if (resets(connection)) {
        connection_reset(server, index);
        return true;
    }
    if (!connection->heard_fin || !connection->fin_heard)
        return true;
    if (!server->setup.lossy)
        connection_give(server, index);
    else
        connection->state = CONNECTION_DONE;
    return true;
}

// What is due: a SYN-ACK again, everything that is not acknowledged again, or the end.
static void connection_expire(struct server *server, uint32_t index, uint64_t now)
{
    struct connection *connection = &server->connections[index];
    bool waits = connection->gone || (connection->state == CONNECTION_OPEN && connection->una == connection->next &&
                                      connection->visit.output.length == 0);
    uint8_t most = waits ? IDLE_RETRIES : SERVER_TRIES;
    timer_remove(server, index);
    timer_put(server, index, now);
    if (++connection->tries > most) {
        server->counters[SERVER_FORGOTTEN]++;
        connection_give(server, index);
        return;
    }
    if (waits || connection->state == CONNECTION_DONE)
        return;
    server->counters[SERVER_RESENT] += connection->state == CONNECTION_ASKED || connection->una != connection->next;
    if (connection->state == CONNECTION_ASKED) {
        segment_send(server, connection, connection->una, SERVER_SYN | SERVER_ACK, bytes_of(NULL, 0));
        return;
    }
    if (connection->next != connection->una)
        connection->drip_due = now; // what was lost may be said at once
    connection->next = connection->una;
    connection->repeated = false;
    connection_push(server, index, false, now);
    if (resets(connection))
        connection_reset(server, index);
}

void server_tick(struct server *server, uint64_t now)
{
    for (;;) {
        uint32_t index = server->connections[NOBODY].later;
        if (index == NOBODY || server->connections[index].due > now)
            return;
        connection_expire(server, index, now);
    }
}

uint32_t server_open(const struct server *server)
{
    return server->open;
}

const uint64_t *server_counters(const struct server *server)
{
    return server->counters;
}
