#include "CSluiceTwin.h"

#include <stdlib.h>
#include <string.h>

#include "../../bpf/flows.bpf.h"
#include "../../bpf/parse.bpf.h"
#include "../../bpf/proof.bpf.h"
#include "../../bpf/sketch.bpf.h"

int sluice_twin_open(struct sluice_twin *twin, __u32 sets, const __u32 *hash_keys)
{
	memset(twin, 0, sizeof(*twin));
	twin->config.cpus = 1;
	twin->config.sets = sets;
	memcpy(twin->config.hash_keys, hash_keys, sizeof(twin->config.hash_keys));
	twin->sets = aligned_alloc(64, (size_t)sets * sizeof(*twin->sets));
	twin->proofs = calloc(PROOF_SETS, sizeof(*twin->proofs));
	if (!twin->sets || !twin->proofs) {
		sluice_twin_close(twin);
		return -1;
	}
	memset(twin->sets, 0, (size_t)sets * sizeof(*twin->sets));
	return 0;
}

void sluice_twin_close(struct sluice_twin *twin)
{
	free(twin->sets);
	free(twin->proofs);
	twin->sets = NULL;
	twin->proofs = NULL;
}

/* What a packet of the flow at `way` asks, or answers. */
static void prove(struct sluice_twin *twin, struct flow_set *set, __u32 way, const struct packet *packet, __u64 hash,
		  __u32 now)
{
	struct flow_entry *entry = &set->entries[way];

	if (tcp_is_syn_ack(packet)) {
		__u64 asked = proof_reverse_hash(packet, twin->config.hash_keys);

		proof_ask(&twin->proofs[proof_index(asked)], asked, bpf_ntohl(packet->sequence) + 1, now);
	} else if (flow_may_prove(set, way, packet)) {
		entry->fragments = proof_marks(&twin->proofs[proof_index(hash)], entry->fragments, hash,
					       bpf_ntohl(packet->acknowledged), now);
	}
}

int sluice_twin_count(struct sluice_twin *twin, const void *frame, __u32 captured, __u32 length, __u64 now)
{
	struct packet packet;
	/* The parser reads only; its pointers are not const because the kernel's are not. */
	void *data = (void *)frame;
	enum frame_kind kind = parse_frame(data, data + captured, &packet);

	packet.length = length;
	packet.count = 1;
	if (kind == FRAME_FLOW) {
		__u64 hash = flow_hash(&packet, twin->config.hash_keys);
		struct flow_set *set = &twin->sets[flow_set_index(hash, twin->config.sets)];
		struct flow_lost lost;
		__u32 way, time = now >> FLOW_TIME_SHIFT;

		/* Here nothing may be lost: a set in which a newcomer would have to contest a place is full. */
		if (flow_find(set, flow_tag(hash), &packet) == FLOW_WAYS && flow_age(set, flow_victim(set, hash)))
			return -1;
		if (flow_count(set, &packet, hash, time, &way, &lost) == FLOW_ASIDE)
			return -1;
		prove(twin, set, way, &packet, hash, time);
	}
	twin->totals.count[kind].packets++;
	twin->totals.count[kind].bytes += length;
	return kind;
}

__u64 sluice_twin_sketch_hash(const __be32 *address, __u8 family, __u64 seed)
{
	return sketch_hash(address, family, seed);
}
