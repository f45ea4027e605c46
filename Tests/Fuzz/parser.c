// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A libFuzzer target: every input is a frame, read by the data plane's parser, compiled for this machine, and by a plain
 * reference. What they make of it must be equal; then the frame is counted in a small flow table, and no packet may be
 * missing from it. AddressSanitizer sees reads beyond the frame, UBSan undefined arithmetic.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../bpf/parse.bpf.h"
#include "../../bpf/flows.bpf.h"
#include "../../bpf/sketch.bpf.h"
#include "reference.h"

#define SETS 4

static const enum frame_kind kinds[] = {
	[READ_FLOW] = FRAME_FLOW,
	[READ_OTHER] = FRAME_OTHER,
	[READ_SHORT] = FRAME_SHORT,
	[READ_VERSION] = FRAME_VERSION,
	[READ_HEADER_LENGTH] = FRAME_HEADER_LENGTH,
	[READ_EXTENSION] = FRAME_EXTENSION,
};

static _Alignas(64) struct flow_set sets[SETS];
static struct flow_sketch sketch;
static __u64 packets, packets_aside;

static void expect(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "parser and reference differ: %s\n", what);
	abort();
}

static void compare(const struct packet *packet, const struct reference *flow)
{
	expect(!memcmp(packet->saddr, flow->source, 16), "source address");
	expect(!memcmp(packet->daddr, flow->destination, 16), "destination address");
	expect(packet->family == flow->family, "family");
	expect(packet->protocol == flow->protocol, "protocol");
	expect(bpf_ntohs(packet->sport) == flow->source_port, "source port");
	expect(bpf_ntohs(packet->dport) == flow->destination_port, "destination port");
	expect(packet->tcp_flags == flow->tcp_flags, "TCP flags");
	expect(packet->fragment == flow->is_fragment, "fragment");
}

static void add_aside(const __be32 *daddr, __u8 family, __u32 count)
{
	sketch_add(&sketch, daddr, family, 0x9e3779b97f4a7c15ULL, count);
	packets_aside += count;
}

static void count(struct packet *packet)
{
	static const __u32 keys[HASH_KEYS] = { 1, 2, 3, 5, 8, 13, 21, 34, 55, 89 };
	__u64 hash = flow_hash(packet, keys), in_entries = 0;
	struct flow_lost lost;
	__u32 way;

	switch (flow_count(&sets[flow_set_index(hash, SETS)], packet, hash, packets, &way, &lost)) {
	case FLOW_COUNTED: break;
	case FLOW_ASIDE: add_aside(packet->daddr, packet->family, 1); break;
	case FLOW_EVICTED: add_aside(lost.daddr, lost.family, lost.packets); break;
	}
	packets++;
	for (int set = 0; set < SETS; set++)
		for (int way = 0; way < FLOW_WAYS; way++)
			in_entries += flow_age(&sets[set], way) ? sets[set].entries[way].packets : 0;
	expect(in_entries + packets_aside == packets, "packets in entries and aside");
}

int LLVMFuzzerTestOneInput(const uint8_t *frame, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *frame, size_t length)
{
	struct reference flow;
	struct packet packet;
	enum reading reading = reference_read(frame, length, &flow);
	enum frame_kind kind = parse_frame((void *)frame, (void *)(frame + length), &packet);

	expect(kind == kinds[reading], "kind of frame");
	if (kind != FRAME_FLOW)
		return 0;
	compare(&packet, &flow);
	packet.length = length;
	packet.count = 1;
	count(&packet);
	return 0;
}
