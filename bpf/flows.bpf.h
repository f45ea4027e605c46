/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table: an 8-way set-associative cache, one segment for each generation and CPU, as flow exporters in
 * routers keep it. One CPU writes a segment, with bottom halves off, so nothing here needs a lock or an atomic.
 *
 * A hit touches two cache lines, a miss one or two; there is no allocation and no loop whose length traffic decides.
 *
 * When a set is full, an entry seen once yields to a newcomer at once; one seen more often yields after it has lost
 * eight contests for each step of its age. So a flood of never-repeating flows meets its own entries, not those of
 * conversations. What loses is counted aside: packets in entries + packets aside = packets, in every generation.
 */
#ifndef SLUICE_FLOWS_BPF_H
#define SLUICE_FLOWS_BPF_H

#include "parse.bpf.h"

#define AGE_MAX           15
#define CONTESTS_PER_STEP 8
/* An entry takes no more packets when its bytes, which grow fastest, come near 2^32; no packet adds more than the rest. */
#define ENTRY_FULL (0xffffffffU - (1U << 24))

/* What became of the packet. */
enum flow_result {
	FLOW_COUNTED,
	FLOW_ASIDE,   /* no room: count the packet aside */
	FLOW_EVICTED, /* counted; the entry that stood there was lost: count it aside */
};

/* An entry that was overwritten. */
struct flow_lost {
	__be32 saddr[4];
	__be32 daddr[4];
	__u8 family;
	__u32 packets;
	__u32 bytes;
};

