// SPDX-License-Identifier: BSD-3-Clause
#include "control/control.h"

#if defined(__SANITIZE_ADDRESS__)
// The search for leaks needs threads and ptrace at the end, which the sandbox refuses.
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

int main(int argc, char **argv)
{
    struct control_options options;
    return control_options_read(argc, argv, &options) == 0 ? control_run(&options, true) : 2;
}
