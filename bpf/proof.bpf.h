/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who can receive what is sent to him.
 *
 * Anybody can send SYNs, data and resets in another's name. Only who receives the callee's SYN-ACK knows the number in it: 32 bits
 * that the callee draws for each connection (RFC 9293 3.4.1, RFC 6528). So each SYN-ACK asks a question, which stands here until
 * the caller's ACK has answered it, and the flow is proven from then on. A blind sender must guess: he gets PROOF_TRIES tries at each
 * SYN-ACK, of which one in 2^32 is right. (docs/evidence.md has the argument as a whole.)
 *
 * Questions are asked by SYN-ACKs only, and answers looked for in the first ACK of a flow's entry and those that follow a SYN: packets
 * of known flows pay a test of one bit. Both tables are bounded, and the hash that finds a place in them is keyed (flow_hash).
 */
#ifndef SLUICE_PROOF_BPF_H
#define SLUICE_PROOF_BPF_H

#include "flows.bpf.h"

#define PROOF_TRIES 3
/* Two hours, in units of 2^FLOW_TIME_SHIFT ns: as long as keep-alive probes may be apart (RFC 1122 4.2.3.6). */
#define PROOF_LIFE ((7200ULL * 1000000000ULL) >> FLOW_TIME_SHIFT)

#define PROOF_TRIED 0xffULL

/* Which flow a proof is of; never 0. */
INLINE __u64 proof_name(__u64 hash)
{
	return (hash & ~PROOF_TRIED) ?: PROOF_TRIED + 1;
}

INLINE __u32 proof_index(__u64 hash)
{
	return hash >> 16 & (PROOF_SETS - 1);
}

/* The hash of the flow that a packet's flow answers. */
INLINE __u64 proof_reverse_hash(const struct packet *p, const volatile __u32 *keys)
{
	struct packet caller = { .family = p->family, .protocol = p->protocol, .sport = p->dport, .dport = p->sport };

	__builtin_memcpy(caller.saddr, p->daddr, 16);
	__builtin_memcpy(caller.daddr, p->saddr, 16);
	return flow_hash(&caller, keys);
}

/* The oldest of these, or a free one. */
INLINE struct proof *proof_oldest(struct proof *ways, __u32 now)
{
	struct proof *oldest = ways;
	int i;

#pragma unroll
	for (i = 0; i < PROOF_WAYS; i++) {
		if (!ways[i].flow)
			return &ways[i];
		if (now - ways[i].seen > now - oldest->seen)
			oldest = &ways[i];
	}
	return oldest;
}

INLINE struct proof *proof_find(struct proof *ways, __u64 name)
{
	int i;

#pragma unroll
	for (i = 0; i < PROOF_WAYS; i++)
		if ((ways[i].flow & ~PROOF_TRIED) == name)
			return &ways[i];
	return 0;
}

/* A SYN-ACK asks the flow of its receiver for the number after its own. One that is sent again asks the same, and grants no tries. */
INLINE void proof_ask(struct proof_set *set, __u64 hash, __u32 number, __u32 now)
{
	__u64 name = proof_name(hash);
	struct proof *proof = proof_find(set->asked, name);

	if (proof && proof->number == number)
		return;
	if (!proof)
		proof = proof_oldest(set->asked, now);
	proof->number = number;
	proof->seen = now;
	proof->flow = name;
}

/*
 * The marks (enum flow_mark) of a flow after an ACK. Proven is who gives the number that is asked for, or gave it before. While
 * something is asked that the ACK does not answer, the flow stays unsure.
 */
INLINE __u32 proof_marks(struct proof_set *set, __u32 marks, __u64 hash, __u32 acknowledged, __u32 now)
{
	__u64 name = proof_name(hash);
	struct proof *asked = proof_find(set->asked, name), *proven = proof_find(set->proven, name);

	if (asked && asked->number != acknowledged) {
		if ((asked->flow & PROOF_TRIED) + 1 < PROOF_TRIES)
			asked->flow++;
		else
			asked->flow = 0;
		return marks;
	}
	marks &= ~FLOW_UNSURE;
	if (asked) {
		asked->flow = 0;
		if (!proven)
			proven = proof_oldest(set->proven, now);
		proven->number = acknowledged;
		proven->flow = name;
	} else if (!proven || now - proven->seen > PROOF_LIFE) {
		return marks;
	}
	proven->seen = now;
	return marks | FLOW_PROVEN;
}

#endif /* SLUICE_PROOF_BPF_H */
