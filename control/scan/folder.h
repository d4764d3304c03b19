// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A folder that root writes to, held open: what happens to its name, and to the names in it, leads nowhere else. Only a
// folder that belongs to us or to root, and that nobody else may write to, is taken; every file in it is opened by its
// name in that folder, never through a link.

#include <stdbool.h>
#include <sys/types.h>

// mkdir -p with mode 0755, or less by the umask. *ret_made: whether the last folder is new. Returns 0 or -errno.
int folder_make(const char *path, bool *ret_made);

// Opens a folder for as long as it is needed. Links in path are the caller's to choose. Returns 0, or -errno with a
// line in message: -EACCES for a folder that is somebody else's, or that others may write to.
int folder_open(const char *path, int *ret_fd, char message[static 512]);

// A new file for reading and writing; what has the name already is removed (a link itself, not what it leads to).
// Returns 0 or -errno.
int folder_file_new(int folder_fd, const char *name, mode_t mode, int *ret_fd);

// A file that is there, for reading and, when `write` says so, writing. Returns 0, or -errno: -ELOOP for a link, -EPERM
// for what is no plain file, is somebody else's, or has another name somewhere.
int folder_file_open(int folder_fd, const char *name, bool write, int *ret_fd);

// Gives a whole file its name, durably, in place of what has it. Returns 0 or -errno.
int folder_file_settle(int folder_fd, int fd, const char *part, const char *name);
