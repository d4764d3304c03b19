// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/findings.h"

#include <string.h>

const char *const severity_names[SEVERITIES] = {"info", "low", "medium", "high", "critical"};

int findings_load(const struct catalogue_places *places, struct findings *ret_findings, struct complaint *ret_complaint)
{
    const struct catalogue_reading reading = {
        .places = places, .storage = &ret_findings->storage, .strings = &ret_findings->strings};
    *ret_findings = (struct findings){0};
    int error = string_table_init(&ret_findings->strings);
    if (error == 0)
        return catalogue_files_read(&reading, CATALOGUE_FINDINGS, ret_complaint);
    (void)snprintf(ret_complaint->text, sizeof(ret_complaint->text), "%s", strerror(-error));
    return error;
}

void findings_fini(struct findings *findings)
{
    catalogue_storage_fini(&findings->storage);
    string_table_fini(&findings->strings);
}

const char *findings_string(const struct findings *findings, uint32_t offset)
{
    return findings->strings.bytes + offset;
}

const struct catalogue_finding *findings_find(const struct findings *findings, const char *id, size_t length)
{
    for (size_t i = 0; i < findings->storage.finding_count; i++) {
        const char *name = findings_string(findings, findings->storage.findings[i].id);
        if (strlen(name) == length && memcmp(name, id, length) == 0)
            return &findings->storage.findings[i];
    }
    return NULL;
}
