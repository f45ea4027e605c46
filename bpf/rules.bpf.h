/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What to do with a packet, in one order for both families and every protocol,
 * tagged or not, fragment or not:
 *
 *   allow > manual deny > automatic deny > manual limit > automatic limit >
 * pass
 *
 * and in each of them exact sources, then prefixes, then scopes. The gate
 * (sluice.h) says which tables may know the source; traffic nobody has a rule
 * for pays one load. Exact rules stand in a table of our own (never an LRU: a
 * live ban must not be evicted), prefixes and scopes in tries. Expiry is
 * enforced here, not by the agent. A shadowed rule counts and lets the search
 * go on.
 */
#ifndef SLUICE_RULES_BPF_H
#define SLUICE_RULES_BPF_H

#include "flows.bpf.h"

#define PREFIX_MAX (1 << 16)
#define SCOPE_MAX  (1 << 14)
/* Prefixes of one trie that cover one address and do not apply (expired,
 * shadowed) before the search gives up. */
#define PREFIX_RETRIES 8

/* The next three are sized by the agent before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct exact_line);
} exact_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct rule_rest);
} exact_rest SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct exact_key);
} exact_keys SEC(".maps");

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

/* Prefixes of each kind: m manual, a automatic. */
struct prefix4_map allow_prefix4 SEC(".maps"), mdeny_prefix4 SEC(".maps"), adeny_prefix4 SEC(".maps"),
	mlimit_prefix4 SEC(".maps"), alimit_prefix4 SEC(".maps");
struct prefix6_map allow_prefix6 SEC(".maps"), mdeny_prefix6 SEC(".maps"), adeny_prefix6 SEC(".maps"),
	mlimit_prefix6 SEC(".maps"), alimit_prefix6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, SCOPE_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct scope_key);
	__type(value, struct rule);
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

/* Class of an IPv6 prefix, by its first 32 or 48 bits (`bits` is the second
 * word, cut to 0 or 16 bits). Same in Swift. */
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

/* Which scopes there may be on the packet's destination. Same in Swift. */
INLINE __u32 scope_gate_of(const struct packet *p)
{
	__u32 mixed = p->daddr[0] ^ p->daddr[1] ^ p->daddr[2] ^ p->daddr[3];
	__u32 index = (mixed * 0x9e3779b1U >> 20) & (SCOPE_GATE_SIZE - 1);
	__u64 *bits = bpf_map_lookup_elem(&scope_gate, &index);

	return bits ? *bits : ~0U;
}

/*
 * The other half of a rule. That of an exact rule stands at the same place in another array, and is looked for only where it
 * is needed; `place` is a null pointer for one in a trie.
 */
INLINE struct rule_rest *rule_rest(struct rule_head *rule, const __u32 *place)
{
	return place ? bpf_map_lookup_elem(&exact_rest, place) : &((struct rule *)rule)->rest;
}

INLINE int rule_is_over(struct rule_head *rule, const __u32 *place, __u64 now)
{
	const struct rule_rest *rest;

	if (likely(now >> EXPIRY_SHIFT < rule->expires))
		return 0;
	rest = rule_rest(rule, place);
	return !rest || now >= ((__u64)rule->expires << EXPIRY_SHIFT | rest->expires_low);
}

/* Manual rules hold whatever becomes of the agent; automatic ones while
 * `automatic` says so (dead-man's switch). */
INLINE int rule_applies(struct rule_head *rule, const __u32 *place, int automatic, __u64 now)
{
	return !rule_is_over(rule, place, now) && (rule->flags & RULE_MANUAL || automatic);
}

/* Makes this CPU the owner, unless another one was first. The four bytes from
 * `owner` on change as one word. */
INLINE void rule_claim(struct rule_head *rule, __u16 me)
{
	typedef __u32 __attribute__((may_alias)) word;
	struct {
		__u16 owner;
		__u8 flags;
		__u8 length;
	} nobody = { 0, rule->flags, rule->length }, mine = { me, rule->flags, rule->length };

	__sync_val_compare_and_swap((word *)&rule->owner, *(word *)&nobody, *(word *)&mine);
}

INLINE void rule_hit(struct rule_head *rule, const __u32 *place, const struct packet *p, __u64 now)
{
	__u16 me = bpf_get_smp_processor_id() + 1;
	struct rule_rest *rest;

	if (unlikely(!rule->owner) && !(rule->flags & RULE_LIMIT))
		rule_claim(rule, me);
	rule->last_hit = now >> FLOW_TIME_SHIFT;
	if (likely(*(volatile __u16 *)&rule->owner == me)) {
		rule->own[0] += p->count;
		rule->own[1] += p->length;
		return;
	}
	rest = rule_rest(rule, place);
	if (!rest)
		return;
	__sync_fetch_and_add(&rest->shared[0], p->count);
	__sync_fetch_and_add(&rest->shared[1], p->length);
}

