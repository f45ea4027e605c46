/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which services of our side answer, for rules that leave a source those and nothing else.
 *
 * A scan cannot be proven to be of him whose name it has: its probes get no further than a SYN. So its source is confined
 * to services that are known to answer, which costs him nothing whose name was borrowed, and leaves the scanner nothing to find.
 *
 * Known is a TCP service that sent a SYN-ACK, and a UDP port that sent anything, on the way from our side. A set of each is one half
 * of a cache line; the longest silent gives way.
 */
#ifndef SLUICE_SERVICE_BPF_H
#define SLUICE_SERVICE_BPF_H

#include "flows.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SERVICE_SETS);
	__type(key, __u32);
	__type(value, struct service_set);
} services SEC(".maps");

/* The ways of a protocol: of one kind of service the others push out none. */
INLINE struct service *service_ways(const struct packet *name)
{
	__u64 hash = flow_hash(name, config.hash_keys);
	__u32 index = hash >> 16 & (SERVICE_SETS - 1);
	struct service_set *set = bpf_map_lookup_elem(&services, &index);

	return !set ? 0 : name->protocol == PROTO_TCP ? set->tcp : set->udp;
}

/* Never 0, which marks a free way. */
INLINE __u32 service_tag(const struct packet *name)
{
	return flow_hash(name, config.hash_keys) >> 32 | 1;
}

/* The sender of this packet answers at its port. */
INLINE void service_note(const struct packet *p, __u64 now)
{
	struct packet name = { .family = p->family, .protocol = p->protocol, .sport = p->sport };
	__u32 tag, time = now >> FLOW_TIME_SHIFT;
	struct service *ways, *oldest;
	int i;

	__builtin_memcpy(name.saddr, p->saddr, 16);
	ways = service_ways(&name);
	if (!ways)
		return;
	tag = service_tag(&name);
	oldest = ways;
#pragma unroll
	for (i = 0; i < SERVICE_WAYS; i++) {
		if (ways[i].tag == tag) {
			ways[i].seen = time;
			return;
		}
		if (!ways[i].tag || (oldest->tag && time - ways[i].seen > time - oldest->seen))
			oldest = &ways[i];
	}
	oldest->seen = time;
	oldest->tag = tag;
}

/* Whether the service that a packet goes to is known to answer. Global: verified once. */
__attribute__((noinline)) int service_answers(const struct packet *p)
{
	struct packet name = {};
	struct service *ways;
	__u32 tag;
	int i;

	if (!p)
		return 1;
	name.family = p->family;
	name.protocol = p->protocol;
	name.sport = p->dport;
	__builtin_memcpy(name.saddr, p->daddr, 16);
	ways = service_ways(&name);
	if (!ways)
		return 1;
	tag = service_tag(&name);
#pragma unroll
	for (i = 0; i < SERVICE_WAYS; i++)
		if (ways[i].tag == tag)
			return 1;
	return 0;
}

/* Whether a source that is confined may send this: all but beginnings at services that do not answer. */
INLINE int service_is_open_to_all(const struct packet *p)
{
	if (p->protocol == PROTO_TCP) {
		if (!p->ports || p->tcp_flags & (1 << TCP_ACK_BIT | 1 << TCP_RST_BIT))
			return 1;
	} else if (p->protocol != PROTO_UDP || !p->ports) {
		return 1;
	}
	return service_answers(p);
}

#endif /* SLUICE_SERVICE_BPF_H */
