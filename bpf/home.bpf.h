/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a source belongs (RFC 2827, RFC 3704): who comes in on the side of others in the name of one of ours is a martian, and so
 * is who names himself by an address that nobody on a wire has. What a martian says is evidence of nothing.
 *
 * The agent writes down what is ours, by routes and addresses. A gate of one bit for each IPv4 /16 and class of IPv6 /32 keeps all
 * others from paying for the search.
 */
#ifndef SLUICE_HOME_BPF_H
#define SLUICE_HOME_BPF_H

#include "parse.bpf.h"
#include "source_hash.bpf.h"

#define HOMES_MAX 4096
#define HOME_BITS 32

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, HOMES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct home_key);
	__type(value, __u32);
} homes SEC(".maps");

/* First the bits of IPv4, then those of IPv6. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * HOME_GATE_BITS / 64);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} home_gate SEC(".maps");

INLINE int home_may_be(const struct packet *p)
{
	__u32 bit = p->family == 4 ? bpf_ntohl(p->saddr[3]) >> 16 :
				     HOME_GATE_BITS + (gate6_index(bpf_ntohl(p->saddr[0]), 0) & (HOME_GATE_BITS - 1));
	__u32 word = bit / 64;
	__u64 *bits = bpf_map_lookup_elem(&home_gate, &word);

	return bits && *bits >> (bit & 63) & 1;
}

/* Whether an interface is on the side of others. 0 is this host itself. */
INLINE int is_outside(const struct sluice_control *control, __u32 interface)
{
	__u32 i;

	for (i = 0; i < OUTSIDE_MAX && control->outside[i]; i++)
		if (control->outside[i] == interface)
			return 1;
	return 0;
}

INLINE int is_home(const struct packet *p)
{
	struct home_key key = { .length = HOME_BITS + (p->family == 4 ? 32 : 128), .family = p->family };

	if (p->family == 4)
		key.addr[0] = p->saddr[3];
	else
		__builtin_memcpy(key.addr, p->saddr, 16);
	return bpf_map_lookup_elem(&homes, &key) != 0;
}

#endif /* SLUICE_HOME_BPF_H */
