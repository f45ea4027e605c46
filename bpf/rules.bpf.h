/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What to do with a packet, in one order for both families and every protocol, tagged or not, fragment or not:
 *
 *   allow > manual deny > automatic deny > limit > pass
 *
 * The gate (sluice.h) says which maps may know the source; traffic nobody has a rule for pays one load. Exact addresses
 * stand in hashes (never an LRU: a live ban must not be evicted), prefixes in tries. Expiry is enforced here, not by the
 * agent. A shadowed rule counts and lets the search go on.
 */
#ifndef SLUICE_RULES_BPF_H
#define SLUICE_RULES_BPF_H

#include "parse.bpf.h"

#define EXACT_MAX  (1 << 20)
#define PREFIX_MAX (1 << 16)
#define SCOPE_MAX  (1 << 14)
/* Prefixes of one map that cover one address and do not apply (expired, shadowed) before the search gives up. */
#define PREFIX_RETRIES 8

struct exact4_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EXACT_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __be32);
	__type(value, struct rule);
};

struct exact6_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EXACT_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct exact6_key);
	__type(value, struct rule);
};

struct prefix4_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, PREFIX_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix4_key);
	__type(value, struct rule);
};

struct prefix6_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, PREFIX_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix6_key);
	__type(value, struct rule);
};

struct prefix4_map allow_prefix4 SEC(".maps");
struct prefix6_map allow_prefix6 SEC(".maps");
struct exact4_map manual_exact4 SEC(".maps"), automatic_exact4 SEC(".maps"), limit_exact4 SEC(".maps");
struct exact6_map manual_exact6 SEC(".maps"), automatic_exact6 SEC(".maps"), limit_exact6 SEC(".maps");
struct prefix4_map manual_prefix4 SEC(".maps"), automatic_prefix4 SEC(".maps"), limit_prefix4 SEC(".maps");
struct prefix6_map manual_prefix6 SEC(".maps"), automatic_prefix6 SEC(".maps"), limit_prefix6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SCOPE_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct scope_key);
	__type(value, struct rule);
} limit_scope SEC(".maps");

/* Eight gate bytes a word: an array element is at least eight bytes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE4_SIZE / 8);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} gate4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE6_SIZE / 8);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} gate6 SEC(".maps");

INLINE __u8 gate_byte(void *gate, __u32 index)
{
	__u32 word = index >> 3;
	__u64 *bytes = bpf_map_lookup_elem(gate, &word);

	/* Always there: without it, ask every map. */
	return bytes ? *bytes >> (index & 7) * 8 : 0xff;
}

/* Class of an IPv6 prefix, by its first 32 or 48 bits (`bits` is the second word, cut to 0 or 16 bits). Same in Swift. */
INLINE __u32 gate6_index(__u32 first, __u32 bits)
{
	return ((__u64)(first * 0x9e3779b1U ^ bits * 0x85ebca6bU) * 0xc2b2ae35U >> 16) & (GATE6_SIZE - 1);
}

INLINE __u8 gate_of(const struct packet *p, const struct sluice_control *control)
{
	__u32 first, second;

	if (likely(p->family == 4))
		return control->gate_all | gate_byte(&gate4, bpf_ntohl(p->saddr[3]) >> 8);
	first = bpf_ntohl(p->saddr[0]);
	second = bpf_ntohl(p->saddr[1]);
	return control->gate_all | gate_byte(&gate6, gate6_index(first, 0)) |
	       gate_byte(&gate6, gate6_index(first, second >> 16 | 1U << 16));
}

/* Manual rules hold whatever becomes of the agent; automatic ones while `automatic` says so (dead-man's switch). */
INLINE int rule_applies(const struct rule *rule, int automatic, __u64 now)
{
	return (!rule->expires || now < rule->expires) && (rule->flags & RULE_MANUAL || automatic);
}

/* Makes this CPU the owner, unless another one was first. The last four bytes change as one word. */
INLINE void rule_claim(struct rule *rule, __u16 me)
{
	typedef __u32 __attribute__((may_alias)) word;
	struct {
		__u16 owner;
		__u8 flags;
		__u8 length;
	} nobody = { 0, rule->flags, rule->length }, mine = { me, rule->flags, rule->length };

	__sync_val_compare_and_swap((word *)&rule->owner, *(word *)&nobody, *(word *)&mine);
}

INLINE void rule_hit(struct rule *rule, const struct packet *p, __u64 now)
{
	__u16 me = bpf_get_smp_processor_id() + 1;

	if (unlikely(!rule->owner))
		rule_claim(rule, me);
	if (likely(*(volatile __u16 *)&rule->owner == me)) {
		rule->packets += p->count;
		rule->bytes += p->length;
	} else {
		__sync_fetch_and_add(&rule->shared_packets, p->count);
		__sync_fetch_and_add(&rule->shared_bytes, p->length);
	}
	rule->last_hit = now >> FLOW_TIME_SHIFT;
}

/*
 * Generic cell rate algorithm (ITU-T I.371), a token bucket in one word; its depth is one second. Without a lock: two
 * CPUs that meet in the same nanosecond may each let one packet too many pass.
 */
INLINE int rule_conforms(struct rule *rule, const struct packet *p, __u64 now)
{
	__u64 arrival = rule->arrival;

	if (arrival < now)
		arrival = now;
	if (arrival - now > 1000000000ULL)
		return 0;
	rule->arrival = arrival + (__u64)rule->interval * p->count;
	return 1;
}

/* Whether the rule, which applies, has the packet dropped. */
INLINE int rule_drops(struct rule *rule, const struct packet *p, __u64 now)
{
	if (rule->interval && rule_conforms(rule, p, now))
		return 0;
	rule_hit(rule, p, now);
	return !(rule->flags & RULE_SHADOW);
}