/*
 * Generic cell rate algorithm (ITU-T I.371), a token bucket in one word: one
 * for packets, one for bytes, each a second deep. Without a lock: two CPUs that
 * meet in the same nanosecond may each let one packet too many pass.
 */
INLINE int rule_conforms(struct rule_head *rule, const __u32 *place, const struct packet *p, __u64 now)
{
	__u64 arrival = rule->own[0], byte_arrival = rule->own[1];
	const struct rule_rest *rest = rule_rest(rule, place);

	if (!rest)
		return 1;
	if (arrival < now)
		arrival = now;
	if (byte_arrival < now)
		byte_arrival = now;
	if (arrival - now > 1000000000ULL || byte_arrival - now > 1000000000ULL)
		return 0;
	rule->own[0] = arrival + (__u64)rest->packet_time * p->count;
	rule->own[1] = byte_arrival + ((__u64)rest->byte_time * p->length >> BYTE_TIME_SHIFT);
	return 1;
}

/* Whether the rule has the packet dropped. */
INLINE int rule_drops(struct rule_head *rule, const __u32 *place, const struct packet *p, int automatic, __u64 now)
{
	if (!rule_applies(rule, place, automatic, now))
		return 0;
	if (rule->flags & RULE_LIMIT && rule_conforms(rule, place, p, now))
		return 0;
	rule_hit(rule, place, p, now);
	return !(rule->flags & RULE_SHADOW);
}

/*
 * Multiply-shift (M. Dietzfelbinger et al., J. Algorithms 25, 1997), with random words drawn at load, so that nobody can
 * choose addresses that crowd; the second multiplication spreads what runs of addresses leave regular. Same in Swift.
 */
INLINE __u64 exact_hash4(__be32 addr)
{
	const volatile __u32 *keys = config.hash_keys;
	__u64 hash = ((__u64)keys[0] << 32 | keys[1] | 1) * addr + ((__u64)keys[2] << 32 | keys[3]);

	return (hash ^ hash >> 32) * 0xbf58476d1ce4e5b9ULL;
}

INLINE __u64 exact_hash6(const __be32 *addr)
{
	const volatile __u32 *keys = config.hash_keys;

	return flow_mix(flow_pair(addr[0], keys[0], addr[1], keys[1]) + flow_pair(addr[2], keys[2], addr[3], keys[3]));
}

/* The line at whose begin a search for a rule begins. */
INLINE __u32 exact_home(__u64 hash)
{
	return (hash >> 32) * config.exact_lines >> 32;
}

INLINE __u64 exact_word(const struct rule_head *rule)
{
	return *(const volatile __u64 *)&rule->owner;
}

/* The rule at a place. */
INLINE struct rule_head *exact_rule(__u32 place)
{
	__u32 number = place / EXACT_LINE;
	struct exact_line *line = bpf_map_lookup_elem(&exact_rules, &number);

	if (!line)
		return 0;
	/* Not before it is known to be there. */
	OPAQUE(line);
	return &line->rule[place % EXACT_LINE];
}

INLINE __u64 exact_wanted(enum rule_kind kind, __u32 family, __u32 length, __u32 key)
{
	__u32 manual = kind == KIND_MANUAL_DENY || kind == KIND_MANUAL_LIMIT ? RULE_MANUAL : 0;
	__u32 limit = kind == KIND_MANUAL_LIMIT || kind == KIND_AUTOMATIC_LIMIT ? RULE_LIMIT : 0;

	return EXACT_WORD(manual | limit | family | RULE_IN_FORCE, length, key);
}

INLINE int exact_is(__u32 place, const struct exact_key *wanted)
{
	const struct exact_key *key = bpf_map_lookup_elem(&exact_keys, &place);

	return key && key->addr[0] == wanted->addr[0] && key->addr[1] == wanted->addr[1] &&
	       key->addr[2] == wanted->addr[2] && key->addr[3] == wanted->addr[3];
}

/*
 * From `place` on, the place of the rule with this word and, if given, this IPv6 address; a place beyond the table if
 * there is none. Global, as the two below: verified once, not at each call.
 */
