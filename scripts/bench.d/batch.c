// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Nanoseconds an entry to read an LRU per-CPU hash of flows by BPF_MAP_LOOKUP_BATCH, which is how flows are usually read:
 * batch ENTRIES ROUNDS. Prints the median.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../bpf/sluice.h"
#include "load.h"

/* A flow's key with whole addresses. */
struct key {
	__u32 words[10];
};

#define BATCH 4096

static double read_all(int map, int entries, int cpus)
{
	struct key *keys = malloc(BATCH * sizeof(*keys));
	struct flow_entry *values = malloc((size_t)BATCH * cpus * sizeof(*values));
	__u32 position = 0, count, read = 0;
	double start = cpu_nanoseconds(), time;
	void *in = NULL;
	int status;

	do {
		count = BATCH;
		status = bpf_map_lookup_batch(map, in, &position, keys, values, &count, NULL);
		if (status && status != -ENOENT)
			die("cannot read the hash: %s", strerror(-status));
		read += count;
		in = &position;
	} while (!status);
	time = cpu_nanoseconds() - start;
	if (read < (__u32)entries * 9 / 10)
		die("read %u of %d entries", read, entries);
	free(keys);
	free(values);
	return time / read;
}

int main(int argc, char **argv)
{
	int cpus = libbpf_num_possible_cpus(), entries, rounds, map;
	double samples[MAX_ROUNDS];
	struct flow_entry *values;

	if (argc != 3)
		die("usage: batch ENTRIES ROUNDS");
	entries = atoi(argv[1]);
	rounds = atoi(argv[2]);
	if (entries < 1 || rounds < 1 || rounds > MAX_ROUNDS)
		die("entries must be at least 1, rounds 1 to %d", MAX_ROUNDS);
	map = bpf_map_create(BPF_MAP_TYPE_LRU_PERCPU_HASH, "flows", sizeof(struct key), sizeof(*values), entries * 2,
			     NULL);
	if (map < 0)
		die("cannot make the hash: %s", strerror(-map));
	values = calloc(cpus, sizeof(*values));
	for (int i = 0; i < entries; i++) {
		struct key key = { { i * 0x9e3779b1U } };

		if (bpf_map_update_elem(map, &key, values, BPF_ANY))
			die("cannot fill the hash");
	}
	for (int i = 0; i < rounds; i++)
		samples[i] = read_all(map, entries, cpus);
	printf("%.2f\n", median(samples, rounds));
	free(values);
	return 0;
}
