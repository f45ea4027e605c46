#pragma once
/*
 * The data plane's parser and flow table, compiled for the host: the same source files as in the kernel, on one segment
 * of memory. Replay counts captures with it, and fuzzers reach the parser through it.
 */
#include "../../../bpf/sluice.h"

struct sluice_twin {
	struct flow_set *sets;    /* config.sets of them, 64-byte aligned */
	struct proof_set *proofs; /* PROOF_SETS of them */
	struct frame_totals totals;
	struct sluice_config config;
};

/* Makes an empty table of `sets` (a power of two). Returns 0, or -1 when memory is short. */
int sluice_twin_open(struct sluice_twin *twin, __u32 sets, const __u32 *hash_keys);
void sluice_twin_close(struct sluice_twin *twin);

/*
 * Counts a frame of `length` bytes seen at `now` (ns), of which the first `captured` are at `frame`. Returns the enum frame_kind it was counted as, or -1 when its flow
 * finds no place: nothing is counted then; drain the table and call again, which cannot fail.
 */
int sluice_twin_count(struct sluice_twin *twin, const void *frame, __u32 captured, __u32 length, __u64 now);

/* sketch_hash() of the data plane, for the test that holds it and Swift's together. */
__u64 sluice_twin_sketch_hash(const __be32 *address, __u8 family, __u64 seed);
