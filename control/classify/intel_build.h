// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Makes intel images in memory: the other half of control/classify/intel.h. Who appends to a section appends in the
// order that the header asks for; the maps' directories, the slices and the digest are made here.

#include "control/classify/intel.h"

struct intel_builder;

// NULL without memory.
struct intel_builder *intel_builder_new(void);
void intel_builder_free(struct intel_builder *builder);

// The offset of text, each kept once; a text without memory is "" and the write fails with -ENOMEM.
uint32_t intel_builder_string(struct intel_builder *builder, const char *text);
const char *intel_builder_text(const struct intel_builder *builder, uint32_t offset);

// Appends elements to a section. Returns the index of the first; without memory the write fails.
uint32_t intel_builder_append(struct intel_builder *builder, enum intel_section section, const void *elements,
                              size_t count);

// How many elements a section has, and where they stand until the next append to it.
size_t intel_builder_count(const struct intel_builder *builder, enum intel_section section);
void *intel_builder_elements(const struct intel_builder *builder, enum intel_section section);

// Writes the image to fd, from its beginning, and maps it to check it. Returns 0, -ENOMEM, -EOVERFLOW for too many
// strings, -EBADMSG for what was appended in a wrong order or points nowhere, or -errno.
int intel_builder_write(struct intel_builder *builder, int fd);
