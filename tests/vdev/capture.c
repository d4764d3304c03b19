// SPDX-License-Identifier: BSD-3-Clause
#include "tests/vdev/capture.h"

#include <string.h>

static const uint32_t PCAP_MAGIC = 0xa1b2c3d4;
static const uint32_t PCAP_MAGIC_NANOSECONDS = 0xa1b23c4d; // what net_pcap writes

FILE *capture_create(const char *path)
{
    FILE *file = fopen(path, "wbe");
    const uint32_t header[6] = {PCAP_MAGIC, 2 | 4 << 16, 0, 0, 65535, 1};
    if (file != NULL)
        fwrite(header, sizeof(header), 1, file);
    return file;
}

void capture_add(FILE *file, const uint8_t *frame, size_t length)
{
    const uint32_t header[4] = {1, 0, (uint32_t)length, (uint32_t)length};
    fwrite(header, sizeof(header), 1, file);
    fwrite(frame, length, 1, file);
}

int64_t capture_each(const char *path, capture_frame_fn *each, void *context)
{
    uint8_t frame[65536];
    uint32_t header[6];
    int64_t count = 0;
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return -1;
    if (fread(header, sizeof(header), 1, file) != 1 || (header[0] != PCAP_MAGIC && header[0] != PCAP_MAGIC_NANOSECONDS))
        count = -1;
    while (count >= 0 && fread(header, 16, 1, file) == 1) {
        if (header[2] > sizeof(frame) || fread(frame, header[2], 1, file) != 1) {
            count = -1;
            break;
        }
        each(context, frame, header[2]);
        count++;
    }
    fclose(file);
    return count;
}
