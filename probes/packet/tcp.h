// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The flags of a TCP header, byte 13 (RFC 9293 section 3.1).

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };
