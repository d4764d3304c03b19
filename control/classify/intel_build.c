// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/intel_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "config/image_build.h"

enum { INTEL_ALIGNMENT = 64, SLASH16S = 65536, CAPACITY_FIRST = 64 };

static const size_t element_bytes[INTEL_SECTION_COUNT] = {
#define X(name, type) [name] = sizeof(type),
    INTEL_SECTIONS(X)
#undef X
};

struct part {
    char *elements;
    size_t count;
    size_t capacity;
};

struct intel_builder {
    struct string_table strings;
    struct part parts[INTEL_SECTION_COUNT];
    int error;
};

struct intel_builder *intel_builder_new(void)
{
    struct intel_builder *builder = calloc(1, sizeof(*builder));
    if (builder == NULL || string_table_init(&builder->strings) == 0)
        return builder;
    intel_builder_free(builder);
    return NULL;
}

void intel_builder_free(struct intel_builder *builder)
{
    if (builder == NULL)
        return;
    string_table_fini(&builder->strings);
    for (size_t i = 0; i < INTEL_SECTION_COUNT; i++)
        free(builder->parts[i].elements);
    free(builder);
}

static void fail(struct intel_builder *builder, int error)
{
    if (builder->error == 0)
        builder->error = error;
}

uint32_t intel_builder_string(struct intel_builder *builder, const char *text)
{
    uint32_t offset = 0;
    int error = string_table_add(&builder->strings, text, &offset);
    if (error != 0)
        fail(builder, error);
    return error == 0 ? offset : 0;
}

const char *intel_builder_text(const struct intel_builder *builder, uint32_t offset)
{
    return builder->strings.bytes + offset;
}

uint32_t intel_builder_append(struct intel_builder *builder, enum intel_section section, const void *elements,
                              size_t count)
{
    struct part *part = &builder->parts[section];
    size_t size = element_bytes[section];
    uint32_t first = (uint32_t)part->count;
    if (count > UINT32_MAX - part->count) {
        fail(builder, -EOVERFLOW);
        return 0;
    }
    if (part->count + count > part->capacity) {
        size_t capacity = part->capacity == 0 ? CAPACITY_FIRST : part->capacity;
        while (capacity < part->count + count)
            capacity *= 2;
        char *grown = reallocarray(part->elements, capacity, size);
        if (grown == NULL) {
            fail(builder, -ENOMEM);
            return 0;
        }
        part->elements = grown;
        part->capacity = capacity;
    }
    if (count > 0)
        memcpy(part->elements + part->count * size, elements, count * size);
    part->count += count;
    return first;
}

size_t intel_builder_count(const struct intel_builder *builder, enum intel_section section)
{
    return builder->parts[section].count;
}

void *intel_builder_elements(const struct intel_builder *builder, enum intel_section section)
{
    return builder->parts[section].elements;
}

// Of each /16 the last edge at or before its first address.
static void directory_make(struct intel_builder *builder, enum intel_section directory, enum intel_section edges)
{
    const struct intel_edge *at = intel_builder_elements(builder, edges);
    size_t count = intel_builder_count(builder, edges);
    size_t edge = 0;
    builder->parts[directory].count = 0;
    for (size_t i = 0; count > 0 && i < SLASH16S; i++) {
        while (edge + 1 < count && at[edge + 1].first_address <= (uint32_t)i << 16)
            edge++;
        uint32_t index = (uint32_t)edge;
        (void)intel_builder_append(builder, directory, &index, 1);
    }
    uint32_t last = (uint32_t)count;
    if (count > 0)
        (void)intel_builder_append(builder, directory, &last, 1);
}

static size_t aligned(size_t bytes)
{
    return (bytes + INTEL_ALIGNMENT - 1) / INTEL_ALIGNMENT * INTEL_ALIGNMENT;
}

static int write_whole(int fd, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        ssize_t wrote = pwrite(fd, bytes + at, length - at, (off_t)at);
        if (wrote < 0 && errno != EINTR)
            return -errno;
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    return ftruncate(fd, (off_t)length) == 0 ? 0 : -errno;
}

static uint64_t kinds_of(const struct intel_builder *builder)
{
    const struct intel_feed *feeds = intel_builder_elements(builder, INTEL_SECTION_FEEDS);
    uint64_t kinds = 0;
    for (size_t i = 0; i < intel_builder_count(builder, INTEL_SECTION_FEEDS); i++)
        kinds |= feeds[i].kind < INTEL_KIND_COUNT ? UINT64_C(1) << feeds[i].kind : 0;
    return kinds;
}

static int image_write_parts(struct intel_builder *builder, int fd)
{
    struct intel_header header = {
        .magic = INTEL_MAGIC, .version = INTEL_VERSION, .header_bytes = sizeof(header), .kinds = kinds_of(builder)};
    size_t bytes = aligned(sizeof(header));
    for (size_t i = 0; i < INTEL_SECTION_COUNT; i++) {
        header.sections[i] = (struct intel_slice){.offset = bytes, .count = builder->parts[i].count};
        bytes += aligned(builder->parts[i].count * element_bytes[i]);
    }
    header.bytes = bytes;
    char *image = calloc(1, bytes);
    if (image == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < INTEL_SECTION_COUNT; i++)
        if (builder->parts[i].count > 0)
            memcpy(image + header.sections[i].offset, builder->parts[i].elements,
                   builder->parts[i].count * element_bytes[i]);
    int error = EVP_Digest(image + sizeof(header), bytes - sizeof(header), header.digest, NULL, EVP_sha256(), NULL) == 1
                    ? 0
                    : -ENOMEM;
    memcpy(image, &header, sizeof(header));
    if (error == 0)
        error = write_whole(fd, image, bytes);
    free(image);
    return error;
}

int intel_builder_write(struct intel_builder *builder, int fd)
{
    struct intel intel;
    directory_make(builder, INTEL_SECTION_LISTING_DIRECTORY, INTEL_SECTION_LISTING_EDGES);
    directory_make(builder, INTEL_SECTION_OWNER_DIRECTORY, INTEL_SECTION_OWNER_EDGES);
    directory_make(builder, INTEL_SECTION_PLACE_DIRECTORY, INTEL_SECTION_PLACE_EDGES);
    builder->parts[INTEL_SECTION_STRINGS].count = 0;
    (void)intel_builder_append(builder, INTEL_SECTION_STRINGS, builder->strings.bytes, builder->strings.length);
    if (builder->error != 0)
        return builder->error;
    int error = image_write_parts(builder, fd);
    if (error != 0 || (error = intel_map_file(fd, &intel)) != 0)
        return error;
    intel_unmap(&intel);
    return 0;
}
