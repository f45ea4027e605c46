/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table: an 8-way set-associative cache, one segment for each generation and CPU, as flow exporters in
 * routers keep it. One CPU writes a segment, with bottom halves off, so nothing here needs a lock or an atomic.
 *
 * A hit touches two cache lines, a miss mostly one; there is no allocation and no loop whose length traffic decides.
 *
 * When a set is full, a flow is turned away at first: its packet is counted aside, and its tag remembered with those of
 * the last eight. Only one that comes again while it is remembered contests a place. An entry seen once yields to it at
 * once; one seen more often yields after it has lost eight contests for each step of its age. So a flood of
 * never-repeating flows gets past the free places only by chance (two tags are equal), and costs no entry's line. What
 * loses is counted aside: packets in entries + packets aside = packets, in every generation.
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

/* What has to be known of an entry that was overwritten. */
struct flow_lost {
	__be32 daddr[4];
	__u8 family;
	__u32 packets;
	__u32 bytes;
};

/* Stafford's variant 13 of a 64-bit finalizer. */
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
 * NH (J. Black et al., "UMAC", CRYPTO '99), folded, then multiplied so that the upper half depends on all of it. NH is
 * universal: who does not know the keys, drawn at load, cannot choose flows that fall into one set more often than chance
 * lets them.
 *
 *   63..56 tag | 55..53 turn | 52..32 set
 */
INLINE __u64 flow_hash(const struct packet *p, const volatile __u32 *keys)
{
	__u32 rest = (__u32)p->family << 8 | p->protocol;
	__u64 hash =
		flow_pair(p->saddr[3], keys[0], p->daddr[3], keys[1]) + flow_pair(p->ports, keys[2], rest, keys[3]);

	if (p->family == 6)
		hash += flow_pair(p->saddr[0], keys[4], p->daddr[0], keys[5]) +
			flow_pair(p->saddr[1], keys[6], p->daddr[1], keys[7]) +
			flow_pair(p->saddr[2], keys[8], p->daddr[2], keys[9]);
	return (hash ^ hash >> 32) * 0x9e3779b97f4a7c15ULL;
}

INLINE __u32 flow_set_index(__u64 hash, __u32 sets)
{
	return hash >> 32 & (sets - 1);
}

/*
 * 2...255: 0 marks a free way, and with 1 `flow_find` could take a free way for its own: `zero_bytes` may also name bytes
 * that differ from the tag in the lowest bit.
 */
INLINE __u64 flow_tag(__u64 hash)
{
	return ((hash >> 56) * 254 >> 8) + 2;
}

/* Eight ways at a time, one in each byte of a word. */
#define EACH_WAY(byte) ((byte)*0x0101010101010101ULL)
#define TOP_BITS       EACH_WAY(0x80)

/* Top bits of the bytes that are zero, and maybe of some behind the first such. */
INLINE __u64 zero_bytes(__u64 x)
{
	return (x - EACH_WAY(1)) & ~x & TOP_BITS;
}

/* Number of the lowest byte of which the top bit is set. */
INLINE __u32 first_way(__u64 top_bits)
{
	/* One bit is left, at the bottom of its byte: the product's top byte is the one that many from the left. */
	return ((top_bits & -top_bits) >> 7) * 0x0001020304050607ULL >> 56;
}

INLINE int flow_is(const struct flow_set *set, __u32 way, const struct packet *p)
{
	typedef __be32 __attribute__((may_alias)) port_pair;
	const struct flow_entry *entry = &set->entries[way];
	const struct flow_addresses *full = &set->ipv6[way];

	OPAQUE(entry);
	/* Nearly always equal: branches that are never taken cost less than merging the differences. */
	if (unlikely(entry->saddr != p->saddr[3]) || unlikely(entry->daddr != p->daddr[3]) ||
	    unlikely(*(const port_pair *)&entry->sport != p->ports) || unlikely(entry->protocol != p->protocol) ||
	    unlikely(entry->family != p->family))
		return 0;
	if (likely(p->family == 4))
		return 1;
	return full->saddr[0] == p->saddr[0] && full->saddr[1] == p->saddr[1] && full->saddr[2] == p->saddr[2] &&
	       full->daddr[0] == p->daddr[0] && full->daddr[1] == p->daddr[1] && full->daddr[2] == p->daddr[2];
}

/* The flow's way, or FLOW_WAYS. Of eight other flows one in thirty has the same tag, and is told by its key. */
INLINE __u32 flow_find(const struct flow_set *set, __u64 tag, const struct packet *p)
{
	__u64 candidates = zero_bytes(set->tags ^ EACH_WAY(tag));
	__u32 way = first_way(candidates) & (FLOW_WAYS - 1);
	int i;

	/* Outside of the loop, for which the compiler would save all registers. */
	if (likely(candidates) && likely(flow_is(set, way, p)))
		return way;
	for (i = 1; i < FLOW_WAYS && (candidates &= candidates - 1); i++) {
		way = first_way(candidates) & (FLOW_WAYS - 1);
		if (flow_is(set, way, p))
			return way;
	}
	return FLOW_WAYS;
}

/* The way to give to a newcomer: a free one, else the youngest; hash bits say where to begin, so that not all meet in one. */
INLINE __u32 flow_victim(const struct flow_set *set, __u64 hash)
{
	__u32 turn = hash >> 50 & 56, age;
	__u64 ages = set->ages, found = zero_bytes(ages);

	if (found)
		return first_way(found);
	/* The set turned, so that the search begins at way turn / 8. */
	ages = ages >> turn | (turn ? ages << (64 - turn) : 0);
	for (age = 1; age <= AGE_MAX && !found; age++)
		found = zero_bytes(ages ^ EACH_WAY((__u64)age));
	return (first_way(found) + turn / 8) & (FLOW_WAYS - 1);
}

INLINE __u32 flow_age(const struct flow_set *set, __u32 way)
{
	return set->ages >> way * 8 & 0xff;
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
	if (unlikely(p->fragment) && (entry->fragments & FRAGMENTS_MAX) < FRAGMENTS_MAX)
		entry->fragments++;
	if (p->protocol == PROTO_TCP) {
		__u32 flags = p->tcp_flags, syn = flags >> TCP_SYN_BIT & 1, ack = flags >> TCP_ACK_BIT & 1;

		entry->ack += count & -ack;
		/* Connections have these at their ends only, scans and floods in every packet: predictable. */
		if (unlikely(flags & (1 << TCP_SYN_BIT | 1 << TCP_FIN_BIT | 1 << TCP_RST_BIT))) {
			entry->syn += count & -(syn & ~ack);
			entry->syn_ack += count & -(syn & ack);
			entry->fin += flags >> TCP_FIN_BIT & 1;
			entry->rst += flags >> TCP_RST_BIT & 1;
			/* A connection may begin here, so what was asked about the flow before is asked anew. */
			if (syn)
				entry->fragments |= FLOW_UNSURE;
		}
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
	entry->fragments = p->protocol == PROTO_TCP ? FLOW_UNSURE : 0;
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
		__builtin_memcpy(lost->daddr, set->ipv6[way].daddr, 16);
	} else {
		lost->daddr[3] = entry->daddr;
	}
}

/* Whether one of the last flows that the full set turned away came again; a flow that did not is remembered now. */
INLINE int flow_returns(struct flow_set *set, __u64 tag)
{
	if (unlikely(zero_bytes(set->doorkeeper ^ EACH_WAY(tag))))
		return 1;
	set->doorkeeper = set->doorkeeper << 8 | tag;
	return 0;
}

/* Counts a packet of the flow that stands at `way`. */
INLINE enum flow_result flow_count_again(struct flow_set *set, __u32 way, const struct packet *p, __u32 now)
{
	struct flow_entry *entry = &set->entries[way & (FLOW_WAYS - 1)];

	OPAQUE(entry);
	if (unlikely(entry->bytes > ENTRY_FULL))
		return FLOW_ASIDE;
	flow_add(entry, p, now);
	if (unlikely(flow_age(set, way) < AGE_MAX))
		set->ages += 1ULL << way * 8;
	return FLOW_COUNTED;
}

/* Counts the first packet of a flow: in an entry that it makes at `*way`, if it finds room. `lost` is filled for FLOW_EVICTED. */
INLINE enum flow_result flow_count_first(struct flow_set *set, __u64 hash, const struct packet *p, __u32 now,
					 __u32 *way, struct flow_lost *lost)
{
	enum flow_result result = FLOW_COUNTED;
	__u64 tag = flow_tag(hash);
	__u32 shift, age;

	if (likely(!zero_bytes(set->ages)) && likely(!flow_returns(set, tag)))
		return FLOW_ASIDE;
	*way = flow_victim(set, hash) & (FLOW_WAYS - 1);
	shift = *way * 8;
	age = flow_age(set, *way);
	if (age) {
		set->contests++;
		if (age > 1) {
			if (set->contests % CONTESTS_PER_STEP == 0)
				set->ages -= 1ULL << shift;
			return FLOW_ASIDE;
		}
		flow_lose(set, *way, lost);
		result = FLOW_EVICTED;
	}
	/* A free way has age 0, an evicted one had 1. */
	set->ages += (1ULL - age) << shift;
	set->tags = (set->tags & ~(0xffULL << shift)) | tag << shift;
	flow_start(set, *way, p, now);
	flow_add(&set->entries[*way], p, now);
	return result;
}

/* Counts the packet in its entry at `*way`, making one if need be. */
INLINE enum flow_result flow_count(struct flow_set *set, const struct packet *p, __u64 hash, __u32 now, __u32 *way,
				   struct flow_lost *lost)
{
	*way = flow_find(set, flow_tag(hash), p);
	return likely(*way < FLOW_WAYS) ? flow_count_again(set, *way, p, now) :
					  flow_count_first(set, hash, p, now, way, lost);
}

/* Whether an answer to what the table of proofs asks may stand in this packet of the flow at `way`. */
INLINE int flow_may_prove(const struct flow_set *set, __u32 way, const struct packet *p)
{
	return p->protocol == PROTO_TCP && unlikely(set->entries[way & (FLOW_WAYS - 1)].fragments & FLOW_UNSURE) &&
	       (p->tcp_flags & (1 << TCP_SYN_BIT | 1 << TCP_RST_BIT | 1 << TCP_ACK_BIT)) == 1 << TCP_ACK_BIT;
}

#endif /* SLUICE_FLOWS_BPF_H */
