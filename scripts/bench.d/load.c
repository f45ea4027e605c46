// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "load.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "../../bpf/sluice.h"
#include "driver.h"

/* Denied sources that no packet comes from, in the cases that pass. */
#define ELSEWHERE 10000

void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "bench: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	exit(1);
}

int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

struct bpf_object *open_object(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);

	if (!object)
		die("cannot open %s", path);
	return object;
}

struct bpf_map *map_of(struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		die("no map %s", name);
	return map;
}

int program_of(struct bpf_object *object, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (!program)
		die("no program %s", name);
	return bpf_program__fd(program);
}

void *memory_of(struct bpf_map *map)
{
	size_t value = (bpf_map__value_size(map) + 7) / 8 * 8,
	       size = (value * bpf_map__max_entries(map) + 4095) / 4096 * 4096;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		die("cannot map %s", bpf_map__name(map));
	return memory;
}

void load(struct bpf_object *object, const char *path)
{
	if (bpf_object__load(object))
		die("cannot load %s", path);
}

/* The i-th denied source. Those elsewhere are far from the traffic's. */
static __u32 denied(__u32 blocked, __u32 i)
{
	return htonl((blocked ? BENCH_FIRST_SOURCE : 0xac100000U) + i);
}

int load_filter(const char *path, __u32 blocked)
{
	struct bpf_object *object = open_object(path);
	__u32 count = blocked ? blocked : ELSEWHERE, i;
	struct bpf_map *map = map_of(object, "filter_ipv4"), *each;
	int cpus = libbpf_num_possible_cpus();
	__u64 *value = malloc(cpus * sizeof(*value));

	/* Its maps are pinned by name; here each case has its own. */
	bpf_object__for_each_map(each, object)
		bpf_map__set_pin_path(each, NULL);
	if (count > bpf_map__max_entries(map))
		bpf_map__set_max_entries(map, count);
	load(object, path);
	for (int cpu = 0; cpu < cpus; cpu++)
		value[cpu] = 1; /* deny as a source */
	for (i = 0; i < count; i++) {
		__u32 key = denied(blocked, i);

		if (bpf_map_update_elem(bpf_map__fd(map), &key, value, 0))
			die("cannot deny a source in xdp-filter");
	}
	free(value);
	return program_of(object, "xdpfilt_alw_ip");
}

/* As many rules as the agent's default has room for, or as many as there are. */
static __u32 rule_slots(__u32 rules)
{
	return rules > 131072 ? rules : 131072;
}

/* Puts a rule on an IPv4 source into the exact table; see exact_hash4() and EXACT_PROBES. */
static void add_rule(struct rule_head *rules, const struct sluice_config *config, __be32 addr)
{
	__u64 hash = ((__u64)config->hash_keys[0] << 32 | config->hash_keys[1] | 1) * addr +
		     ((__u64)config->hash_keys[2] << 32 | config->hash_keys[3]);
	struct rule_head *rule;

	hash = (hash ^ hash >> 32) * 0xbf58476d1ce4e5b9ULL;
	rule = rules + ((hash >> 32) * config->exact_lines >> 32) * EXACT_LINE;
	while (rule->flags)
		rule++;
	*rule = (struct rule_head){ .expires = EXPIRES_NEVER, .length = 32, .flags = RULE_IN_FORCE, .key = addr };
}

struct bpf_object *load_sluice(const char *path, __u32 blocked, __u32 slots)
{
	struct bpf_object *object = open_object(path);
	int cpus = libbpf_num_possible_cpus();
	struct sluice_config config = { .cpus = cpus, .sets = slots / FLOW_WAYS, .ipv6_prefix = 64 };
	__u32 count = blocked ? blocked : ELSEWHERE, lines, i;
	struct rule_head *rules;
	struct bpf_map *map;
	__u8 *gate;

	for (i = 0; i < HASH_KEYS; i++)
		config.hash_keys[i] = (i + 1) * 0x9e3779b1U;
	config.sketch_seed = 0x9e3779b97f4a7c15ULL;
	config.exact_lines = rule_slots(count);
	lines = config.exact_lines + EXACT_PROBES / EXACT_LINE;
	bpf_object__for_each_map(map, object)
		if (strstr(bpf_map__name(map), ".rodata"))
			bpf_map__set_initial_value(map, &config, sizeof(config));
	bpf_map__set_max_entries(map_of(object, "flows"), GENERATIONS * cpus * config.sets);
	bpf_map__set_max_entries(map_of(object, "totals"), GENERATIONS * cpus);
	bpf_map__set_max_entries(map_of(object, "sketches"), GENERATIONS * cpus);
	bpf_map__set_max_entries(map_of(object, "exact_rules"), lines);
	bpf_map__set_max_entries(map_of(object, "exact_rest"), lines * EXACT_LINE);
	bpf_map__set_max_entries(map_of(object, "exact_keys"), lines * EXACT_LINE);
	load(object, path);
	gate = memory_of(map_of(object, "gate4"));
	rules = memory_of(map_of(object, "exact_rules"));
	for (i = 0; i < count; i++) {
		add_rule(rules, &config, denied(blocked, i));
		gate[ntohl(denied(blocked, i)) >> 8] |= GATE_AUTOMATIC_EXACT;
	}
	return object;
}

void deny_prefixes(struct bpf_object *sluice, __u32 count, int elsewhere)
{
	int prefixes = bpf_map__fd(map_of(sluice, "adeny_prefix4"));
	__u8 *gate = memory_of(map_of(sluice, "gate4"));

	for (__u32 i = 0; i < count; i++) {
		__u32 first = (elsewhere ? 0xb0000000U : BENCH_FIRST_SOURCE) + (i << 8);
		struct prefix4_key key = { .length = 24, .addr = htonl(first) };
		struct rule rule = { .head = { .expires = EXPIRES_NEVER, .length = 24 }, .rest = { .id = i + 1 } };

		if (bpf_map_update_elem(prefixes, &key, &rule, 0))
			die("cannot deny a prefix");
		gate[first >> 8] |= GATE_AUTOMATIC_PREFIX;
	}
}

double cpu_nanoseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static int compare(const void *left, const void *right)
{
	double difference = *(const double *)left - *(const double *)right;

	return (difference > 0) - (difference < 0);
}

double median(double *values, int count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}
