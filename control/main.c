// SPDX-License-Identifier: BSD-3-Clause
#include "control/control.h"

int main(int argc, char **argv)
{
    struct control_options options;
    return control_options_read(argc, argv, &options) == 0 ? control_run(&options, true) : 2;
}
