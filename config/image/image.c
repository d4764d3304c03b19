// SPDX-License-Identifier: BSD-3-Clause
#include "config/image/image.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { SLASH16S = 65536, IMAGE_ALIGNMENT = 64 };

static const size_t element_bytes[IMAGE_SECTION_COUNT] = {
#define X(name, type) [name] = sizeof(type),
    IMAGE_SECTIONS(X)
#undef X
};

const void *image_section(const struct image *image, enum image_section section, size_t *ret_count)
{
    const struct image_slice *slice = &image->header->sections[section];
    *ret_count = slice->count;
    return (const char *)image->header + slice->offset;
}

static bool sections_fit(const struct image_header *header)
{
    for (size_t i = 0; i < IMAGE_SECTION_COUNT; i++) {
        const struct image_slice *slice = &header->sections[i];
        if (slice->offset % IMAGE_ALIGNMENT != 0 || slice->offset < sizeof(*header) || slice->offset > header->bytes)
            return false;
        if (slice->count > (header->bytes - slice->offset) / element_bytes[i])
            return false;
    }
    return true;
}

// Every offset into the strings that `count` structs of only uint32_t members hold at the given indices.
static bool offsets_fit(const struct image *image, enum image_section section, size_t first, size_t words)
{
    size_t count;
    const char *at = image_section(image, section, &count);
    for (size_t i = 0; i < count; i++, at += element_bytes[section]) {
        for (size_t w = 0; w < words; w++) {
            uint32_t offset;
            memcpy(&offset, at + (first + w) * sizeof(offset), sizeof(offset));
            if (offset >= image->string_bytes)
                return false;
        }
    }
    return true;
}

static bool strings_fit(const struct image *image)
{
    const struct image_settings *settings = image->settings;
    if (image->string_bytes == 0 || image->strings[0] != '\0' || image->strings[image->string_bytes - 1] != '\0')
        return false;
    uint32_t own[] = {settings->scan,        settings->contact,   settings->user_agent,  settings->port_name,
                      settings->trust_store, settings->http_path, settings->http_headers};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (own[i] >= image->string_bytes)
            return false;
    return offsets_fit(image, IMAGE_ATTRIBUTIONS, 0, 3) && offsets_fit(image, IMAGE_SERVICES, 0, 3) &&
           offsets_fit(image, IMAGE_FINDINGS, 0, 3) && offsets_fit(image, IMAGE_PRODUCTS, 0, 9) &&
           offsets_fit(image, IMAGE_EAL_ARGUMENTS, 0, 1) && offsets_fit(image, IMAGE_INPUTS, 0, 2) &&
           offsets_fit(image, IMAGE_NAMES, 1, 1);
}

// Each partial /24's pieces follow the previous one's, and all are there.
static bool partials_fit(const struct targets *targets, uint64_t sixteens, uint64_t singles)
{
    uint64_t sixteen = 0;
    uint64_t single = 0;
    for (uint64_t p = 0; p < targets->partial_count; p++) {
        const struct targets_partial *partial = &targets->partials[p];
        if (partial->first_sixteen != sixteen || partial->first_single != single || partial->sixteens > UINT16_MAX)
            return false;
        sixteen += (uint64_t)__builtin_popcount(partial->sixteens);
        for (size_t i = 0; i < 4; i++)
            single += (uint64_t)__builtin_popcountll(partial->singles[i]);
    }
    return sixteen == sixteens && single == singles;
}

