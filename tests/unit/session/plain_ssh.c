// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/session/plain_ssh.h"

#include <errno.h>

#include "probes/protocol/ssh/ssh_kex.h"

bool ssh_plain;

// The names are the linker's.
int __real_ssh_kex_finish(struct ssh_kex *kex, const struct buffer *payload, struct observation *observation);
int __real_ssh_kex_start_out(const struct ssh_kex *kex, struct ssh_transport *transport);
int __real_ssh_kex_start_in(const struct ssh_kex *kex, struct ssh_transport *transport);
int __wrap_ssh_kex_finish(struct ssh_kex *kex, const struct buffer *payload, struct observation *observation);
int __wrap_ssh_kex_start_out(const struct ssh_kex *kex, struct ssh_transport *transport);
int __wrap_ssh_kex_start_in(const struct ssh_kex *kex, struct ssh_transport *transport);

int __wrap_ssh_kex_finish(struct ssh_kex *kex, const struct buffer *payload, struct observation *observation)
{
    return ssh_plain ? 0 : __real_ssh_kex_finish(kex, payload, observation);
}

// What is compressed stays so: to inflate is to parse.
static int start_plain(struct ssh_direction *direction, const struct ssh_suite *suite, bool out)
{
    direction->zlib = suite->zlib ? ssh_zlib_new(out) : NULL;
    return suite->zlib && direction->zlib == NULL ? -ENOMEM : 0;
}

int __wrap_ssh_kex_start_out(const struct ssh_kex *kex, struct ssh_transport *transport)
{
    return ssh_plain ? start_plain(&transport->out, &kex->choice.out, true) : __real_ssh_kex_start_out(kex, transport);
}

int __wrap_ssh_kex_start_in(const struct ssh_kex *kex, struct ssh_transport *transport)
{
    return ssh_plain ? start_plain(&transport->in, &kex->choice.in, false) : __real_ssh_kex_start_in(kex, transport);
}
