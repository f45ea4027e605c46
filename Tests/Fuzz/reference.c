// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The parser's rules once more, written from docs/dataplane.md and not from the code: byte by byte, with lengths instead
 * of pointers, and nothing shared with bpf/.
 */
#include "reference.h"

#include <string.h>

static unsigned pair(const uint8_t *bytes)
{
	return bytes[0] * 256u + bytes[1];
}

static void read_transport(const uint8_t *bytes, size_t length, struct reference *flow)
{
	unsigned protocol = flow->protocol;
	int has_ports = protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;

	if (has_ports && length >= 4) {
		flow->source_port = pair(bytes);
		flow->destination_port = pair(bytes + 2);
	}
	if ((protocol == 1 || protocol == 58) && length >= 2)
		flow->destination_port = bytes[0] * 256u + bytes[1];
	if (protocol == 6 && length >= 14)
		flow->tcp_flags = bytes[13];
}

static enum reading read_ipv4(const uint8_t *packet, size_t length, struct reference *flow)
{
	size_t header;

	if (length < 20)
		return READ_SHORT;
	if (packet[0] / 16 != 4)
		return READ_VERSION;
	header = packet[0] % 16 * 4u;
	if (header < 20 || header > length)
		return READ_HEADER_LENGTH;
	flow->family = 4;
	memcpy(flow->source + 12, packet + 12, 4);
	memcpy(flow->destination + 12, packet + 16, 4);
	flow->protocol = packet[9];
	/* More fragments, or an offset. */
	flow->is_fragment = packet[6] / 32 % 2 == 1 || pair(packet + 6) % 8192 != 0;
	if (pair(packet + 6) % 8192 == 0)
		read_transport(packet + header, length - header, flow);
	return READ_FLOW;
}

static enum reading read_ipv6(const uint8_t *packet, size_t length, struct reference *flow)
{
	size_t at = 40;
	unsigned next, headers = 0;

	if (length < 40)
		return READ_SHORT;
	if (packet[0] / 16 != 6)
		return READ_VERSION;
	flow->family = 6;
	memcpy(flow->source, packet + 8, 16);
	memcpy(flow->destination, packet + 24, 16);
	next = packet[6];
	while (next == 0 || next == 43 || next == 44 || next == 51 || next == 60) {
		size_t size;

		/* Not looked into any further: a flow of the next header's number, without ports. */
		if (++headers > 8) {
			flow->protocol = next;
			return READ_FLOW;
		}
		if (length - at < 8)
			return READ_EXTENSION;
		if (next == 44) {
			flow->is_fragment = 1;
			if (pair(packet + at + 2) / 8 != 0) {
				flow->protocol = packet[at];
				return READ_FLOW;
			}
			size = 8;
		} else if (next == 51) {
			size = packet[at + 1] * 4u + 8;
		} else {
			size = packet[at + 1] * 8u + 8;
		}
		if (length - at < size)
			return READ_EXTENSION;
		next = packet[at];
		at += size;
	}
	flow->protocol = next;
	read_transport(packet + at, length - at, flow);
	return READ_FLOW;
}

enum reading reference_read(const uint8_t *frame, size_t length, struct reference *flow)
{
	size_t at = 12, tags = 0;
	unsigned type;

	memset(flow, 0, sizeof(*flow));
	if (length < 14)
		return READ_OTHER;
	type = pair(frame + at);
	while (tags < 2 && (type == 0x8100 || type == 0x88a8 || type == 0x9100)) {
		at += 4;
		tags += 1;
		if (length < at + 2)
			return READ_OTHER;
		type = pair(frame + at);
	}
	at += 2;
	if (type == 0x0800)
		return read_ipv4(frame + at, length - at, flow);
	if (type == 0x86dd)
		return read_ipv6(frame + at, length - at, flow);
	return READ_OTHER;
}
