// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a Windows file server, or Samba, negotiates before any login (MS-SMB2 2.2.4, MS-CIFS 2.2.4.52).

#include "probes/observation/field.h"

#define SMB_FIELDS(X, P)                                                                                               \
    X(P, TEXT, dialect, 15, "newest dialect of SMB 2 and 3 that it chose: 2.0.2, 2.1, 3.0, 3.0.2, 3.1.1")              \
    X(P, FLAG, smb1, 0, "it speaks SMB 1 too, NT LM 0.12")                                                             \
    X(P, FLAG, signing_required, 0, "messages have to be signed")                                                      \
    X(P, TEXT, encryption, 15, "cipher that it chose in 3.1.1")                                                        \
    X(P, TEXT, guid, 32, "its own GUID as it came, hexadecimal: the same on all of its addresses")                     \
    X(P, TIME, system_time, 0, "its clock")                                                                            \
    X(P, TIME, start_time, 0, "when it was started, where it says so")                                                 \
    X(P, TEXT, status, 10, "NTSTATUS of an error in place of a dialect")

PART_STRUCT(smb, SMB_FIELDS)
