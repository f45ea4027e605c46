/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What to do with a packet, in one order for both families and every protocol,
 * tagged or not, fragment or not:
 *
 *   allow > manual deny > automatic deny > manual prove > automatic prove >
 * manual limit > automatic limit > pass
 *
 * and in each of them rules on sources, the longest prefix first, then scopes.
 * The gate (sluice.h) says which kinds of rules on a source there may be;
 * traffic nobody has a rule for pays one load. A rule that does not decide
 * (expired, shadowed, a limit that is kept to) lets the search go on.
 */
#ifndef SLUICE_RULES_BPF_H
#define SLUICE_RULES_BPF_H

#include "shield.bpf.h"

#define SCOPE_MAX (1 << 14)
/* Scopes of one kind that cover one packet and do not decide, before the
 * search gives up. */
#define SCOPE_RETRIES 8

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, SCOPE_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct scope_key);
	__type(value, struct scope_rule);
} scopes SEC(".maps");

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

/* Two words a value: an array element is at least eight bytes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LENGTHS4_SIZE / 2);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} lengths4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATE6_SIZE);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct lengths6);
} lengths6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SCOPE_GATE_SIZE);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} scope_gate SEC(".maps");

INLINE __u8 gate_byte(void *gate, __u32 index)
{
	__u32 word = index >> 3;
	__u64 *bytes = bpf_map_lookup_elem(gate, &word);

	/* Always there: without it, ask every map. */
	return bytes ? *bytes >> (index & 7) * 8 : 0xff;
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

/* Which scopes there may be on the packet's destination. Same in Swift. */
INLINE __u32 scope_gate_of(const struct packet *p)
{
	__u32 mixed = p->daddr[0] ^ p->daddr[1] ^ p->daddr[2] ^ p->daddr[3];
	__u32 index = (mixed * 0x9e3779b1U >> 20) & (SCOPE_GATE_SIZE - 1);
	__u64 *bits = bpf_map_lookup_elem(&scope_gate, &index);

	return bits ? *bits : ~0U;
}

/* What the rule on a source at this place says. Global, as most below: verified once, not at each call. */
__attribute__((noinline)) int place_decides(__u32 place, const struct packet *p, int automatic, __u64 now)
{
	struct rule_head *rule = source_rule(place);

	return p && rule && rule_decides(rule, &place, p, automatic, now);
}

/* The functions below ask for rules of the kind with these flags (kind_flags()), which tell kinds apart in the table. */
INLINE int address4_decides(const struct packet *p, __u32 flags, int automatic, __u64 now)
{
	__u32 place = 0;
	struct rule_head *rule = source4_find(p->saddr[3], 32, flags, &place);

	return rule && rule_decides(rule, &place, p, automatic, now);
}

__attribute__((noinline)) int address6_decides(const struct packet *p, __u32 flags, int automatic, __u64 now)
{
	struct source_key address;

	if (!p)
		return 0;
	__builtin_memcpy(address.addr, p->saddr, 16);
	return place_decides(source6_find(&address, 128, flags), p, automatic, now);
}

