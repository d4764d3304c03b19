// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/programs.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sonde_build.h"

// The folder that argv[0] names, symbolic links unresolved: a folder of links to programs is a set of programs.
static int folder_called(const char *sonde_path, char ret_folder[static PATH_MAX])
{
    char path[PATH_MAX];
    if (strchr(sonde_path, '/') == NULL || snprintf(path, sizeof(path), "%s", sonde_path) >= (int)sizeof(path))
        return -ENOENT;
    snprintf(ret_folder, PATH_MAX, "%s", dirname(path));
    return 0;
}

static int folder_running(char ret_folder[static PATH_MAX])
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (length < 0)
        return -errno;
    path[length] = '\0';
    snprintf(ret_folder, PATH_MAX, "%s", dirname(path));
    return 0;
}

// Tries folder/place/name for each place. Returns 0 or -ENOENT.
static int folder_search(const char *folder, const char *const *places, const char *name,
                         char ret_path[static PATH_MAX])
{
    for (size_t i = 0; places[i] != NULL; i++) {
        char path[PATH_MAX];
        int length = snprintf(path, sizeof(path), "%s/%s%s", folder, places[i], name);
        if (length >= (int)sizeof(path) || access(path, X_OK) != 0)
            continue;
        memcpy(ret_path, path, (size_t)length + 1);
        return 0;
    }
    return -ENOENT;
}

int program_find(const char *sonde_path, const char *name, char ret_path[static PATH_MAX])
{
    // Beside it, then where meson puts the others, seen from control/command/.
    static const char *const places[] = {"", "../", "../../dataplane/", "../../tools/bench/", "../../tools/", NULL};
    char folder[PATH_MAX];
    if (folder_called(sonde_path, folder) == 0 && folder_search(folder, places, name, ret_path) == 0)
        return 0;
    if (folder_running(folder) == 0 && folder_search(folder, places, name, ret_path) == 0)
        return 0;
    snprintf(ret_path, PATH_MAX, "%s/%s", SONDE_LIBEXEC, name);
    return access(ret_path, X_OK) == 0 ? 0 : -ENOENT;
}

int catalogues_find(const char *sonde_path, char ret_path[static PATH_MAX])
{
    char folder[PATH_MAX];
    char probe[PATH_MAX];
    for (int called = 1; called >= 0; called--) {
        int error = called == 1 ? folder_called(sonde_path, folder) : folder_running(folder);
        if (error != 0 || snprintf(probe, sizeof(probe), "%s/services.json", folder) >= (int)sizeof(probe))
            continue;
        if (access(probe, R_OK) != 0)
            continue;
        memcpy(ret_path, folder, strlen(folder) + 1);
        return 0;
    }
    snprintf(ret_path, PATH_MAX, "%s", SONDE_DATA);
    return access(SONDE_DATA "/services.json", R_OK) == 0 ? 0 : -ENOENT;
}
