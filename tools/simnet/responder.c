// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/responder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>
#include <rte_prefetch.h>

#include "tools/simnet/answer.h"
#include "tools/simnet/batch.h"
#include "tools/simnet/delay.h"
#include "tools/simnet/shapes.h"
#include "tools/simnet/speaker.h"

enum {
    STOCK_MAX = 4 * RESPONDER_BURST,
    LATE_US = 1000, // how much later a reordered answer comes
    BATCH_MIN = 8,  // questions; below, one after the other is as fast
};

_Static_assert((int)RESPONDER_BURST <= (int)BATCH_MAX, "a batch holds a burst");
_Static_assert((int)RESPONDER_ROOM_BYTES >= (int)BATCH_ANSWER_BYTES, "a buffer has room for an answer of a batch");

// A token bucket in ticks: `next` is when the next answer may leave, at most one burst in the past.
struct limit {
    uint64_t interval; // ticks an answer; 0 = no limit
    uint64_t next;
};

struct responder {
    const struct world *world;
    screen_function *look;
    const struct batch_variant *batches; // NULL: one after the other
    struct rte_mempool *pool;
    struct delay *delay;     // NULL when nothing is ever late
    struct speaker *speaker; // NULL when no host speaks
    double ticks_per_us;
    uint64_t sequence; // of the next probe
    uint64_t now;
    struct rte_mbuf **answers; // the burst's, and how many
    uint32_t answer_count;
    uint32_t stock_count;
    struct rte_mbuf *stock[STOCK_MAX];
    struct screen screen;
    struct batch batch;
    uint8_t batch_frame[BATCH_MAX];             // the index within the burst of each of its questions
    uint8_t nobodys_answer[BATCH_ANSWER_BYTES]; // written and forgotten
    uint64_t counters[SIMNET_COUNTER_COUNT];
    struct limit limits[];
};

static bool speaker_add(struct responder *responder, const struct responder_setup *setup)
{
    const struct speaker_setup own = {.world = setup->world,
                                      .services = setup->services,
                                      .crypto = setup->crypto,
                                      .segments = setup->segments,
                                      .delay = responder->delay,
                                      .counters = responder->counters,
                                      .ticks_per_us = responder->ticks_per_us,
                                      .connections = setup->connections};
    responder->speaker = speaker_new(&own);
    return responder->speaker != NULL;
}

struct responder *responder_new(const struct responder_setup *setup)
{
    if (rte_pktmbuf_data_room_size(setup->pool) < RTE_PKTMBUF_HEADROOM + RESPONDER_ROOM_BYTES) {
        errno = EINVAL;
        return NULL;
    }
    const struct world *world = setup->world;
    struct responder *responder =
        aligned_alloc(64, (sizeof(*responder) + world->network_count * sizeof(struct limit) + 63) & ~(size_t)63);
    if (responder == NULL)
        return NULL;
    memset(responder, 0, sizeof(*responder));
    const struct screen_variant *variants[2];
    screen_variants(variants);
    responder->world = world;
    responder->look = (setup->look == NULL ? variants[0] : setup->look)->look;
    responder->batches = setup->one_by_one ? NULL : batch_best();
    responder->pool = setup->pool;
    responder->ticks_per_us = (double)setup->ticks_per_second / 1e6;
    responder->sequence = setup->first_sequence;
    responder->now = setup->now;
    for (size_t i = 0; i < world->network_count; i++) {
        uint32_t rate = world->networks[i].answers_per_second;
        responder->limits[i] = (struct limit){rate == 0 ? 0 : setup->ticks_per_second / rate, setup->now};
    }
    if (world->delays) {
        uint64_t longest = (uint64_t)(world->longest_us * responder->ticks_per_us);
        uint32_t buffers = setup->pool->size + (setup->services == NULL ? 0 : setup->segments->size);
        responder->delay = delay_new(buffers, longest, setup->now);
        if (responder->delay == NULL) {
            free(responder);
            return NULL;
        }
    }
    if (setup->services != NULL && !speaker_add(responder, setup)) {
        responder_free(responder);
        return NULL;
    }
    return responder;
}