__attribute__((noinline)) __u32 exact_search(__u32 place, __u64 wanted, const struct exact_key *addr)
{
	int i;

	for (i = 0; i < EXACT_PROBES; i++, place++) {
		struct rule_head *rule = exact_rule(place);
		__u64 word = rule ? exact_word(rule) : 0;

		if (!word)
			break;
		if ((word & EXACT_MASK) == wanted && (!addr || exact_is(place, addr)))
			return place;
	}
	return ~0U;
}

/*
 * Nearly every search ends in the first line. Which of its two rules it is cannot be predicted, and a branch that went wrong
 * would be found out only when the line has come from memory; so it is computed.
 */
INLINE int exact4_drops(const struct packet *p, enum rule_kind kind, int automatic, __u64 now)
{
	__u64 wanted = exact_wanted(kind, 0, 32, p->saddr[3]), other;
	__u32 home = exact_home(exact_hash4(p->saddr[3])), place;
	struct exact_line *line = bpf_map_lookup_elem(&exact_rules, &home);
	struct rule_head *rule;

	if (!line)
		return 0;
	other = (exact_word(&line->rule[0]) & EXACT_MASK) ^ wanted;
	other |= -other;
	OPAQUE(other);
	place = other >> 63;
	rule = &line->rule[place];
	place += home * EXACT_LINE;
	if (unlikely((exact_word(rule) & EXACT_MASK) != wanted)) {
		if (!exact_word(rule))
			return 0;
		place = exact_search(home * EXACT_LINE + EXACT_LINE, wanted, 0);
		rule = exact_rule(place);
	}
	return rule && rule_drops(rule, &place, p, automatic, now);
}

INLINE int exact6_drops_at(const struct exact_key *addr, __u32 length, const struct packet *p, enum rule_kind kind,
			   int automatic, __u64 now)
{
	__u64 hash = exact_hash6(addr->addr);
	__u64 wanted = exact_wanted(kind, RULE_IPV6, length, (__u32)(hash ^ hash >> 32));
	__u32 place = exact_search(exact_home(hash) * EXACT_LINE, wanted, addr);
	struct rule_head *rule = exact_rule(place);

	return rule && rule_drops(rule, &place, p, automatic, now);
}

/* The address, then its prefix of the configured length. */
__attribute__((noinline)) int exact6_drops(const struct packet *p, enum rule_kind kind, int automatic, __u64 now)
{
	__u32 bits = config.ipv6_prefix;
	struct exact_key key;

	if (!p)
		return 0;
	__builtin_memcpy(key.addr, p->saddr, 16);
	if (exact6_drops_at(&key, 128, p, kind, automatic, now))
		return 1;
	if (bits == 128)
		return 0;
	/* At least 32, and a constant: one word is cut, those behind it are zero. */
	key.addr[1] &= bits >= 64 ? ~0U : bpf_htonl(~0ULL << (64 - bits));
	key.addr[2] &= bits >= 96 ? ~0U : bits <= 64 ? 0 : bpf_htonl(~0ULL << (96 - bits));
	key.addr[3] &= bits <= 96 ? 0 : bpf_htonl(~0ULL << (128 - bits));
	return exact6_drops_at(&key, bits, p, kind, automatic, now);
}

INLINE int exact_drops(const struct packet *p, enum rule_kind kind, int automatic, __u64 now)
{
	return likely(p->family == 4) ? exact4_drops(p, kind, automatic, now) : exact6_drops(p, kind, automatic, now);
}

/* A trie knows the longest match only; where that one does not apply, the next
 * shorter one is asked for. */
INLINE int prefix_drops_in(void *prefix4, void *prefix6, const struct packet *p, int automatic, __u64 now)
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
		if (rule_drops(&rule->head, 0, p, automatic, now))
			return 1;
		if (!rule->head.length)
			return 0;
		key4.length = key6.length = rule->head.length - 1;
	}
	return 0;
}

/* Global, as those below: verified once, not at each call. */
__attribute__((noinline)) int prefix_drops(const struct packet *p, enum rule_kind kind, int automatic, __u64 now)
{
	if (!p)
		return 0;
	switch (kind) {
	case KIND_MANUAL_DENY: return prefix_drops_in(&mdeny_prefix4, &mdeny_prefix6, p, automatic, now);
	case KIND_AUTOMATIC_DENY: return prefix_drops_in(&adeny_prefix4, &adeny_prefix6, p, automatic, now);
	case KIND_MANUAL_LIMIT: return prefix_drops_in(&mlimit_prefix4, &mlimit_prefix6, p, automatic, now);
	case KIND_AUTOMATIC_LIMIT: return prefix_drops_in(&alimit_prefix4, &alimit_prefix6, p, automatic, now);
	default: return 0;
	}
}

