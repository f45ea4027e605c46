/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one rule that was found makes of a packet: whether it applies, what it counts, what it lets through. Expiry is
 * enforced here, not by the agent.
 */
#ifndef SLUICE_RULE_BPF_H
#define SLUICE_RULE_BPF_H

#include "service.bpf.h"
#include "source_table.bpf.h"

/*
 * The other half of a rule. That of one on a source stands at the same place in another array, and is looked for only where it
 * is needed; `place` is a null pointer for a scope.
 */
INLINE struct rule_rest *rule_rest(struct rule_head *rule, const __u32 *place)
{
	return place ? bpf_map_lookup_elem(&source_rest, place) : &((struct rule *)rule)->rest;
}

INLINE int rule_is_over(struct rule_head *rule, const __u32 *place, __u64 now)
{
	const struct rule_rest *rest;

	if (likely(now >> EXPIRY_SHIFT < rule->expires))
		return 0;
	rest = rule_rest(rule, place);
	return !rest || now >= ((__u64)rule->expires << EXPIRY_SHIFT | rest->expires_low);
}

/*
 * Manual rules hold whatever becomes of the agent; automatic ones while `automatic` says so (dead-man's switch). Not ||, which
 * would have the verifier follow either value of `automatic` through every step of a search.
 */
INLINE int rule_applies(struct rule_head *rule, const __u32 *place, int automatic, __u64 now)
{
	return !rule_is_over(rule, place, now) && ((rule->flags & RULE_MANUAL) | automatic);
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
	if (rest->packet_time == LIMIT_CONFINES)
		return service_is_open_to_all(p);
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

/*
 * Whether the rule has the last word: one of the allow-list lets the packet pass, others drop it. A shadowed one counts, and
 * has not.
 */
INLINE int rule_decides(struct rule_head *rule, const __u32 *place, const struct packet *p, int automatic, __u64 now)
{
	if (!rule_applies(rule, place, automatic, now))
		return 0;
	if (rule->flags & (RULE_ALLOW | RULE_LIMIT)) {
		if (rule->flags & RULE_ALLOW)
			return 1;
		if (rule_conforms(rule, place, p, now))
			return 0;
	}
	rule_hit(rule, place, p, now);
	return !(rule->flags & RULE_SHADOW);
}

#endif /* SLUICE_RULE_BPF_H */
