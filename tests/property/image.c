// SPDX-License-Identifier: BSD-3-Clause
// A real plan image, damaged: refused, or safe to look anything up in and to classify with (run under ASan and UBSan).

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/plan/plan.h"
#include "control/classify/classify.h"

enum { DAMAGES = 4000 };

static const char plan_text[] = "{\"targets\":[\"10.0.0.0/28\"],\"services\":[\"ssh\",\"https\"],"
                                "\"allow_reserved\":[\"private-use\"]}";

// xorshift64: the same damage every time.
static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 16) % limit;
}

static int image_make(void)
{
    char path[64];
    struct plan *plan;
    struct complaint complaint = {""};
    int fd = memfd_create("plan", MFD_CLOEXEC);
    int made = memfd_create("image", MFD_CLOEXEC);
    const struct plan_runtime runtime = {.scan = "damage", .source_address = 1, .lanes = 1, .workers = 1};
    const struct plan_files files = {
        .plan = path, .catalogues = SONDE_TEST_SOURCE_ROOT "/config", .exclusions = "/nonexistent"};
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (fd < 0 || made < 0 || write(fd, plan_text, sizeof(plan_text) - 1) != (ssize_t)sizeof(plan_text) - 1)
        return -1;
    if (plan_load(&files, PLAN_NEED_TARGETS, &plan, &complaint) != 0) {
        fprintf(stderr, "%s\n", complaint.text);
        return -1;
    }
    int error = plan_compile(plan, &runtime, made);
    plan_free(plan);
    (void)close(fd);
    return error == 0 ? made : -1;
}

static void observation_make(struct observation *observation)
{
    observation_init(observation);
    for (size_t i = 0; i < PART_COUNT; i++) {
        for (size_t j = 0; j < parts[i]->field_count; j++) {
            const struct field *field = &parts[i]->fields[j];
            if (field->kind == FIELD_TEXT)
                learn_word(observation, field, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3");
            else if (field->kind == FIELD_LIST)
                learn_names(observation, field, "publickey,password", 18, ',');
            else if (field->kind == FIELD_FLAG)
                learn_flag(observation, field, true);
            else if (field->kind == FIELD_ADDRESS)
                learn_address(observation, field, address_v4(1));
            else if (field->kind != FIELD_ROWS)
                learn_number(observation, field, INT64_C(1) << 40);
        }
    }
}

static volatile size_t letters; // so that no reading is left out

// Everything that a program asks of an image; false when it is refused.
static bool image_ask(int fd)
{
    struct image image;
    struct observation observation;
    if (image_map(fd, &image) != 0)
        return false;
    for (uint32_t port = 0; port < 65536; port += 21) {
        const struct catalogue_service *service = catalogue_find_port(&image.catalogue, (uint16_t)port);
        if (service != NULL)
            letters += strlen(image_string(&image, service->session)) + strlen(image_string(&image, service->inner));
    }
    for (uint64_t address = 0; address < UINT64_C(1) << 32; address += UINT32_C(0x00ffffff))
        letters += strlen(image_string(&image, attribution_find(&image.attributions, (uint32_t)address)->provider));
    letters += strlen(image_string(&image, image.settings->scan));
    struct classifier *classifier = classifier_new(&image.catalogue, image.strings, image.string_bytes);
    observation_make(&observation);
    if (classifier != NULL)
        classify(classifier, &observation, INT64_C(1) << 33);
    observation_fini(&observation);
    classifier_free(classifier);
    image_unmap(&image);
    return classifier != NULL;
}

int main(void)
{
    static const enum image_section sections[] = {IMAGE_STRINGS,    IMAGE_SERVICES, IMAGE_FINDINGS,
                                                  IMAGE_CONDITIONS, IMAGE_PRODUCTS, IMAGE_ATTRIBUTIONS};
    struct image image;
    unsigned taken = 0;
    int fd = image_make();
    if (fd < 0 || image_map(fd, &image) != 0 || !image_ask(fd))
        return EXIT_FAILURE;
    const struct image_header header = *image.header;
    image_unmap(&image);
    for (unsigned i = 0; i < DAMAGES; i++) {
        size_t element = random_below(7);
        uint64_t begin = element == 6 ? 0 : header.sections[sections[element]].offset;
        uint64_t end = header.bytes;
        for (size_t s = 0; s < IMAGE_SECTION_COUNT; s++)
            if (header.sections[s].offset > begin && header.sections[s].offset < end)
                end = header.sections[s].offset;
        off_t at = (off_t)(begin + random_below(end - begin));
        uint8_t before;
        if (pread(fd, &before, 1, at) != 1)
            return EXIT_FAILURE;
        uint8_t damaged = before ^ (uint8_t)(1 << random_below(8));
        if (pwrite(fd, &damaged, 1, at) != 1)
            return EXIT_FAILURE;
        taken += image_ask(fd);
        if (pwrite(fd, &before, 1, at) != 1)
            return EXIT_FAILURE;
    }
    printf("%d damaged images, %u taken\n", DAMAGES, taken);
    (void)close(fd);
    return taken > 0 && image_ask(-1) == false ? EXIT_SUCCESS : EXIT_FAILURE;
}