void responder_free(struct responder *responder)
{
    if (responder == NULL)
        return;
    void *late[RESPONDER_BURST];
    uint32_t count = 1;
    while (responder->delay != NULL && count > 0) {
        count = delay_drain(responder->delay, late, RESPONDER_BURST);
        rte_pktmbuf_free_bulk((struct rte_mbuf **)late, count);
    }
    delay_free(responder->delay);
    speaker_free(responder->speaker);
    rte_mempool_put_bulk(responder->pool, (void **)responder->stock, responder->stock_count);
    free(responder);
}

bool responder_ready(struct responder *responder)
{
    if (responder->stock_count >= RESPONDER_ANSWERS_MAX)
        return true;
    void **end = (void **)&responder->stock[responder->stock_count];
    if (rte_mempool_get_bulk(responder->pool, end, RESPONDER_ANSWERS_MAX) != 0) {
        responder->counters[COUNT_WAITED_BUFFERS]++;
        return false;
    }
    responder->stock_count += RESPONDER_ANSWERS_MAX;
    return true;
}

uint32_t responder_due(struct responder *responder, uint64_t now, struct rte_mbuf **ret_answers, uint32_t room)
{
    uint32_t count = responder->delay == NULL ? 0 : delay_pop(responder->delay, now, (void **)ret_answers, room);
    if (responder->speaker != NULL)
        count += speaker_due(responder->speaker, now, ret_answers + count, room - count);
    return count;
}

uint32_t responder_waiting(const struct responder *responder)
{
    return responder->delay == NULL ? 0 : delay_count(responder->delay);
}

uint64_t *responder_counters(struct responder *responder)
{
    return responder->counters;
}

// The next answer's buffer, fetched early because the core that read it last still has its lines.
static struct rte_mbuf *buffer_take(struct responder *responder)
{
    struct rte_mbuf *buffer = responder->stock[--responder->stock_count];
    if (responder->stock_count >= 2) {
        struct rte_mbuf *later = responder->stock[responder->stock_count - 2];
        __builtin_prefetch(later, 1);
        __builtin_prefetch((char *)later + sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM, 1);
    }
    return buffer;
}

static uint8_t *buffer_frame(struct rte_mbuf *buffer)
{
    return (uint8_t *)buffer->buf_addr + RTE_PKTMBUF_HEADROOM;
}

// Hands a written answer on: now, or when it is due. A buffer from its pool is unshared and unchained already.
static void answer_send(struct responder *responder, struct rte_mbuf *buffer, size_t length, uint64_t delay_us)
{
    buffer->data_off = RTE_PKTMBUF_HEADROOM;
    buffer->port = RTE_MBUF_PORT_INVALID;
    buffer->ol_flags = 0;
    buffer->packet_type = 0;
    buffer->pkt_len = (uint32_t)length;
    buffer->data_len = (uint16_t)length;
    if (delay_us == 0 || responder->delay == NULL)
        responder->answers[responder->answer_count++] = buffer;
    else
        delay_push(responder->delay, buffer, responder->now + (uint64_t)((double)delay_us * responder->ticks_per_us));
}

// Takes a token; false when the network has had its share. A bucket holds a tenth of a second.
static bool limit_take(struct responder *responder, uint32_t network)
{
    struct limit *limit = &responder->limits[network];
    if (limit->interval == 0)
        return true;
    uint64_t depth = (uint64_t)(responder->ticks_per_us * 1e5);
    if (limit->next + depth < responder->now)
        limit->next = responder->now - depth;
    if (limit->next > responder->now)
        return false;
    limit->next += limit->interval;
    return true;
}

static void send_shape(struct responder *responder, enum world_event event, uint64_t number,
                       const struct question *question)
{
    static const struct {
        enum shape_class class;
        enum simnet_counter counter;
    } SHAPES[] = {[EVENT_FORGED] = {SHAPE_FORGED, COUNT_FORGED},
                  [EVENT_MALFORMED] = {SHAPE_MALFORMED, COUNT_MALFORMED},
                  [EVENT_TRUNCATED] = {SHAPE_TRUNCATED, COUNT_TRUNCATED}};
    uint32_t chance = world_mix(responder->world->keys[KEY_SHAPE], (uint32_t)number);
    struct rte_mbuf *buffer = buffer_take(responder);
    size_t length = shape_write(SHAPES[event].class, chance >> 24, chance, question, buffer_frame(buffer));
    responder->counters[SHAPES[event].counter]++;
    answer_send(responder, buffer, length, 0);
}