static bool targets_fit(const struct targets *targets, const struct image_header *header)
{
    if (header->sections[IMAGE_TARGET_DIRECTORY].count != SLASH16S || targets->block_count == 0)
        return false;
    uint64_t wholes = targets->whole_addresses >> 8;
    uint64_t sixteens = targets->sixteen_addresses >> 4;
    if ((targets->whole_addresses & 255) != 0 || (targets->sixteen_addresses & 15) != 0 ||
        targets->count > UINT64_C(1) << 32 || targets->whole_addresses > targets->count ||
        targets->sixteen_addresses > targets->count - targets->whole_addresses)
        return false;
    uint64_t singles = targets->count - targets->whole_addresses - targets->sixteen_addresses;
    if (wholes + sixteens + singles != targets->base_count)
        return false;
    for (size_t i = 0; i < SLASH16S; i++)
        if (targets->directory[i] >= targets->block_count)
            return false;
    // A rank that ran past its array would send the look-ups of answers astray.
    uint64_t whole_rank = 0;
    uint64_t partial_rank = 0;
    for (uint64_t b = 0; b < targets->block_count; b++) {
        for (size_t w = 0; w < 8; w++) {
            const struct targets_block *block = &targets->blocks[b];
            if (block->whole[w].rank != whole_rank || block->partial[w].rank != partial_rank)
                return false;
            whole_rank += (uint64_t)__builtin_popcount(block->whole[w].bits);
            partial_rank += (uint64_t)__builtin_popcount(block->partial[w].bits);
        }
    }
    return whole_rank == wholes && partial_rank == targets->partial_count && partials_fit(targets, sixteens, singles);
}

static bool ports_fit(const struct image *image)
{
    uint64_t count = image->settings->port_count;
    if (count > IMAGE_PORTS_MAX || image->header->sections[IMAGE_PORTS].count != count ||
        image->header->sections[IMAGE_PORT_INDEX].count != IMAGE_PORTS_MAX)
        return false;
    for (uint64_t i = 0; i < count; i++)
        if ((i > 0 && image->ports[i - 1] >= image->ports[i]) || image->port_index[image->ports[i]] != (int32_t)i)
            return false;
    for (size_t port = 0; port < IMAGE_PORTS_MAX; port++)
        if (image->port_index[port] >= (int32_t)count || image->port_index[port] < -1)
            return false;
    return true;
}

static bool attributions_fit(const struct attribution_table *table)
{
    if (table->edge_count == 0 || table->item_count == 0 || table->edges[0].first_address != 0)
        return false;
    for (size_t i = 0; i < table->edge_count; i++) {
        if (table->edges[i].attribution >= table->item_count)
            return false;
        if (i > 0 && table->edges[i].first_address <= table->edges[i - 1].first_address)
            return false;
    }
    return true;
}

// A stretch on the link is an array of as many entries in the dataplane.
static bool hops_fit(const struct image *image)
{
    uint64_t on_link = 0;
    if (image->hop_count > HOPS_MAX)
        return false;
    for (size_t i = 0; i < image->hop_count; i++) {
        const struct image_hop *hop = &image->hops[i];
        if (hop->first > hop->last || (i > 0 && hop->first <= image->hops[i - 1].last))
            return false;
        on_link += hop->gateway == 0 ? (uint64_t)hop->last - hop->first + 1 : 0;
    }
    return on_link <= HOPS_ON_LINK_MAX;
}

// What is said to servers and stands in records is no more than a name.
static bool names_fit(const struct image *image)
{
    if (image->name_count > HOST_NAMES_MAX)
        return false;
    for (size_t i = 0; i < image->name_count; i++) {
        const char *name = image_string(image, image->names[i].name);
        if (!name_is_valid(name) || (i > 0 && image->names[i].address <= image->names[i - 1].address))
            return false;
    }
    return true;
}

// Only then is a common port looked up without a look at how many there are.
static bool pairs_fit(const struct image *image)
{
    size_t common_bytes;
    (void)image_section(image, IMAGE_COMMON_PORTS, &common_bytes);
    return listed_fits(&image->listed, common_bytes);
}

static bool settings_fit(const struct image_settings *settings)
{
    return settings->workers <= IMAGE_LCORES_MAX && settings->lanes <= IMAGE_LANES_MAX &&
           settings->decoy_count <= IMAGE_DECOYS_MAX && settings->source_count <= IMAGE_SOURCES_MAX &&
           settings->first_position <= settings->end_position && settings->end_position <= settings->positions &&
           settings->positions == settings->addresses * settings->port_count;
}

