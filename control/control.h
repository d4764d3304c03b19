// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// sonde-control: the unprivileged process that goes on with what the dataplane's probes opened. Started by `sonde scan`
// with descriptors only; it opens no file.
//
//   sonde-control --image FD --up FD --down FD --records FD --journal FD --geometry W,L,V,S,R --user UID:GID
//   [--intel FD] [--resume [--died]]
//
//   --image     the sealed plan image (config/image/image.h), readable
//   --up        the channel's first part, read-only; --down its second part, read-write (dataplane/channel/channel.h)
//   --records   where records go. A regular file must be open for reading and writing, without O_APPEND: it is cut
//   after
//               its last whole record, and written from there. Anything else (a pipe, a terminal) is only written to.
//   --journal   a regular file or memfd open for reading and writing, without O_APPEND (control/store/journal.h)
//   --intel     an intel image (control/classify/intel.h), readable; without it records say that vulnerabilities were
//   not
//               evaluated
//   --geometry  workers, lanes, and slots of the verdict, segment and request rings: struct channel_geometry
//   --user      numbers of the user and group to become, before anything is read; needs root. Without root it stays
//               who it is.
//   --resume    go on from the journal: what it holds and the records do not is asked again. Without it the journal is
//               emptied first. The channel may be the one that an earlier control used, or a fresh one.
//   --died      with --resume, and the same channel: the control before did not end by itself. What it was asking gets
//   a
//               strike, and with the second a record instead of a third question (control/converse/resume.h).
//
// Standard output is never written (unless it is --records); standard error gets one line when something fails. Status
// 0: the scan is over (phase CHANNEL_COOLED, everything recorded), or SIGTERM came and what was open is recorded. 1: it
// could not start, or the dataplane's heartbeat stopped for more than 2 s. 2: a wrong command line. SIGINT is ignored,
// so that Ctrl-C reaches `sonde scan` alone. The parent's death counts as SIGTERM (Linux: the death of the parent's
// thread that started us).

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dataplane/channel/channel.h"

struct control_options {
    int image_fd;
    int intel_fd; // -1: none
    int up_fd;
    int down_fd;
    int records_fd;
    int journal_fd;
    struct channel_geometry geometry;
    uid_t user;
    gid_t group;
    bool resume;
    bool died;
};

// Reads the command line. Returns 0, or -EINVAL after a line on standard error.
int control_options_read(int argc, char **argv, struct control_options *ret_options);

// Runs until the scan is over. Returns the process's exit status. sandbox: whether privileges are dropped and system
// calls restricted for good (tests that run control as a thread of their own say no).
int control_run(const struct control_options *options, bool sandbox);
