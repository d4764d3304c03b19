// SPDX-License-Identifier: BSD-3-Clause
// run FILE|FOLDER...: plays dialogues, those of a folder all. Says which are wrong, where and how.

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/dialogues/check.h"

struct tally {
    struct session_env *env;
    struct session_env *matrix_env;
    size_t dialogues;
    size_t wrong;
    size_t runs;
};

// The environment of those like it, or one of its own.
static struct session_env *env_of(const struct tally *tally, const struct script *script)
{
    const struct session_env_settings own = {.user_agent = script_agent,
                                             .tls_matrix = script->tls_matrix,
                                             .http_path = script->path,
                                             .http_headers = script->keeps};
    if (script->path != NULL || script->keeps != NULL)
        return session_env_new(&own);
    return script->tls_matrix ? tally->matrix_env : tally->env;
}

static void file_run(struct tally *tally, const char *file)
{
    struct script script;
    struct checked checked = {.problem = NULL};
    tally->dialogues++;
    struct session_env *env = NULL;
    if (script_load(&script, file) == 0 && (env = env_of(tally, &script)) != NULL)
        checked = check_script(&script, env);
    if (env != tally->env && env != tally->matrix_env)
        session_env_free(env);
    const char *problem = script.problem[0] != '\0' ? script.problem : checked.problem;
    if (problem != NULL) {
        tally->wrong++;
        fprintf(stderr, "%s\n", problem);
    }
    tally->runs += checked.runs;
    free(checked.problem);
    script_fini(&script);
}

// Hidden files, those that are no dialogues, and what editors leave behind.
static int is_dialogue(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return name[0] != '.' && strcmp(name, "phrases") != 0 && name[strlen(name) - 1] != '~';
}

static void path_run(struct tally *tally, const char *path);

static void folder_run(struct tally *tally, const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_dialogue, alphasort);
    for (int i = 0; i < count; i++) {
        char path[4096];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        path_run(tally, path);
        free(entries[i]);
    }
    free(entries);
}

static void path_run(struct tally *tally, const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        folder_run(tally, path);
    else
        file_run(tally, path);
}

int main(int argc, char **argv)
{
    const struct session_env_settings settings = {.user_agent = script_agent};
    const struct session_env_settings matrix = {.user_agent = script_agent, .tls_matrix = true};
    struct tally tally = {.env = session_env_new(&settings), .matrix_env = session_env_new(&matrix)};
    if (argc < 2 || tally.env == NULL || tally.matrix_env == NULL) {
        fputs("usage: run FILE|FOLDER...\n", stderr);
        session_env_free(tally.env);
        session_env_free(tally.matrix_env);
        return 2;
    }
    for (int i = 1; i < argc; i++)
        path_run(&tally, argv[i]);
    session_env_free(tally.env);
    session_env_free(tally.matrix_env);
    printf("%zu dialogues played %zu times, %zu wrong\n", tally.dialogues, tally.runs, tally.wrong);
    return tally.wrong == 0 && tally.dialogues > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