static bool catalogue_fits(const struct catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->service_count; i++)
        if (catalogue->services[i].port_count > CATALOGUE_PORTS_MAX)
            return false;
    for (size_t i = 0; i < catalogue->finding_count; i++)
        if (!catalogue_condition_fits(catalogue, catalogue->findings[i].condition,
                                      catalogue->findings[i].condition_count))
            return false;
    return true;
}

// Points the members of image into its mapping.
static void image_point(struct image *image)
{
    size_t count;
    struct targets *targets = &image->targets;
    image->settings = &image->header->settings;
    image->strings = image_section(image, IMAGE_STRINGS, &count);
    image->string_bytes = count;
    image->ports = image_section(image, IMAGE_PORTS, &count);
    image->port_index = image_section(image, IMAGE_PORT_INDEX, &count);
    targets->count = image->settings->addresses;
    targets->whole_addresses = image->settings->whole_addresses;
    targets->sixteen_addresses = image->settings->sixteen_addresses;
    targets->bases = image_section(image, IMAGE_TARGET_BASES, &targets->base_count);
    targets->directory = image_section(image, IMAGE_TARGET_DIRECTORY, &count);
    targets->blocks = image_section(image, IMAGE_TARGET_BLOCKS, &targets->block_count);
    targets->partials = image_section(image, IMAGE_TARGET_PARTIALS, &targets->partial_count);
    image->attributions.edges = image_section(image, IMAGE_ATTRIBUTION_EDGES, &image->attributions.edge_count);
    image->attributions.items = image_section(image, IMAGE_ATTRIBUTIONS, &image->attributions.item_count);
    image->catalogue.services = image_section(image, IMAGE_SERVICES, &image->catalogue.service_count);
    image->catalogue.findings = image_section(image, IMAGE_FINDINGS, &image->catalogue.finding_count);
    image->catalogue.conditions = image_section(image, IMAGE_CONDITIONS, &image->catalogue.condition_count);
    image->catalogue.products = image_section(image, IMAGE_PRODUCTS, &image->catalogue.product_count);
    image->hops = image_section(image, IMAGE_HOPS, &image->hop_count);
    image->names = image_section(image, IMAGE_NAMES, &image->name_count);
    image->listed.items = image_section(image, IMAGE_LISTED, &image->listed.count);
    image->listed.ports = image_section(image, IMAGE_LISTED_PORTS, &image->listed.port_count);
    image->listed.common = image_section(image, IMAGE_COMMON_PORTS, &count);
}

static int image_check(struct image *image, uint64_t file_bytes)
{
    const struct image_header *header = image->header;
    if (header->magic != IMAGE_MAGIC || header->version != IMAGE_VERSION || header->header_bytes != sizeof(*header) ||
        header->bytes != file_bytes)
        return -EPROTO;
    if (!sections_fit(header))
        return -EBADMSG;
    image_point(image);
    if (!strings_fit(image) || !targets_fit(&image->targets, header) || !ports_fit(image) || !hops_fit(image) ||
        !names_fit(image) || !pairs_fit(image) || !attributions_fit(&image->attributions) ||
        !settings_fit(image->settings) || !catalogue_fits(&image->catalogue))
        return -EBADMSG;
    return 0;
}

int image_map(int fd, struct image *ret_image)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || status.st_size < (off_t)sizeof(struct image_header))
        return -EPROTO;
    // MAP_PRIVATE: a shared mapping of a memfd sealed against writing is refused by kernels before 6.7, even a
    // read-only one. The pages are the same.
    void *mapped = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED)
        return -errno;
    struct image image = {.header = mapped};
    int error = image_check(&image, (uint64_t)status.st_size);
    if (error != 0) {
        (void)munmap(mapped, (size_t)status.st_size);
        return error;
    }
    *ret_image = image;
    return 0;
}

void image_unmap(struct image *image)
{
    if (image->header != NULL)
        (void)munmap((void *)(uintptr_t)image->header, (size_t)image->header->bytes);
    *image = (struct image){0};
}
