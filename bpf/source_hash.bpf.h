/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where in the tables of rules a source is looked for. The same in Swift (SourceKey, Prefix.gate6Class); scripts/bench includes
 * this for the host.
 */
#ifndef SLUICE_SOURCE_HASH_BPF_H
#define SLUICE_SOURCE_HASH_BPF_H

#include "flows.bpf.h"

/*
 * Of a prefix's first address and its length. Multiply-shift (M. Dietzfelbinger et al., J. Algorithms 25, 1997), with random
 * words drawn at load, so that nobody can choose addresses that crowd; the second multiplication spreads what runs of
 * addresses leave regular.
 */
INLINE __u64 source_hash4(__be32 addr, __u32 length, const volatile __u32 *keys)
{
	__u64 value = (__u64)(32 - length) << 32 | addr;
	__u64 hash = ((__u64)keys[0] << 32 | keys[1] | 1) * value + ((__u64)keys[2] << 32 | keys[3]);

	return (hash ^ hash >> 32) * 0xbf58476d1ce4e5b9ULL;
}

INLINE __u64 source_hash6(const __be32 *addr, __u32 length, const volatile __u32 *keys)
{
	return flow_mix(flow_pair(addr[0], keys[0], addr[1], keys[1]) + flow_pair(addr[2], keys[2], addr[3], keys[3]) +
			flow_pair(length, keys[4], 0, keys[5]));
}

/* 32 of the IPv6 hash's bits, which stand in a rule's last word. */
INLINE __u32 source_tag6(__u64 hash)
{
	return hash ^ hash >> 32;
}

/* The line at whose begin a search for a rule begins. */
INLINE __u32 source_home(__u64 hash, __u32 lines)
{
	return (hash >> 32) * lines >> 32;
}

/* Class of an IPv6 prefix, by its first 32 or 48 bits (`bits` is the second word, cut to 0 or 16 bits). */
INLINE __u32 gate6_index(__u32 first, __u32 bits)
{
	return ((__u64)(first * 0x9e3779b1U ^ bits * 0x85ebca6bU) * 0xc2b2ae35U >> 16) & (GATE6_SIZE - 1);
}

#endif /* SLUICE_SOURCE_HASH_BPF_H */
