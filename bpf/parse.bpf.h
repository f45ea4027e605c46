/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a frame to a flow's key.
 *
 * Each parse_*() starts at cursor->at, checks every byte it reads against cursor->end, and either fills its part of
 * `struct packet` and returns FRAME_FLOW, or returns the kind the frame is to be counted as. Network order stays
 * network order. Nothing is trusted but `end`: neither IP total length nor checksums are judged, as a host that gets a
 * frame does not know them yet either.
 *
 * The outermost IP header counts; tunnels are not opened. docs/dataplane.md has the threat model.
 */
#ifndef SLUICE_PARSE_BPF_H
#define SLUICE_PARSE_BPF_H

#include "platform.bpf.h"

#define VLAN_MAX_DEPTH     2
#define IPV6_EXT_MAX_CHAIN 8
/* Further tags, behind which rules still look: as many as fit into a frame of the usual size. */
#define MORE_TAGS_MAX 375

/* Bits of packet.tcp_flags. */
#define TCP_FIN_BIT 0
#define TCP_SYN_BIT 1
#define TCP_RST_BIT 2
#define TCP_ACK_BIT 4

struct packet {
	__be32 saddr[4]; /* IPv4 in the last word, the others 0 */
	__be32 daddr[4];
	union {
		struct {
			__be16 sport;
			__be16 dport;
		};
		__be32 ports; /* as they stand in the frame */
	};
	__u8 protocol;
	__u8 family; /* 4 or 6 */
	__u8 tcp_flags;
	__u8 fragment;
	__be32 sequence; /* TCP's numbers, as they stand in the frame */
	__be32 acknowledged;
	__u32 length;  /* bytes of all `count` frames */
	__u32 count;   /* frames this stands for: more than one for a GSO packet on egress */
	__u16 network; /* where the IP header begins */
	__u16 pad;
};

INLINE int tcp_is_syn_ack(const struct packet *p)
{
	return (p->tcp_flags & (1 << TCP_SYN_BIT | 1 << TCP_ACK_BIT | 1 << TCP_RST_BIT)) ==
	       (1 << TCP_SYN_BIT | 1 << TCP_ACK_BIT);
}

struct cursor {
	void *at;
	void *end;
};

struct ethernet_header {
	__u8 addresses[12];
	__be16 type;
} IN_FRAME;

struct vlan_tag {
	__be16 control;
	__be16 type;
} IN_FRAME;

struct ipv4_header {
	__u8 version_length;
	__u8 service;
	__be16 total_length;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__be16 checksum;
	__be32 saddr;
	__be32 daddr;
} IN_FRAME;

struct ipv6_header {
	__be32 version_flow;
	__be16 payload_length;
	__u8 next;
	__u8 hop_limit;
	__be32 saddr[4];
	__be32 daddr[4];
} IN_FRAME;

struct port_pair {
	__be32 ports;
} IN_FRAME;

struct tcp_numbers {
	__be32 sequence;
	__be32 acknowledged;
} IN_FRAME;

/* The part that all extension headers share, and a fragment header's offset. */
struct ipv6_extension {
	__u8 next;
	__u8 length;
	__be16 offset_flags;
	__be32 id;
} IN_FRAME;

enum {
	PROTO_HOP_BY_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_DCCP = 33,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AUTHENTICATION = 51,
	PROTO_ICMPV6 = 58,
	PROTO_DESTINATION = 60,
	PROTO_SCTP = 132,
	PROTO_UDPLITE = 136,
};

INLINE int is_vlan(__be16 type)
{
	return type == bpf_htons(0x8100) || type == bpf_htons(0x88a8) || type == bpf_htons(0x9100);
}

/* Ethernet type behind at most VLAN_MAX_DEPTH tags; 0 when the frame ends before it. */
INLINE __be16 parse_ethernet(struct cursor *cursor)
{
	struct ethernet_header *ethernet = cursor->at;
	struct vlan_tag *tag;
	__be16 type;
	int depth;

	if ((void *)(ethernet + 1) > cursor->end)
		return 0;
	cursor->at = ethernet + 1;
	type = ethernet->type;
#pragma unroll
	for (depth = 0; depth < VLAN_MAX_DEPTH; depth++) {
		if (likely(!is_vlan(type)))
			break;
		tag = cursor->at;
		if ((void *)(tag + 1) > cursor->end)
			return 0;
		type = tag->type;
		cursor->at = tag + 1;
	}
	return type;
}

/*
 * What was known of a number is forgotten: the verifier looks at this function by itself. Else it would follow each value
 * to the end of the program.
 */
__attribute__((noinline)) __u32 any_number(__u32 number)
{
	OPAQUE(number);
	return number;
}

/*
 * Ethernet type behind further tags. Such a frame is in no flow, but hosts take off any number of tags (Linux those of
 * VLAN 0 unasked), so rules must see who sent it.
 */
INLINE __be16 parse_more_tags(struct cursor *cursor, __be16 type)
{
	struct vlan_tag *tag;
	__u32 skipped = 0;

	while (is_vlan(type)) {
		tag = cursor->at + skipped;
		if (skipped == MORE_TAGS_MAX * sizeof(*tag) || (void *)(tag + 1) > cursor->end)
			return 0;
		type = tag->type;
		skipped += sizeof(*tag);
	}
	skipped = any_number(skipped);
	if (skipped > MORE_TAGS_MAX * sizeof(*tag))
		return 0;
	cursor->at += skipped;
	return type;
}

