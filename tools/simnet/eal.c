// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/eal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_eal.h>

enum { ARGUMENTS_MAX = 16, ARGUMENT_BYTES = 512 };

struct arguments {
    char texts[ARGUMENTS_MAX][ARGUMENT_BYTES];
    char *argv[ARGUMENTS_MAX + 1];
    int count;
    bool too_long;
};

static void __attribute__((format(printf, 2, 3))) argument_add(struct arguments *arguments, const char *format, ...)
{
    char *text = arguments->texts[arguments->count];
    va_list values;
    va_start(values, format);
    arguments->too_long |= vsnprintf(text, ARGUMENT_BYTES, format, values) >= ARGUMENT_BYTES;
    va_end(values);
    arguments->argv[arguments->count++] = text;
}

static bool hugepages_free(unsigned wanted)
{
    unsigned pages = 0;
    FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
    if (file == NULL)
        return false;
    if (fscanf(file, "%u", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages >= wanted;
}

int eal_start(const struct eal_setup *setup)
{
    // EAL keeps the strings and reorders the pointers, for as long as the process lives.
    static struct arguments arguments;
    argument_add(&arguments, "%s", setup->program);
    argument_add(&arguments, "-l%s", setup->lcores);
    if (setup->main_lcore >= 0)
        argument_add(&arguments, "--main-lcore=%d", setup->main_lcore);
    argument_add(&arguments, "--file-prefix=%s%d", setup->program, (int)getpid());
    argument_add(&arguments, "--no-pci");
    argument_add(&arguments, "--no-telemetry");
    argument_add(&arguments, "--log-level=%s", setup->log_level == NULL ? "error" : setup->log_level);
    if (setup->hugepages > 0 && hugepages_free(setup->hugepages)) {
        argument_add(&arguments, "--in-memory");
    } else {
        argument_add(&arguments, "--no-huge");
        argument_add(&arguments, "--no-shconf");
        argument_add(&arguments, "-m%u", setup->memory_mb);
    }
    for (int i = 0; i < EAL_MORE_MAX && setup->more[i] != NULL; i++)
        argument_add(&arguments, "%s", setup->more[i]);
    if (arguments.too_long)
        return -EINVAL;
    return rte_eal_init(arguments.count, arguments.argv) < 0 ? -EIO : 0;
}

void eal_stop(void)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof(folder), "%s", rte_eal_get_runtime_dir());
    (void)rte_eal_cleanup();
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
        (void)unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries != NULL)
        closedir(entries);
    (void)rmdir(folder);
}
