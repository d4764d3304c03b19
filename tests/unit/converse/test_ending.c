// SPDX-License-Identifier: BSD-3-Clause
// What a record says besides what a host said, and that no host keeps it from saying so.
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/converse/ending.h"
#include "probes/packet/suspect.h"

struct scene {
    struct image_header header;
    struct image image;
    struct sink sink;
    struct journal journal;
    struct batch *batch;
    struct ending_means means;
    uint64_t counters[CONTROL_COUNTER_COUNT];
};

static void scene_init(struct scene *scene)
{
    static const struct attribution_edge edges[] = {{0, 0}};
    static const struct attribution items[1];
    uint64_t cut;
    memset(scene, 0, sizeof(*scene));
    scene->image = (struct image){.header = &scene->header,
                                  .settings = &scene->header.settings,
                                  .strings = "",
                                  .string_bytes = 1,
                                  .attributions = {.edges = edges, .edge_count = 1, .items = items, .item_count = 1}};
    cr_assert_eq(sink_init(&scene->sink, memfd_create("records", MFD_CLOEXEC), &cut), 0);
    cr_assert_eq(journal_init(&scene->journal, memfd_create("journal", MFD_CLOEXEC), 1, false), 0);
    scene->batch = batch_new(&scene->sink, &scene->journal, scene->counters);
    scene->means = (struct ending_means){
        .image = &scene->image,
        .classifier = classifier_new(&scene->image.catalogue, "", 1),
        .batch = scene->batch,
        .counters = scene->counters,
    };
    cr_assert(scene->batch != NULL && scene->means.classifier != NULL);
}

static void scene_fini(struct scene *scene)
{
    classifier_free(scene->means.classifier);
    batch_free(scene->batch);
    close(scene->sink.fd);
    close(scene->journal.fd);
    sink_fini(&scene->sink);
    journal_fini(&scene->journal);
}

Test(ending, a_host_that_has_filled_its_room_is_suspect_all_the_same)
{
    struct scene scene;
    struct observation observation;
    const struct target target = {.address = 0x0a000001, .port = 80, .suspect = SUSPECT_ZERO_WINDOW};
    char page[500];
    scene_init(&scene);
    observation_init(&observation);
    memset(page, 'p', sizeof(page));
    for (size_t length = sizeof(page); length > 0; length /= 2)
        do
            learn_text(&observation, FIELD(http, location), page, length);
        while (!observation.http->cut.location);
    const struct ending ending = {.target = &target, .observation = &observation, .outcome = OUTCOME_PARTIAL};
    ending_record(&scene.means, &ending);
    cr_assert(list_has(&observation.root->suspect, "zero-window"));
    cr_assert_not(observation.root->cut.suspect);
    cr_assert_eq(scene.counters[CONTROL_RECORDS_LOST], 0);
    observation_fini(&observation);
    scene_fini(&scene);
}

Test(ending, a_banner_that_is_left_out_is_not_said_to_be_cut)
{
    struct scene scene;
    struct observation observation;
    const struct target target = {.address = 0x0a000001, .port = 80};
    char banner[300];
    scene_init(&scene);
    observation_init(&observation);
    memset(banner, 'b', sizeof(banner));
    learn_constant(&observation, FIELD(root, service), "http");
    learn_text(&observation, FIELD(root, banner), banner, sizeof(banner));
    const struct ending ending = {.target = &target, .observation = &observation, .outcome = OUTCOME_COMPLETE};
    ending_record(&scene.means, &ending);
    cr_assert_not(observation.root->known.banner);
    cr_assert_not(observation.root->cut.banner);
    observation_fini(&observation);
    scene_fini(&scene);
}