/* Ports, ICMP type and code, TCP flags: as much of them as the frame holds. */
INLINE void parse_transport(const struct cursor *cursor, struct packet *packet)
{
	const __u8 *header = cursor->at;

	switch (packet->protocol) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_DCCP:
	case PROTO_SCTP:
	case PROTO_UDPLITE:
		if ((void *)(header + 4) > cursor->end)
			return;
		packet->ports = ((const struct port_pair *)header)->ports;
		if (packet->protocol == PROTO_TCP && (void *)(header + 14) <= cursor->end) {
			const struct tcp_numbers *numbers = (const void *)(header + 4);

			packet->sequence = numbers->sequence;
			packet->acknowledged = numbers->acknowledged;
			packet->tcp_flags = header[13];
		}
		return;
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		/* type * 256 + code, as in IPFIX: the two bytes as they stand */
		if ((void *)(header + 2) <= cursor->end)
			packet->dport = ((const __be16 *)header)[0];
		return;
	}
}

INLINE enum frame_kind parse_ipv4(struct cursor *cursor, struct packet *packet)
{
	struct ipv4_header *ip = cursor->at;
	__u32 length;

	if (unlikely((void *)(ip + 1) > cursor->end))
		return FRAME_SHORT;
	if (unlikely(ip->version_length >> 4 != 4))
		return FRAME_VERSION;
	length = (ip->version_length & 15) * 4;
	if (unlikely(length < sizeof(*ip) || cursor->at + length > cursor->end))
		return FRAME_HEADER_LENGTH;
	packet->family = 4;
	packet->saddr[3] = ip->saddr;
	packet->daddr[3] = ip->daddr;
	packet->protocol = ip->protocol;
	packet->fragment = (ip->fragment & bpf_htons(0x3fff)) != 0;
	cursor->at += length;
	/* What follows the header of a later fragment is payload: its first bytes are no ports. */
	if (likely(!(ip->fragment & bpf_htons(0x1fff))))
		parse_transport(cursor, packet);
	return FRAME_FLOW;
}

INLINE int is_extension(__u8 next)
{
	return next == PROTO_HOP_BY_HOP || next == PROTO_ROUTING || next == PROTO_DESTINATION ||
	       next == PROTO_FRAGMENT || next == PROTO_AUTHENTICATION;
}

/* Eight extension headers of the greatest length. */
#define IPV6_EXT_MAX_BYTES (IPV6_EXT_MAX_CHAIN * 2048)

INLINE enum frame_kind parse_ipv6(struct cursor *cursor, struct packet *packet)
{
	struct ipv6_header *ip = cursor->at;
	struct ipv6_extension *extension;
	__u32 length, skipped = 0;
	__u8 next;
	int steps;

	if (unlikely((void *)(ip + 1) > cursor->end))
		return FRAME_SHORT;
	if (unlikely((((const __u8 *)ip)[0]) >> 4 != 6))
		return FRAME_VERSION;
	packet->family = 6;
	__builtin_memcpy(packet->saddr, ip->saddr, 16);
	__builtin_memcpy(packet->daddr, ip->daddr, 16);
	cursor->at = ip + 1;
	next = ip->next;
	for (steps = 0; steps < IPV6_EXT_MAX_CHAIN; steps++) {
		if (likely(!is_extension(next)))
			break;
		extension = cursor->at + skipped;
		if ((void *)(extension + 1) > cursor->end)
			return FRAME_EXTENSION;
		length = (extension->length + 1) * 8;
		if (next == PROTO_FRAGMENT) {
			packet->fragment = 1;
			if (extension->offset_flags & bpf_htons(0xfff8)) {
				packet->protocol = extension->next;
				return FRAME_FLOW;
			}
			length = sizeof(*extension);
		} else if (next == PROTO_AUTHENTICATION) {
			length = (extension->length + 2) * 4;
		}
		next = extension->next;
		/* By which headers it came here is forgotten, or the verifier would follow each of the ways through eight of them. */
		skipped = any_number(skipped + length);
		if (skipped > IPV6_EXT_MAX_BYTES || cursor->at + skipped > cursor->end)
			return FRAME_EXTENSION;
	}
	cursor->at += skipped;
	packet->protocol = next;
	/*
	 * Hosts deliver what stands behind any number of headers, so such a packet is in a flow: one of the next header's number,
	 * without ports, for they are not looked for any further.
	 */
	if (unlikely(is_extension(next)))
		return FRAME_FLOW;
	parse_transport(cursor, packet);
	return FRAME_FLOW;
}

/*
 * Fills `packet` but for `length` and `count`. FRAME_FLOW: it is complete. Any other kind: if `family` is not 0 the
 * addresses are known, and rules apply; the rest may be missing.
 */
INLINE enum frame_kind parse_frame(void *data, void *end, struct packet *packet)
{
	struct cursor cursor = { data, end };
	__be16 type = parse_ethernet(&cursor);
	enum frame_kind kind = FRAME_OTHER;
	int is_deep = is_vlan(type);

	__builtin_memset(packet, 0, sizeof(*packet));
	if (unlikely(is_deep))
		type = parse_more_tags(&cursor, type);
	packet->network = cursor.at - data;
	if (likely(type == bpf_htons(0x0800)))
		kind = parse_ipv4(&cursor, packet);
	else if (type == bpf_htons(0x86dd))
		kind = parse_ipv6(&cursor, packet);
	return unlikely(is_deep) ? FRAME_OTHER : kind;
}

#endif /* SLUICE_PARSE_BPF_H */