static void send_answer(struct responder *responder, enum world_answer answer, enum world_event event,
                        const struct question *question)
{
    static const uint8_t COUNTERS[ANSWER_KINDS] = {[ANSWER_OPEN] = COUNT_OPEN,
                                                   [ANSWER_MIDDLEBOX] = COUNT_MIDDLEBOX,
                                                   [ANSWER_TARPIT] = COUNT_TARPIT,
                                                   [ANSWER_CLOSED] = COUNT_CLOSED,
                                                   [ANSWER_PROHIBITED] = COUNT_PROHIBITED,
                                                   [ANSWER_UNREACHABLE] = COUNT_UNREACHABLE};
    uint64_t delay_us = world_rtt_us(responder->world, question->network, question->trait);
    if (event == EVENT_LATE) {
        delay_us += LATE_US;
        responder->counters[COUNT_LATE]++;
    }
    struct rte_mbuf *buffer = buffer_take(responder);
    size_t length = answer_syn(answer, question, buffer_frame(buffer));
    responder->counters[COUNTERS[answer]]++;
    if (event == EVENT_DUPLICATE) {
        struct rte_mbuf *again = buffer_take(responder);
        memcpy(buffer_frame(again), buffer_frame(buffer), length);
        responder->counters[COUNT_DUPLICATED]++;
        answer_send(responder, again, length, delay_us);
    }
    answer_send(responder, buffer, length, delay_us);
}

// The i-th frame of the burst is a probe that somebody or the weather might answer.
static void respond_syn(struct responder *responder, const struct rte_mbuf *frame, uint32_t i, uint64_t number)
{
    const struct world *world = responder->world;
    const struct screen *screen = &responder->screen;
    enum world_event event = world_event(world, screen->weather[i]);
    if (event == EVENT_LOSS) {
        responder->counters[COUNT_LOST]++;
        return;
    }
    struct question question;
    question_read(rte_pktmbuf_mtod(frame, const uint8_t *), frame->data_len, &question);
    if (question.kind != QUESTION_SYN) {
        responder->counters[COUNT_OTHER]++;
        return;
    }
    const struct world_place place = {question.address, screen->network[i], screen->host[i],
                                      world_trait(world, screen->host[i])};
    enum world_answer answer = world_answer(world, &place, question.port);
    bool brings_more = event >= EVENT_FORGED && event < EVENT_NONE;
    if (answer == ANSWER_SILENT && !brings_more)
        return;
    if (!question_checksums_good(&question)) {
        responder->counters[COUNT_BAD_CHECKSUM]++;
        return;
    }
    question.network = place.network;
    question.host = place.host;
    question.trait = place.trait;
    if (brings_more)
        send_shape(responder, event, number, &question);
    if (answer == ANSWER_SILENT)
        return;
    if (!limit_take(responder, question.network)) {
        responder->counters[COUNT_LIMITED]++;
        return;
    }
    if (responder->speaker != NULL && answer == ANSWER_OPEN)
        speaker_syn(responder->speaker, &question, responder->now);
    send_answer(responder, answer, event, &question);
}

// The kind of answer that a batch gives to its n-th question, for which nothing but the world decides; any other kind
// when it has to be looked at by itself.
static enum world_answer batch_answer(const struct responder *responder, uint32_t n)
{
    const struct world *world = responder->world;
    const struct batch *batch = &responder->batch;
    uint32_t i = responder->batch_frame[n];
    if (!(batch->good >> n & 1) || world_event(world, responder->screen.weather[i]) != EVENT_NONE)
        return ANSWER_KINDS;
    const struct world_place place = {batch->address[n], responder->screen.network[i], batch->host[n], batch->trait[n]};
    if (responder->speaker != NULL && world_may_speak(world, place.network, (uint16_t)batch->ports[n]))
        return ANSWER_KINDS;
    return world_answer_by(world, &place, (uint16_t)batch->ports[n], batch->chance[n]);
}