/* Bits set, by halves (H. Warren, Hacker's Delight, 5-1): BPF has no instruction for it. */
INLINE __u32 count_bits(__u64 x)
{
	x -= x >> 1 & 0x5555555555555555ULL;
	x = (x & 0x3333333333333333ULL) + (x >> 2 & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return x * 0x0101010101010101ULL >> 56;
}

/* Lengths of prefixes around an IPv4 address. */
INLINE __u32 lengths4_of(__be32 addr)
{
	__u32 class = bpf_ntohl(addr) >> 16, word = class >> 1;
	__u64 *lengths = bpf_map_lookup_elem(&lengths4, &word);

	return lengths ? *lengths >> (class & 1) * 32 : 0;
}

INLINE int prefix4_decides(const struct packet *p, __u32 flags, int automatic, __u64 now)
{
	__u32 lengths, longest, place;
	int i;

	lengths = lengths4_of(p->saddr[3]);
	for (i = 0; i < 32 && lengths; i++, lengths ^= longest) {
		longest = lengths & -lengths;
		if (source4_find(p->saddr[3] & bpf_htonl(-(longest << 1)), 31 - count_bits(longest - 1), flags,
				 &place) &&
		    place_decides(place, p, automatic, now))
			return 1;
	}
	return 0;
}

/* Prefixes longer than 63 bits if `half` is 1, the others if it is 0. */
INLINE int prefix6_decides_in(int half, __u64 lengths, const struct packet *p, __u32 flags, int automatic, __u64 now)
{
	struct source_key first;
	__u64 longest, mask;
	__u32 place;
	int i;

	for (i = 0; i < 64 && lengths; i++, lengths ^= longest) {
		longest = lengths & -lengths;
		mask = -(longest << 1);
		first.addr[0] = p->saddr[0] & (half ? ~0U : bpf_htonl(mask >> 32));
		first.addr[1] = p->saddr[1] & (half ? ~0U : bpf_htonl(mask));
		first.addr[2] = p->saddr[2] & (half ? bpf_htonl(mask >> 32) : 0);
		first.addr[3] = p->saddr[3] & (half ? bpf_htonl(mask) : 0);
		place = source6_find(&first, 64 * half + 63 - count_bits(longest - 1), flags);
		if (place != ~0U && place_decides(place, p, automatic, now))
			return 1;
	}
	return 0;
}

INLINE int prefix6_decides(const struct packet *p, __u32 flags, int automatic, __u64 now)
{
	struct lengths6 *wide, *narrow;
	__u32 first, class;

	first = bpf_ntohl(p->saddr[0]);
	class = gate6_index(first, 0);
	wide = bpf_map_lookup_elem(&lengths6, &class);
	class = gate6_index(first, bpf_ntohl(p->saddr[1]) >> 16 | 1U << 16);
	narrow = bpf_map_lookup_elem(&lengths6, &class);
	if (!wide || !narrow)
		return 0;
	return prefix6_decides_in(1, wide->open[0] | narrow->open[0], p, flags, automatic, now) ||
	       prefix6_decides_in(0, wide->open[1] | narrow->open[1], p, flags, automatic, now);
}

/*
 * Prefixes of the lengths that there may be, the longest first, each by its hash: search over lengths that are known (M.
 * Waldvogel et al., SIGCOMM '97), one by one, since a rule that does not decide sends the search on to the next.
 */
__attribute__((noinline)) int prefix_decides(const struct packet *p, __u32 flags, int automatic, __u64 now)
{
	return p &&
	       (p->family == 4 ? prefix4_decides(p, flags, automatic, now) : prefix6_decides(p, flags, automatic, now));
}

/* Whether the agent lives, or need not. */
INLINE int automatic_in_force(const struct sluice_control *control, __u64 now)
{
	return !control->dead_after || now < control->heartbeat + control->dead_after;
}

/*
 * What a rule on what goes to somebody makes of a packet. Limits on everybody's traffic that the agent makes leave out whom it
 * knows: they are there for strangers.
 */
__attribute__((noinline)) int scope_rule_decides(struct scope_rule *rule, const struct packet *p, int automatic,
						 __u64 now)
{
	__u8 flags;

	if (!rule || !p)
		return VERDICT_PASS;
	flags = rule->rule.head.flags;
	if (flags & RULE_PROVE)
		return prove_decides(rule, p, automatic, now);
	if ((flags & (RULE_LIMIT | RULE_MANUAL)) == RULE_LIMIT && !rule->rule.head.length && is_known(p))
		return VERDICT_PASS;
	return rule_decides(&rule->rule.head, 0, p, automatic, now);
}

/* Scopes of one kind, the narrowest first: by what of the destination they
 * name, then by source prefix. A trie knows the longest match only; where that
 * one does not decide, the next shorter one is asked for. */
__attribute__((noinline)) int scope_decides(const struct packet *p, enum rule_kind kind, __u32 gate, int automatic,
					    __u64 now)
{
	struct scope_key key = { .kind = kind };
	struct scope_rule *rule;
	int level, retry, verdict;

	if (!p)
		return VERDICT_PASS;
	key.family = p->family;
	key.protocol = p->protocol;
	key.dport = p->dport;
	__builtin_memcpy(key.daddr, p->daddr, 16);
	if (p->family == 4)
		key.saddr[0] = p->saddr[3];
	else
		__builtin_memcpy(key.saddr, p->saddr, 16);
	for (level = SCOPE_PORT; level >= SCOPE_ADDRESS; level--) {
		if (level < SCOPE_PORT)
			key.dport = 0;
		if (level < SCOPE_PROTOCOL)
			key.protocol = 0;
		if (!(gate >> (kind * SCOPE_LEVELS + level) & 1))
			continue;
		key.level = level;
		key.length = SCOPE_BITS + (p->family == 4 ? 32 : 128);
		for (retry = 0; retry < SCOPE_RETRIES; retry++) {
			rule = bpf_map_lookup_elem(&scopes, &key);
			if (!rule)
				break;
			verdict = scope_rule_decides(rule, p, automatic, now);
			if (verdict)
				return verdict;
			if (!rule->rule.head.length)
				break;
			key.length = SCOPE_BITS + rule->rule.head.length - 1;
		}
	}
	return VERDICT_PASS;
}

/* The scope gate's bits of one kind. */
INLINE int may_have_scope(__u32 gate, enum rule_kind kind)
{
	return (gate >> kind * SCOPE_LEVELS & ((1U << SCOPE_LEVELS) - 1)) != 0;
}

/* Whether a rule of this kind has the last word. */
INLINE int kind_decides(enum rule_kind kind, const struct packet *p, __u32 gate, __u32 scoped, int automatic, __u64 now)
{
	/* Bits of the gate for exact rules, and for those on prefixes. */
	__u32 exact = kind < KIND_MANUAL_LIMIT ? GATE_ALLOW_EXACT << 2 * kind : GATE_LIMIT_EXACT;
	__u32 prefix = exact << 1, flags = kind_flags(kind);

	if (gate & exact) {
		if (likely(p->family == 4)) {
			if (address4_decides(p, flags, automatic, now))
				return 1;
		} else if (address6_decides(p, flags, automatic, now)) {
			return 1;
		}
	}
	if (gate & prefix && prefix_decides(p, flags, automatic, now))
		return 1;
	return may_have_scope(scoped, kind) && scope_decides(p, kind, scoped, automatic, now);
}

__attribute__((noinline)) int allowed(const struct packet *p, __u32 gate, __u64 now)
{
	return p && kind_decides(KIND_ALLOW, p, gate, 0, 1, now);
}

/* What becomes of a beginning, or a reset, by `prove` rules. */
__attribute__((noinline)) int beginning_decides(const struct packet *p, __u32 scoped, int automatic, __u64 now)
{
	int verdict = VERDICT_PASS;

	if (may_have_scope(scoped, KIND_MANUAL_PROVE))
		verdict = scope_decides(p, KIND_MANUAL_PROVE, scoped, automatic, now);
	if (!verdict && may_have_scope(scoped, KIND_AUTOMATIC_PROVE))
		verdict = scope_decides(p, KIND_AUTOMATIC_PROVE, scoped, automatic, now);
	return verdict;
}

/* What becomes of the packet by all rules. */
INLINE int rules_decide(const struct packet *p, const struct sluice_control *control, __u64 now)
{
	__u32 gate = gate_of(p, control), scoped = 0, prove = 0;
	int automatic, verdict;

	if (unlikely(control->scoped_rules))
		scoped = scope_gate_of(p);
	if (unlikely(control->prove_rules) && unlikely(is_beginning(p)))
		prove = scope_gate_of(p);
	if (likely(!gate) && likely(!(scoped | prove)))
		return VERDICT_PASS;
	automatic = automatic_in_force(control, now);
	if (gate & (GATE_ALLOW_EXACT | GATE_ALLOW_PREFIX) && allowed(p, gate, now))
		return VERDICT_PASS;
	if (kind_decides(KIND_MANUAL_DENY, p, gate, scoped, automatic, now) ||
	    kind_decides(KIND_AUTOMATIC_DENY, p, gate, scoped, automatic, now))
		return VERDICT_DROP;
	if (unlikely(prove)) {
		verdict = beginning_decides(p, prove, automatic, now);
		if (verdict)
			return verdict;
	}
	if (kind_decides(KIND_MANUAL_LIMIT, p, gate, scoped, automatic, now) ||
	    kind_decides(KIND_AUTOMATIC_LIMIT, p, gate, scoped, automatic, now))
		return VERDICT_DROP;
	return VERDICT_PASS;
}

#endif /* SLUICE_RULES_BPF_H */