INLINE int exact_drops(void *exact4, void *exact6, const struct packet *p, int automatic, __u64 now, __u32 ipv6_prefix)
{
	struct exact6_key key = {};
	struct rule *rule;

	if (likely(p->family == 4)) {
		rule = bpf_map_lookup_elem(exact4, &p->saddr[3]);
		return rule && rule_applies(rule, automatic, now) && rule_drops(rule, p, now);
	}
	__builtin_memcpy(key.addr, p->saddr, 16);
	key.length = 128;
	rule = bpf_map_lookup_elem(exact6, &key);
	if (rule && rule_applies(rule, automatic, now) && rule_drops(rule, p, now))
		return 1;
	if (ipv6_prefix == 128)
		return 0;
	/* ipv6_prefix is at least 32, and a constant: one word is cut, those behind it are zero. */
	key.length = ipv6_prefix;
	key.addr[1] &= ipv6_prefix >= 64 ? ~0U : bpf_htonl(~0ULL << (64 - ipv6_prefix));
	key.addr[2] &= ipv6_prefix >= 96 ? ~0U : ipv6_prefix <= 64 ? 0 : bpf_htonl(~0ULL << (96 - ipv6_prefix));
	key.addr[3] &= ipv6_prefix <= 96 ? 0 : bpf_htonl(~0ULL << (128 - ipv6_prefix));
	rule = bpf_map_lookup_elem(exact6, &key);
	return rule && rule_applies(rule, automatic, now) && rule_drops(rule, p, now);
}

/* A trie knows the longest match only; where that one does not apply, the next shorter one is asked for. */
INLINE int prefix_drops(void *prefix4, void *prefix6, const struct packet *p, int automatic, __u64 now)
{
	struct prefix4_key key4 = { .length = 32, .addr = p->saddr[3] };
	struct prefix6_key key6 = { .length = 128 };
	struct rule *rule;
	int retry;

	__builtin_memcpy(key6.addr, p->saddr, 16);
	for (retry = 0; retry < PREFIX_RETRIES; retry++) {
		rule = p->family == 4 ? bpf_map_lookup_elem(prefix4, &key4) : bpf_map_lookup_elem(prefix6, &key6);
		if (!rule)
			return 0;
		if (rule_applies(rule, automatic, now) && rule_drops(rule, p, now))
			return 1;
		if (!rule->length)
			return 0;
		key4.length = key6.length = rule->length - 1;
	}
	return 0;
}

INLINE int allowed(const struct packet *p, __u64 now)
{
	struct prefix4_key key4 = { .length = 32, .addr = p->saddr[3] };
	struct prefix6_key key6 = { .length = 128 };
	struct rule *rule;
	int retry;

	__builtin_memcpy(key6.addr, p->saddr, 16);
	for (retry = 0; retry < PREFIX_RETRIES; retry++) {
		rule = p->family == 4 ? bpf_map_lookup_elem(&allow_prefix4, &key4) :
					bpf_map_lookup_elem(&allow_prefix6, &key6);
		if (!rule)
			return 0;
		if (rule_applies(rule, 1, now))
			return 1;
		if (!rule->length)
			return 0;
		key4.length = key6.length = rule->length - 1;
	}
	return 0;
}

/* Whether the agent lives, or need not. */
INLINE int automatic_in_force(const struct sluice_control *control, __u64 now)
{
	return !control->dead_after || now < control->heartbeat + control->dead_after;
}

INLINE int scope_drops(const struct packet *p, int automatic, __u64 now)
{
	struct scope_key key = { .dport = p->dport, .protocol = p->protocol, .family = p->family };
	struct rule *rule;
	int step;

	__builtin_memcpy(key.daddr, p->daddr, 16);
	for (step = 0; step < 3; step++) {
		rule = bpf_map_lookup_elem(&limit_scope, &key);
		if (rule && rule_applies(rule, automatic, now) && rule_drops(rule, p, now))
			return 1;
		/* (address, protocol, port), then (address, protocol), then (address). */
		key.dport = 0;
		if (step)
			key.protocol = 0;
	}
	return 0;
}

/* Whether the packet is to be dropped. */
INLINE int rules_drop(const struct packet *p, const struct sluice_control *control, __u64 now, __u32 ipv6_prefix)
{
	__u8 gate = gate_of(p, control);
	int automatic;

	if (likely(!gate) && likely(!control->scoped_rules))
		return 0;
	automatic = automatic_in_force(control, now);
	if (gate & GATE_ALLOW && allowed(p, now))
		return 0;
	if (gate & GATE_MANUAL_EXACT && exact_drops(&manual_exact4, &manual_exact6, p, automatic, now, ipv6_prefix))
		return 1;
	if (gate & GATE_MANUAL_PREFIX && prefix_drops(&manual_prefix4, &manual_prefix6, p, automatic, now))
		return 1;
	if (gate & GATE_AUTOMATIC_EXACT &&
	    exact_drops(&automatic_exact4, &automatic_exact6, p, automatic, now, ipv6_prefix))
		return 1;
	if (gate & GATE_AUTOMATIC_PREFIX && prefix_drops(&automatic_prefix4, &automatic_prefix6, p, automatic, now))
		return 1;
	if (gate & GATE_LIMIT_EXACT && exact_drops(&limit_exact4, &limit_exact6, p, automatic, now, ipv6_prefix))
		return 1;
	if (gate & GATE_LIMIT_PREFIX && prefix_drops(&limit_prefix4, &limit_prefix6, p, automatic, now))
		return 1;
	return control->scoped_rules && scope_drops(p, automatic, now);
}

#endif /* SLUICE_RULES_BPF_H */