// A buffer for the n-th answer of a batch, on its way out already: its bytes are written with the whole batch.
static void batch_reserve(struct responder *responder, uint32_t n, enum world_answer answer)
{
    struct batch *batch = &responder->batch;
    uint32_t network = responder->screen.network[responder->batch_frame[n]];
    if (!limit_take(responder, network)) {
        responder->counters[COUNT_LIMITED]++;
        return;
    }
    struct rte_mbuf *buffer = buffer_take(responder);
    batch->answer[n] = buffer_frame(buffer);
    batch->closed |= (uint64_t)(answer == ANSWER_CLOSED) << n;
    responder->counters[answer == ANSWER_CLOSED ? COUNT_CLOSED : COUNT_OPEN]++;
    answer_send(responder, buffer, ANSWER_FRAME_MIN, world_rtt_us(responder->world, network, batch->trait[n]));
}

// Answers a set of plain SYNs, all of it together.
static void respond_batch(struct responder *responder, struct rte_mbuf **frames, uint64_t hits)
{
    struct batch *batch = &responder->batch;
    uint32_t count = 0;
    batch->closed = 0;
    for (; hits != 0; hits &= hits - 1, count++) {
        uint32_t i = (uint32_t)__builtin_ctzll(hits);
        responder->batch_frame[count] = (uint8_t)i;
        batch->question[count] = rte_pktmbuf_mtod(frames[i], const uint8_t *);
        batch->length[count] = frames[i]->data_len;
        batch->host[count] = responder->screen.host[i];
    }
    responder->batches->read(responder->world, batch, count);
    for (uint32_t n = 0; n < count; n++) {
        enum world_answer answer = batch_answer(responder, n);
        batch->answer[n] = responder->nobodys_answer;
        if (answer == ANSWER_OPEN || answer == ANSWER_CLOSED)
            batch_reserve(responder, n, answer);
        else if (answer != ANSWER_SILENT)
            respond_syn(responder, frames[responder->batch_frame[n]], responder->batch_frame[n],
                        responder->sequence + responder->batch_frame[n]);
    }
    responder->batches->write(batch, count);
}

// A segment that belongs to no SYN: nothing is remembered, so an open port is silent on a bare ACK (its server would
// wait) and resets data and FIN; a closed port resets everything but a RST.
static bool segment_is_reset(enum world_answer answer, const struct question *question)
{
    enum { FIN = 1, SYN = 2, RST = 4 };
    if ((question->flags & RST) != 0 || answer == ANSWER_SILENT)
        return false;
    if (answer == ANSWER_CLOSED)
        return true;
    return answer == ANSWER_OPEN && (question->payload_bytes > 0 || (question->flags & (FIN | SYN)) != 0);
}

// Everything but SYNs: rare, so it is read in full.
static void respond_other(struct responder *responder, const struct rte_mbuf *frame, uint64_t number)
{
    static const uint8_t COUNTERS[] = {[QUESTION_NONE] = COUNT_OTHER,
                                       [QUESTION_SYN] = COUNT_SYN,
                                       [QUESTION_SEGMENT] = COUNT_SEGMENT,
                                       [QUESTION_ECHO] = COUNT_ECHO,
                                       [QUESTION_ARP] = COUNT_ARP};
    static const uint8_t MAC[6] = {0x02, 's', 'i', 'm', 0, 1};
    const struct world *world = responder->world;
    struct question question;
    question_read(rte_pktmbuf_mtod(frame, const uint8_t *), frame->data_len, &question);
    responder->counters[COUNTERS[question.kind]]++;
    if (question.kind == QUESTION_NONE || question.kind == QUESTION_SYN)
        return;
    const struct world_place place = world_find(world, question.address);
    question.network = place.network;
    question.host = place.host;
    question.trait = place.trait;
    if (responder->speaker != NULL && question.kind == QUESTION_SEGMENT &&
        speaker_take(responder->speaker, &question, number, responder->now))
        return;
    enum world_answer answer = world_answer(world, &place, question.port);
    bool is_host = world_share(question.host) < world->networks[question.network].alive;
    struct rte_mbuf *buffer = buffer_take(responder);
    size_t length = 0;
    enum simnet_counter counter = COUNT_ARP_REPLY;
    if (question.kind == QUESTION_ARP) {
        length = answer_arp(&question, MAC, buffer_frame(buffer));
    } else if (question.kind == QUESTION_ECHO && is_host) {
        length = answer_echo(&question, buffer_frame(buffer));
        counter = COUNT_ECHO_REPLY;
    } else if (question.kind == QUESTION_SEGMENT && segment_is_reset(answer, &question)) {
        length = answer_reset(&question, buffer_frame(buffer));
        counter = COUNT_RESET;
    }
    if (length == 0) {
        responder->stock[responder->stock_count++] = buffer;
        return;
    }
    responder->counters[counter]++;
    answer_send(responder, buffer, length, 0);
}