__attribute__((noinline)) int allowed(const struct packet *p, __u64 now)
{
	struct prefix4_key key4 = { .length = 32 };
	struct prefix6_key key6 = { .length = 128 };
	struct rule *rule;
	int retry;

	if (!p)
		return 0;
	key4.addr = p->saddr[3];
	__builtin_memcpy(key6.addr, p->saddr, 16);
	for (retry = 0; retry < PREFIX_RETRIES; retry++) {
		rule = p->family == 4 ? bpf_map_lookup_elem(&allow_prefix4, &key4) :
					bpf_map_lookup_elem(&allow_prefix6, &key6);
		if (!rule)
			return 0;
		if (rule_applies(&rule->head, 0, 1, now))
			return 1;
		if (!rule->head.length)
			return 0;
		key4.length = key6.length = rule->head.length - 1;
	}
	return 0;
}

/* Whether the agent lives, or need not. */
INLINE int automatic_in_force(const struct sluice_control *control, __u64 now)
{
	return !control->dead_after || now < control->heartbeat + control->dead_after;
}

/* Scopes of one kind, the narrowest first: by what of the destination they
 * name, then by source prefix. */
__attribute__((noinline)) int scope_drops(const struct packet *p, enum rule_kind kind, __u32 gate, int automatic,
					  __u64 now)
{
	struct scope_key key = { .kind = kind };
	struct rule *rule;
	int level, retry;

	if (!p)
		return 0;
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
		for (retry = 0; retry < PREFIX_RETRIES; retry++) {
			rule = bpf_map_lookup_elem(&scopes, &key);
			if (!rule)
				break;
			if (rule_drops(&rule->head, 0, p, automatic, now))
				return 1;
			if (!rule->head.length)
				break;
			key.length = SCOPE_BITS + rule->head.length - 1;
		}
	}
	return 0;
}

/* The scope gate's bits of one kind. */
INLINE int may_have_scope(__u32 gate, enum rule_kind kind)
{
	return (gate >> kind * SCOPE_LEVELS & ((1U << SCOPE_LEVELS) - 1)) != 0;
}

/* Whether the packet is to be dropped. */
INLINE int rules_drop(const struct packet *p, const struct sluice_control *control, __u64 now)
{
	__u32 gate = gate_of(p, control), scoped = 0;
	int automatic;

	if (unlikely(control->scoped_rules))
		scoped = scope_gate_of(p);
	if (likely(!gate) && likely(!scoped))
		return 0;
	automatic = automatic_in_force(control, now);
	if (gate & GATE_ALLOW && allowed(p, now))
		return 0;
	if (gate & GATE_MANUAL_EXACT && exact_drops(p, KIND_MANUAL_DENY, automatic, now))
		return 1;
	if (gate & GATE_MANUAL_PREFIX && prefix_drops(p, KIND_MANUAL_DENY, automatic, now))
		return 1;
	if (may_have_scope(scoped, KIND_MANUAL_DENY) && scope_drops(p, KIND_MANUAL_DENY, scoped, automatic, now))
		return 1;
	if (gate & GATE_AUTOMATIC_EXACT && exact_drops(p, KIND_AUTOMATIC_DENY, automatic, now))
		return 1;
	if (gate & GATE_AUTOMATIC_PREFIX && prefix_drops(p, KIND_AUTOMATIC_DENY, automatic, now))
		return 1;
	if (may_have_scope(scoped, KIND_AUTOMATIC_DENY) && scope_drops(p, KIND_AUTOMATIC_DENY, scoped, automatic, now))
		return 1;
	if (gate & GATE_LIMIT_EXACT && exact_drops(p, KIND_MANUAL_LIMIT, automatic, now))
		return 1;
	if (gate & GATE_LIMIT_PREFIX && prefix_drops(p, KIND_MANUAL_LIMIT, automatic, now))
		return 1;
	if (may_have_scope(scoped, KIND_MANUAL_LIMIT) && scope_drops(p, KIND_MANUAL_LIMIT, scoped, automatic, now))
		return 1;
	if (gate & GATE_LIMIT_EXACT && exact_drops(p, KIND_AUTOMATIC_LIMIT, automatic, now))
		return 1;
	if (gate & GATE_LIMIT_PREFIX && prefix_drops(p, KIND_AUTOMATIC_LIMIT, automatic, now))
		return 1;
	return may_have_scope(scoped, KIND_AUTOMATIC_LIMIT) &&
	       scope_drops(p, KIND_AUTOMATIC_LIMIT, scoped, automatic, now);
}

#endif /* SLUICE_RULES_BPF_H */
