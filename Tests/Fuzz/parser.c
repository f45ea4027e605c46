// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A libFuzzer target: every input is a frame, read by the data plane's parser, compiled for this machine, and by a plain
 * reference. What they make of it must be equal; then the frame is counted in a small flow table, and no packet may be
 * missing from it. If it is a SYN, the answer to it is read by the reference, too. AddressSanitizer sees reads beyond the frame, UBSan undefined arithmetic.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../bpf/answer.bpf.h"
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

/* The sum of 16-bit words in network order, which is 0xffff where the checksum is right (RFC 1071). */
static uint32_t sum(const uint8_t *bytes, size_t length, uint32_t more)
{
	for (size_t at = 0; at + 1 < length; at += 2)
		more += bytes[at] << 8 | bytes[at + 1];
	while (more >> 16)
		more = (more & 0xffff) + (more >> 16);
	return more;
}

/* What a SYN is answered with: a SYN-ACK from whom it went to, and the reset of it is taken for a proof. */
static void answer(const uint8_t *frame, struct packet *packet, const struct reference *question)
{
	static const __u64 key[2] = { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL };
	__u64 now = packets * 1000000007ULL, slot = 1ULL << COOKIE_SLOT_SHIFT;
	size_t length = answer_length(packet), size = length < ANSWER_LEAST ? ANSWER_LEAST : length;
	uint32_t number = cookie_number(packet, now, key), own = bpf_ntohl(packet->sequence);
	size_t tcp = packet->network + (packet->family == 4 ? 20 : 40), addresses = packet->family == 4 ? 8 : 32;
	struct reference flow;
	/* Its own block of memory, so that AddressSanitizer sees its end. */
	uint8_t *copy = malloc(size);
	int is_group = frame[0] & 1;

	expect(copy != NULL, "memory");
	memset(copy, 0xa5, size);
	memcpy(copy, frame, packet->network);
	expect(answer_write(copy, copy + size, packet, number) == !is_group, "whether it is answered");
	expect(own - number - 1 < 65536, "the acknowledged number lies a little below the SYN's");
	if (!is_group) {
		expect(reference_read(copy, size, &flow) == READ_FLOW, "an answer is no flow");
		expect(!memcmp(flow.source, question->destination, 16) &&
			       !memcmp(flow.destination, question->source, 16),
		       "addresses of the answer");
		expect(flow.source_port == question->destination_port && flow.destination_port == question->source_port,
		       "ports of the answer");
		expect(flow.protocol == 6 && flow.tcp_flags == 0x12 && !flow.is_fragment, "flags of the answer");
		expect(packet->family != 4 || sum(copy + packet->network, 20, 0) == 0xffff, "IPv4 checksum");
		expect(sum(copy + tcp, 20, sum(copy + tcp - addresses, addresses, 26)) == 0xffff, "TCP checksum");
		for (size_t at = length; at < size; at++)
			expect(!copy[at], "what fills up the answer is zero");
	}
	packet->sequence = bpf_htonl(number);
	expect(cookie_returns(packet, now, key) && cookie_returns(packet, now + slot, key), "a reset proves");
	expect(!cookie_returns(packet, now + 2 * slot, key) || cookie(packet, (now >> COOKIE_SLOT_SHIFT) + 2, key) ==
								       cookie(packet, now >> COOKIE_SLOT_SHIFT, key),
	       "a reset proves too late");
	free(copy);
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
	if (packet.protocol == PROTO_TCP && (packet.tcp_flags & 0x16) == 2 && !packet.fragment)
		answer(frame, &packet, &flow);
	return 0;
}