// Whether a frame looks like a SYN without VLAN tag, IP options or fragments, which nearly all are. question_read has
// the last word on those that somebody answers.
static inline bool frame_is_plain_syn(const uint8_t *frame, uint32_t length)
{
    if (length < 54)
        return false;
    uint32_t type_version;
    memcpy(&type_version, frame + 12, sizeof(type_version));
    uint16_t fragment;
    memcpy(&fragment, frame + 20, sizeof(fragment));
    return ((type_version & 0x00ffffff) == 0x00450008) & ((fragment & 0xffbf) == 0) & (frame[23] == 6) &
           ((frame[47] & 0x3f) == 2);
}

// Fills the screen; a bit for each frame that is a SYN, and for each that is a plain one. Others are nobody's.
static uint64_t screen_fill(struct responder *responder, struct rte_mbuf **frames, uint32_t count, uint64_t *ret_plain)
{
    struct screen *screen = &responder->screen;
    uint64_t syns = 0;
    uint64_t plain = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *frame = rte_pktmbuf_mtod(frames[i], const uint8_t *);
        uint32_t length = frames[i]->data_len;
        uint64_t is_syn = 1;
        uint32_t address = 0;
        if (frame_is_plain_syn(frame, length)) {
            address = load32(frame + 30);
            plain |= UINT64_C(1) << i;
        } else {
            struct question question;
            question_read(frame, length, &question);
            is_syn = question.kind == QUESTION_SYN;
            address = question.address;
        }
        syns |= is_syn << i;
        screen->address[i] = address;
        screen->network[i] = is_syn ? world_network(responder->world, address) : 0;
    }
    *ret_plain = plain;
    return syns;
}

// Gives the frames back. All of one pool, unshared and unchained, which a prober's are, go at once; a freed buffer's
// `next` needs no look then, and that spares a cache line each.
static void frames_return(struct rte_mbuf **frames, uint32_t count)
{
    enum { ONE_EACH = 1 };
    struct rte_mempool *pool = frames[0]->pool;
    bool plain = true;
    for (uint32_t i = 0; i < count; i++)
        plain &= (frames[i]->pool == pool) & (rte_mbuf_refcnt_read(frames[i]) == ONE_EACH) &
                 (frames[i]->nb_segs == ONE_EACH) &
                 ((frames[i]->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)) == 0);
    if (plain)
        rte_mempool_put_bulk(pool, (void **)frames, count);
    else
        rte_pktmbuf_free_bulk(frames, count);
}

uint32_t responder_answer(struct responder *responder, struct rte_mbuf **frames, uint32_t count, uint64_t now,
                          struct rte_mbuf *ret_answers[static RESPONDER_ANSWERS_MAX])
{
    if (count == 0)
        return 0;
    // The headers of most frames lie right behind a buffer's headroom; where they do not, nothing but time is lost.
    for (uint32_t i = 0; i < count; i++) {
        rte_prefetch0(frames[i]);
        rte_prefetch0((const char *)frames[i] + sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM);
    }
    responder->now = now;
    responder->answers = ret_answers;
    responder->answer_count = 0;
    uint64_t all = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
    uint64_t plain;
    uint64_t syns = screen_fill(responder, frames, count, &plain);
    uint64_t hits = responder->look(responder->world, &responder->screen, count, responder->sequence) & syns;
    responder->counters[COUNT_RECEIVED] += count;
    responder->counters[COUNT_SYN] += (uint64_t)__builtin_popcountll(syns);
    if (responder->batches != NULL && __builtin_popcountll(hits & plain) >= BATCH_MIN) {
        respond_batch(responder, frames, hits & plain);
        hits &= ~plain;
    }
    for (; hits != 0; hits &= hits - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(hits);
        respond_syn(responder, frames[i], i, responder->sequence + i);
    }
    for (uint64_t others = all & ~syns; others != 0; others &= others - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(others);
        respond_other(responder, frames[i], responder->sequence + i);
    }
    responder->sequence += count;
    frames_return(frames, count);
    return responder->answer_count;
}
