/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is known of packets that found no place in the flow table: a count-min sketch by destination.
 *
 * G. Cormode, S. Muthukrishnan, J. Algorithms 55 (2005): four rows of 4,096 counters. An estimate is never too low; with
 * probability 1 - e^-4 = 98 % it is too high by at most e / 4096 = 0.07 % of all packets aside. The agent reads it with
 * the same hash (Sources/Traffic/AsideSketch.swift; a test holds the two together).
 *
 *   hash of an address:  63..48 column in row 3 | 47..32 row 2 | 31..16 row 1 | 15..0 row 0   (low 12 bits of each)
 */
#ifndef SLUICE_SKETCH_BPF_H
#define SLUICE_SKETCH_BPF_H

#include "flows.bpf.h"

/*
 * Multiply-shift (M. Dietzfelbinger et al., J. Algorithms 25, 1997) with the random odd multiplier `seed`; folded, so that
 * the rows in the lower half know all of the address too. An IPv4 address is taken as the low half of its mapped one.
 */
INLINE __u64 sketch_hash(const __be32 *address, __u8 family, __u64 seed)
{
	__u64 x = 0xffff00000000ULL | bpf_ntohl(address[3]);

	if (unlikely(family == 6)) {
		x = (__u64)bpf_ntohl(address[2]) << 32 | bpf_ntohl(address[3]);
		x ^= flow_mix(seed ^ ((__u64)bpf_ntohl(address[0]) << 32 | bpf_ntohl(address[1])));
	}
	x *= seed | 1;
	return x ^ x >> 32;
}

INLINE void sketch_add(struct flow_sketch *sketch, const __be32 *daddr, __u8 family, __u64 seed, __u32 packets)
{
	__u64 hash = sketch_hash(daddr, family, seed);
	__u32 row;

#pragma unroll
	for (row = 0; row < SKETCH_ROWS; row++)
		sketch->packets[row][hash >> (16 * row) & (SKETCH_WIDTH - 1)] += packets;
}

#endif /* SLUICE_SKETCH_BPF_H */
