// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/shapes.h"

enum { IP_BYTES = 20, TCP_ACK = 28, TCP_FLAGS = 33, SEGMENT_BYTES = 44 };

// One change to the 44 bytes from the IPv4 header on.
struct shape {
    const char *name;
    int16_t offset;   // of the big-endian 16 bits that change; -2 is the EtherType
    uint16_t keep;    // mask of what stays of them
    uint16_t flip;    // then exclusive-ored
    uint8_t own_sums; // the checksums are right again afterwards, as far as the headers allow
    uint8_t cookie;   // the acknowledgement stays right, so nothing but the flaw itself gives it away
};

// A wrong cookie: everything else is as it should be. The chance is spread over the field that `offset` names.
static const struct shape FORGED[] = {
    {"wrong acknowledgement", TCP_ACK, 0xffff, 0, 1, 0},
    {"wrong acknowledgement in a reset", TCP_FLAGS - 1, 0xff00, 0x0014, 1, 0},
    {"another local port", IP_BYTES + 2, 0xffff, 0x0800, 1, 0},
    {"another remote port", IP_BYTES, 0xffff, 0x4001, 1, 1},
    {"another host", 14, 0xffff, 0x0015, 1, 1},
    {"a host elsewhere", 12, 0xff00, 0x0077, 1, 0},
};

static const struct shape MALFORMED[] = {
    {"version 5", 0, 0x00ff, 0x5500, 1, 1},
    {"header of 16 bytes", 0, 0x00ff, 0x4400, 1, 1},
    {"header of 60 bytes", 0, 0x00ff, 0x4f00, 1, 1},
    {"longer than captured", 2, 0, 1500, 1, 1},
    {"shorter than its header", 2, 0, 19, 1, 1},
    {"ends within TCP", 2, 0, 39, 1, 1},
    {"first fragment", 6, 0, 0x2000, 1, 1},
    {"later fragment", 6, 0, 0x0010, 1, 1},
    {"protocol 253", 8, 0xff00, 253, 1, 1},
    {"wrong IP checksum", 10, 0xffff, 0x0101, 0, 1},
    {"wrong TCP checksum", IP_BYTES + 16, 0xffff, 0x1010, 0, 0},
    {"TCP header of 60 bytes", TCP_FLAGS - 1, 0x00ff, 0xf000, 1, 1},
    {"TCP header of 16 bytes", TCP_FLAGS - 1, 0x00ff, 0x4000, 1, 1},
    {"option of no length", IP_BYTES + 20, 0, 0x0200, 1, 0},
    {"option beyond the header", IP_BYTES + 20, 0, 0x0228, 1, 0},
    {"every flag set", TCP_FLAGS - 1, 0xff00, 0x00ff, 1, 0},
    {"no flag set", TCP_FLAGS - 1, 0xff00, 0, 1, 0},
    {"unknown EtherType", -2, 0, 0x88b5, 1, 1},
};

static const struct shape TRUNCATED[] = {{"cut short", 0, 0xffff, 0, 1, 1}};

static const struct {
    const struct shape *shapes;
    size_t count;
} CLASSES[] = {
    [SHAPE_FORGED] = {FORGED, sizeof(FORGED) / sizeof(FORGED[0])},
    [SHAPE_MALFORMED] = {MALFORMED, sizeof(MALFORMED) / sizeof(MALFORMED[0])},
    [SHAPE_TRUNCATED] = {TRUNCATED, 1},
};

size_t shape_count(enum shape_class class)
{
    return CLASSES[class].count;
}

const char *shape_name(enum shape_class class, size_t index)
{
    return CLASSES[class].shapes[index % CLASSES[class].count].name;
}

size_t shape_write(enum shape_class class, size_t index, uint32_t chance, const struct question *question,
                   uint8_t frame[static ANSWER_MAX])
{
    const struct shape *shape = &CLASSES[class].shapes[index % CLASSES[class].count];
    size_t length = answer_syn(ANSWER_OPEN, question, frame);
    uint8_t *ip = frame + question_link_bytes(question);
    // Half of the number space away, so that it is no later segment of the same connection either.
    if (shape->cookie == 0)
        store32(ip + TCP_ACK, load32(ip + TCP_ACK) ^ UINT32_C(0x80000000) ^ (chance & UINT32_C(0x3fffffff)));
    uint8_t *field = ip + shape->offset;
    store16(field, (uint32_t)((load16(field) & shape->keep) ^ shape->flip));
    if (shape->own_sums == 1) {
        checksum_ip_write(ip);
        checksum_tcp_write(ip, SEGMENT_BYTES);
    }
    // Always less than the 58 bytes that the IPv4 header speaks of.
    return class == SHAPE_TRUNCATED ? 6 + chance % 52 : length;
}