INLINE __u64 flow_mix(__u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* (a + ka) * (b + kb), all of 32 bits, the product of 64. */
INLINE __u64 flow_pair(__u32 a, __u32 ka, __u32 b, __u32 kb)
{
	return (__u64)(__u32)(a + ka) * (__u32)(b + kb);
}

/*
 * NH (J. Black et al., "UMAC", CRYPTO '99), then Stafford's variant 13 of the 64-bit finalizer. NH is universal: who
 * does not know the keys, drawn at load, cannot choose flows that fall into one set more often than chance lets them.
 */
INLINE __u64 flow_hash(const struct packet *p, const volatile __u32 *keys)
{
	__u32 ports = (__u32)p->sport << 16 | p->dport, rest = (__u32)p->family << 8 | p->protocol;
	__u64 hash = flow_pair(p->saddr[3], keys[0], p->daddr[3], keys[1]) + flow_pair(ports, keys[2], rest, keys[3]);

	if (p->family == 6)
		hash += flow_pair(p->saddr[0], keys[4], p->daddr[0], keys[5]) +
			flow_pair(p->saddr[1], keys[6], p->daddr[1], keys[7]) +
			flow_pair(p->saddr[2], keys[8], p->daddr[2], keys[9]);
	return flow_mix(hash);
}

INLINE int flow_is(const struct flow_set *set, __u32 way, const struct packet *p)
{
	const struct flow_entry *entry = &set->entries[way];
	const struct flow_addresses *full = &set->ipv6[way];

	/* All equal but in one case of 2^28: branches that are never taken cost less than merging the differences. */
	if (unlikely(entry->saddr != p->saddr[3]) || unlikely(entry->daddr != p->daddr[3]) ||
	    unlikely(entry->sport != p->sport) || unlikely(entry->dport != p->dport) ||
	    unlikely(entry->protocol != p->protocol) || unlikely(entry->family != p->family))
		return 0;
	if (likely(p->family == 4))
		return 1;
	return full->saddr[0] == p->saddr[0] && full->saddr[1] == p->saddr[1] && full->saddr[2] == p->saddr[2] &&
	       full->daddr[0] == p->daddr[0] && full->daddr[1] == p->daddr[1] && full->daddr[2] == p->daddr[2];
}

INLINE void flow_add(struct flow_entry *entry, const struct packet *p, __u32 now)
{
	__u32 count = p->count, length = p->length;

	/* `count` is above 1 only for GSO packets, whose segments are equal but for the last. */
	if (unlikely(count > 1))
		length /= count;
	entry->packets += count;
	entry->bytes += p->length;
	entry->squared_bytes += (__u64)length * length * count;
	entry->last = now;
	if (length < entry->min_length)
		entry->min_length = length;
	if (length > entry->max_length)
		entry->max_length = length > 0xffff ? 0xffff : length;
	if (unlikely(p->fragment) && entry->fragments < 0xffff)
		entry->fragments++;
	if (p->protocol == PROTO_TCP) {
		__u32 flags = p->tcp_flags, syn = flags >> TCP_SYN_BIT & 1, ack = flags >> TCP_ACK_BIT & 1;

		/* Branch-free: which flags come next is not predictable. */
		entry->ack += count & -ack;
		entry->syn += count & -(syn & ~ack);
		entry->syn_ack += count & -(syn & ack);
		entry->fin += flags >> TCP_FIN_BIT & 1;
		entry->rst += flags >> TCP_RST_BIT & 1;
	}
}

INLINE void flow_start(struct flow_set *set, __u32 way, const struct packet *p, __u32 now)
{
	struct flow_entry *entry = &set->entries[way];

	__builtin_memset(entry, 0, sizeof(*entry));
	entry->saddr = p->saddr[3];
	entry->daddr = p->daddr[3];
	entry->sport = p->sport;
	entry->dport = p->dport;
	entry->protocol = p->protocol;
	entry->family = p->family;
	entry->first = now;
	entry->min_length = 0xffff;
	if (p->family == 6) {
		__builtin_memcpy(set->ipv6[way].saddr, p->saddr, 16);
		__builtin_memcpy(set->ipv6[way].daddr, p->daddr, 16);
	}
}

INLINE void flow_lose(const struct flow_set *set, __u32 way, struct flow_lost *lost)
{
	const struct flow_entry *entry = &set->entries[way];

	__builtin_memset(lost, 0, sizeof(*lost));
	lost->family = entry->family;
	lost->packets = entry->packets;
	lost->bytes = entry->bytes;
	if (entry->family == 6) {
		__builtin_memcpy(lost->saddr, set->ipv6[way].saddr, 16);
		__builtin_memcpy(lost->daddr, set->ipv6[way].daddr, 16);
	} else {
		lost->saddr[3] = entry->saddr;
		lost->daddr[3] = entry->daddr;
	}
}

/*
 * The way whose tag is `tag`, or FLOW_WAYS. Branch-free, since the way a flow sits in is not predictable, and two tags at
 * a time: of the difference d, (d - 1) & ~d has the top bit of each half set that is zero.
 */
INLINE __u32 flow_find(const struct flow_set *set, __u32 tag)
{
	typedef __u64 __attribute__((may_alias)) tag_pair;
	const tag_pair *pairs = (const tag_pair *)set->tags;
	__u64 wanted = (__u64)tag << 32 | tag, found = 0, pair, upper;
	int i;

#pragma unroll
	for (i = 0; i < FLOW_WAYS / 2; i++) {
		__u64 d = pairs[i] ^ wanted;

		/* Bit i: first of the pair; bit 32 + i: second. */
		found |= ((d - 0x100000001ULL) & ~d & 0x8000000080000000ULL) >> (31 - i);
	}
	if (unlikely(!found))
		return FLOW_WAYS;
	/* One bit is set: flow_count() puts a tag in a set only when it has not found it there. 1, 2, 4, 8 to 0...3: */
	upper = found >> 32;
	pair = (found | upper) & 15;
	return (((pair >> 1) - (pair >> 3)) * 2 + ((upper + 7) >> 3)) & (FLOW_WAYS - 1);
}

/* The way to give to a newcomer: a free one, else the youngest; hash bits break ties, so that not all meet in one. */
INLINE __u32 flow_victim(const struct flow_set *set, __u64 hash)
{
	__u64 best = ~0U, turn = hash >> 53;
	__u32 i;

#pragma unroll
	for (i = 0; i < FLOW_WAYS; i++) {
		__u64 age = set->ages[i], used = -age >> 63;
		__u64 rank = age << 6 | (((i + turn) & 7) & -used) << 3 | i;
		__u64 less = (__u64)((__s64)(rank - best) >> 63);

		OPAQUE(less);
		best += (rank - best) & less;
	}
	return best & (FLOW_WAYS - 1);
}

/* Counts the packet in its entry, making one if need be. `lost` is filled for FLOW_EVICTED. */
INLINE enum flow_result flow_count(struct flow_set *set, const struct packet *p, __u64 hash, __u32 now,
				   struct flow_lost *lost)
{
	__u32 tag = (__u32)(hash >> 32) | 1, way = flow_find(set, tag);
	enum flow_result result = FLOW_COUNTED;

	if (likely(way < FLOW_WAYS)) {
		struct flow_entry *entry = &set->entries[way & (FLOW_WAYS - 1)];

		/* Same tag, other flow: 2^-28 a pair. The newcomer goes aside. */
		if (unlikely(!flow_is(set, way & (FLOW_WAYS - 1), p)) || unlikely(entry->bytes > ENTRY_FULL))
			return FLOW_ASIDE;
		flow_add(entry, p, now);
		if (set->ages[way & (FLOW_WAYS - 1)] < AGE_MAX)
			set->ages[way & (FLOW_WAYS - 1)]++;
		return FLOW_COUNTED;
	}
	way = flow_victim(set, hash);
	if (set->ages[way]) {
		set->contests++;
		if (set->ages[way] > 1) {
			if (set->contests % CONTESTS_PER_STEP == 0)
				set->ages[way]--;
			return FLOW_ASIDE;
		}
		flow_lose(set, way, lost);
		result = FLOW_EVICTED;
	}
	set->tags[way] = tag;
	set->ages[way] = 1;
	flow_start(set, way, p, now);
	flow_add(&set->entries[way], p, now);
	return result;
}

#endif /* SLUICE_FLOWS_BPF_H */
