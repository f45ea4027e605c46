/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rules on sources: a table of our own (never an LRU: a live ban must not be evicted), searched by kind, first address
 * and length of the prefix; sluice.h says what stands where. What is found says nothing yet about the packet.
 */
#ifndef SLUICE_SOURCE_TABLE_BPF_H
#define SLUICE_SOURCE_TABLE_BPF_H

#include "source_hash.bpf.h"

/* These are sized by the agent before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct source_line);
} source_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct rule_rest);
} source_rest SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct source_key);
} source_keys SEC(".maps");

INLINE __u64 source_word(const struct rule_head *rule)
{
	return *(const volatile __u64 *)&rule->owner;
}

/* The rule at a place. */
INLINE struct rule_head *source_rule(__u32 place)
{
	__u32 number = place / SOURCE_LINE;
	struct source_line *line = bpf_map_lookup_elem(&source_rules, &number);

	if (!line)
		return 0;
	/* Not before it is known to be there. */
	OPAQUE(line);
	return &line->rule[place % SOURCE_LINE];
}

/* Those of a rule's flags that say of which kind it is. */
INLINE __u32 kind_flags(enum rule_kind kind)
{
	switch (kind) {
	case KIND_ALLOW: return RULE_ALLOW | RULE_MANUAL;
	case KIND_MANUAL_DENY: return RULE_MANUAL;
	case KIND_MANUAL_PROVE: return RULE_MANUAL | RULE_PROVE;
	case KIND_AUTOMATIC_PROVE: return RULE_PROVE;
	case KIND_MANUAL_LIMIT: return RULE_MANUAL | RULE_LIMIT;
	case KIND_AUTOMATIC_LIMIT: return RULE_LIMIT;
	default: return 0;
	}
}

INLINE int source_is(__u32 place, const struct source_key *wanted)
{
	const struct source_key *key = bpf_map_lookup_elem(&source_keys, &place);

	return key && key->addr[0] == wanted->addr[0] && key->addr[1] == wanted->addr[1] &&
	       key->addr[2] == wanted->addr[2] && key->addr[3] == wanted->addr[3];
}

/*
 * From `place` on, the place of the rule with this word and, if given, this IPv6 address; a place beyond the table if
 * there is none. Global: verified once, not at each call.
 */
__attribute__((noinline)) __u32 source_search(__u32 place, __u64 wanted, const struct source_key *addr)
{
	int i;

	for (i = 0; i < SOURCE_PROBES; i++, place++) {
		struct rule_head *rule = source_rule(place);
		__u64 word = rule ? source_word(rule) : 0;

		if (!word)
			break;
		if ((word & SOURCE_MASK) == wanted && (!addr || source_is(place, addr)))
			return place;
	}
	return ~0U;
}

/*
 * The rule of the kind with these flags on an IPv4 prefix, and its place; null if there is none.
 *
 * Nearly every search ends in the first line. Which of its two rules it is cannot be predicted, and a branch that went wrong
 * would be found out only when the line has come from memory; so it is computed.
 */
INLINE struct rule_head *source4_find(__be32 addr, __u32 length, __u32 flags, __u32 *place)
{
	__u64 wanted = SOURCE_WORD(flags | RULE_IN_FORCE, length, addr), other;
	__u32 home = source_home(source_hash4(addr, length, config.hash_keys), config.source_lines);
	struct source_line *line = bpf_map_lookup_elem(&source_rules, &home);
	struct rule_head *rule;

	if (!line)
		return 0;
	other = (source_word(&line->rule[0]) & SOURCE_MASK) ^ wanted;
	other |= -other;
	OPAQUE(other);
	*place = other >> 63;
	rule = &line->rule[*place];
	*place += home * SOURCE_LINE;
	if (likely((source_word(rule) & SOURCE_MASK) == wanted))
		return rule;
	if (!source_word(rule))
		return 0;
	*place = source_search(home * SOURCE_LINE + SOURCE_LINE, wanted, 0);
	return source_rule(*place);
}

/* The place of such a rule on an IPv6 prefix; one beyond the table if there is none. */
INLINE __u32 source6_find(const struct source_key *first, __u32 length, __u32 flags)
{
	__u64 hash = source_hash6(first->addr, length, config.hash_keys);

	return source_search(source_home(hash, config.source_lines) * SOURCE_LINE,
			     SOURCE_WORD(flags | RULE_IPV6 | RULE_IN_FORCE, length, source_tag6(hash)), first);
}

#endif /* SLUICE_SOURCE_TABLE_BPF_H */
