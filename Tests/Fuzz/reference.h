/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stddef.h>
#include <stdint.h>

/* What a frame is to be counted as, by docs/dataplane.md, in its order. */
enum reading { READ_FLOW, READ_OTHER, READ_SHORT, READ_VERSION, READ_HEADER_LENGTH, READ_EXTENSION };

/* The flow of a frame; ports in host order, an IPv4 address in the last four bytes. */
struct reference {
	uint8_t source[16];
	uint8_t destination[16];
	unsigned family;
	unsigned protocol;
	unsigned source_port;
	unsigned destination_port;
	unsigned tcp_flags;
	unsigned is_fragment;
};

/* Reads a frame as plainly as it can be done. Fills `flow` for READ_FLOW. */
enum reading reference_read(const uint8_t *frame, size_t length, struct reference *flow);

#endif /* REFERENCE_H */
