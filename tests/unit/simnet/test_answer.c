// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <string.h>

#include "probes/packet/reply.h"
#include "tests/unit/simnet/frames.h"
#include "tools/simnet/answer.h"
#include "tools/simnet/shapes.h"

// The Internet checksum as RFC 1071 tells it, one byte after the other.
static uint32_t plain_sum(const uint8_t *bytes, size_t length)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum += (i & 1) == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static bool sums_good(const uint8_t *ip)
{
    size_t total = load16(ip + 2);
    if (plain_sum(ip, 20) != 0xffff)
        return false;
    uint32_t sum = plain_sum(ip + 20, total - 20);
    if (ip[9] == 6)
        sum += plain_sum(ip + 12, 8) + 6 + (uint32_t)(total - 20);
    sum = (sum & 0xffff) + (sum >> 16);
    return ((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

static struct question ask(uint32_t address, uint16_t port, uint16_t vlan, uint8_t probe[static 64])
{
    struct question question;
    size_t length = probe_make(address, port, vlan, probe);
    question_read(probe, length, &question);
    cr_assert_eq(question.kind, QUESTION_SYN);
    cr_assert(question_checksums_good(&question));
    cr_assert_eq(question.address, address);
    cr_assert_eq(question.port, port);
    question.host = address * UINT32_C(0x85ebca6b);
    question.trait = address * UINT32_C(0xc2b2ae35) ^ question.host >> 7;
    return question;
}

Test(answer, every_kind_has_right_sums_and_addresses)
{
    uint8_t probe[64];
    uint8_t frame[ANSWER_MAX];
    for (uint32_t address = 0x0a000000; address < 0x0a000000 + 20000; address += 7) {
        uint16_t vlan = address % 3 == 0 ? 17 : 0;
        struct question question = ask(address, (uint16_t)(address >> 3), vlan, probe);
        for (int kind = ANSWER_OPEN; kind < ANSWER_KINDS; kind++) {
            size_t length = answer_syn((enum world_answer)kind, &question, frame);
            const uint8_t *ip = frame + question_link_bytes(&question);
            cr_assert_geq(length, ANSWER_FRAME_MIN);
            cr_assert_leq(length, ANSWER_MAX);
            cr_assert_leq((size_t)load16(ip + 2), length - question_link_bytes(&question));
            cr_assert(sums_good(ip), "kind %d of %08x", kind, address);
            cr_assert_eq(load32(ip + 16), ASKER);
            cr_assert_arr_eq(frame, probe + 6, 6);
            cr_assert_arr_eq(frame + 6, probe, 6);
            cr_assert_arr_eq(frame + 12, probe + 12, question_link_bytes(&question) - 12);
            if (kind >= ANSWER_PROHIBITED) {
                cr_assert_eq(ip[20], 3);
                cr_assert_eq(load32(ip + 28 + 16), address);
                cr_assert_eq(load32(ip + 28 + 24), question.seq);
                cr_assert_eq(plain_sum(ip + 28, 20), 0xffff);
                continue;
            }
            cr_assert_eq(load32(ip + 12), address);
            cr_assert_eq(load16(ip + 20), question.port);
            cr_assert_eq(load16(ip + 22), question.asker_port);
            uint32_t ack = load32(ip + 28) - question.seq;
            cr_assert(ack == 1 || (ack == 0 && kind == ANSWER_CLOSED));
            cr_assert_eq(ip[33], kind == ANSWER_CLOSED ? 0x14 : 0x12);
            cr_assert(kind != ANSWER_OPEN || load16(ip + 34) != 0);
        }
    }
}

Test(answer, a_probe_with_one_wrong_bit_is_noticed)
{
    uint8_t probe[64];
    size_t length = probe_make(0x0a010203, 22, 0, probe);
    for (size_t bit = 14 * 8; bit < 58 * 8; bit++) {
        uint8_t broken[64];
        memcpy(broken, probe, sizeof(broken));
        broken[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct question question;
        question_read(broken, length, &question);
        cr_expect(question.kind == QUESTION_NONE || !question_checksums_good(&question), "bit %zu", bit);
    }
}

Test(answer, every_truncation_is_read_without_a_question_beyond_its_end)
{
    uint8_t probe[64];
    size_t length = probe_make(0x0a010203, 22, 5, probe);
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, probe, cut);
        struct question question;
        question_read(copy, cut, &question);
        cr_expect(question.kind == QUESTION_NONE || cut >= 18 + 40);
        cr_expect(question.kind == QUESTION_NONE || cut >= 18 + 44 || !question_checksums_good(&question));
        free(copy);
    }
}

Test(answer, reset_follows_rfc_9293)
{
    uint8_t probe[64];
    uint8_t frame[ANSWER_MAX];
    struct question question = ask(0x0a010203, 22, 0, probe);
    question.flags = 0x11;
    question.ack = 77;
    question.payload_bytes = 5;
    answer_reset(&question, frame);
    cr_expect(sums_good(frame + 14));
    cr_expect_eq(load32(frame + 14 + 24), 77);
    cr_expect_eq(frame[14 + 33], 4);
    question.flags = 0x01;
    answer_reset(&question, frame);
    cr_expect(sums_good(frame + 14));
    cr_expect_eq(load32(frame + 14 + 24), 0);
    cr_expect_eq(load32(frame + 14 + 28), question.seq + 6);
    cr_expect_eq(frame[14 + 33], 0x14);
}

// Whether a careful reader would take a frame for the SYN-ACK to the question.
static bool is_believable(const struct question *question, const uint8_t *frame, size_t length)
{
    const uint8_t *ip = frame + 14;
    if (length < 14 + 44 || load16(frame + 12) != 0x0800 || ip[0] != 0x45 || ip[9] != 6)
        return false;
    size_t total = load16(ip + 2);
    if (total < 40 || total > length - 14 || (load16(ip + 6) & 0x3fff) != 0 || !sums_good(ip))
        return false;
    size_t header = (size_t)(ip[32] >> 4) * 4;
    return header >= 20 && 20 + header <= total && ip[33] == 0x12 && load32(ip + 28) == question->seq + 1 &&
           load32(ip + 12) == question->address && load16(ip + 20) == question->port &&
           load16(ip + 22) == question->asker_port;
}

Test(shapes, none_is_believable_and_a_real_answer_is)
{
    uint8_t probe[64];
    uint8_t frame[ANSWER_MAX];
    for (uint32_t address = 0x0a000000; address < 0x0a000000 + 3000; address++) {
        struct question question = ask(address, 443, 0, probe);
        size_t length = answer_syn(ANSWER_OPEN, &question, frame);
        cr_assert(is_believable(&question, frame, length));
        for (int class = SHAPE_FORGED; class <= SHAPE_TRUNCATED; class ++) {
            size_t count = shape_count((enum shape_class) class);
            for (size_t i = 0; i < count; i++) {
                uint32_t chance = address * UINT32_C(0x9e3779b1);
                length = shape_write((enum shape_class) class, i, chance, &question, frame);
                cr_assert_not(is_believable(&question, frame, length), "%s", shape_name((enum shape_class) class, i));
                cr_assert(class == SHAPE_TRUNCATED ? length >= 6 && length < 58 : length >= ANSWER_FRAME_MIN);
                cr_assert(class != SHAPE_FORGED || sums_good(frame + 14), "%s", shape_name(SHAPE_FORGED, i));
            }
        }
    }
}

// What sonde's own reader makes of it.
static struct reply reply_of(const uint8_t *frame, size_t length)
{
    struct reply reply;
    reply_read(frame, length, ASKER, (struct reply_offload){0}, &reply);
    return reply;
}

Test(answer, sonde_reads_every_kind)
{
    uint8_t probe[64];
    uint8_t frame[ANSWER_MAX];
    for (uint32_t address = 0x0a000000; address < 0x0a000000 + 2000; address++) {
        struct question question = ask(address, 5432, address & 1 ? 17 : 0, probe);
        for (int kind = ANSWER_OPEN; kind < ANSWER_KINDS; kind++) {
            size_t length = answer_syn((enum world_answer)kind, &question, frame);
            struct reply reply = reply_of(frame, length);
            cr_assert_eq(reply.kind, kind >= ANSWER_PROHIBITED ? REPLY_ICMP_ERROR : REPLY_TCP, "%d", kind);
            cr_assert_eq(reply.address, address);
            cr_assert_eq(reply.remote_port, 5432);
            cr_assert_eq(reply.local_port, question.asker_port);
            cr_assert(kind < ANSWER_PROHIBITED || reply.seq == question.seq);
            cr_assert(kind >= ANSWER_CLOSED || reply.ack == question.seq + 1);
        }
    }
}

Test(shapes, sonde_refuses_every_malformed_and_truncated_one)
{
    uint8_t probe[64];
    uint8_t frame[ANSWER_MAX];
    struct question question = ask(0x0a010203, 443, 0, probe);
    for (uint32_t chance = 0; chance < 1000; chance++) {
        for (size_t i = 0; i < shape_count(SHAPE_MALFORMED); i++) {
            struct reply reply = reply_of(frame, shape_write(SHAPE_MALFORMED, i, chance, &question, frame));
            cr_expect(reply.kind != REPLY_TCP || reply.ack != question.seq + 1, "%s", shape_name(SHAPE_MALFORMED, i));
        }
        struct reply reply = reply_of(frame, shape_write(SHAPE_TRUNCATED, 0, chance, &question, frame));
        cr_expect(reply.kind < REPLY_TCP, "cut at %u", 6 + chance % 52);
    }
}
