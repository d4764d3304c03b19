// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Random bytes that are the same every time: OpenSSL takes them from here.

void random_repeat(void);
