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
#include "../../bpf/source_hash.bpf.h"
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

/* Lines of the table that the agent makes with its default, or with so many rules configured: see DatapathOptions. */
static __u32 source_lines(__u32 rules)
{
	__u32 slots = (rules > 16384 ? rules : 16384) + 2 * 65536;

	return slots + slots / 8;
}

/* The map that holds an object's configuration. */
static struct bpf_map *constants_of(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (strstr(bpf_map__name(map), ".rodata"))
			return map;
	die("an object without configuration");
}

static const struct sluice_config *config_of(struct bpf_object *object)
{
	size_t size;

	return bpf_map__initial_value(constants_of(object), &size);
}

/* Denies a prefix; `word` says whose rule it is (SOURCE_WORD), `key` is for IPv6. */
static void add_rule(struct bpf_object *object, __u64 hash, __u64 word, const struct source_key *key)
{
	static struct bpf_object *last;
	static struct rule_head *rules;
	static struct source_key *keys;
	__u32 place = source_home(hash, config_of(object)->source_lines) * SOURCE_LINE;

	if (object != last) {
		rules = memory_of(map_of(object, "source_rules"));
		keys = memory_of(map_of(object, "source_keys"));
		last = object;
	}
	while (rules[place].flags)
		place++;
	if (key)
		keys[place] = *key;
	rules[place] = (struct rule_head){ .expires = EXPIRES_NEVER };
	rules[place].flags = word >> 16;
	rules[place].length = word >> 24;
	rules[place].key = word >> 32;
}

static void deny4(struct bpf_object *object, __be32 addr, __u32 length)
{
	add_rule(object, source_hash4(addr, length, config_of(object)->hash_keys),
		 SOURCE_WORD(RULE_IN_FORCE, length, addr), 0);
}

static void deny6(struct bpf_object *object, const struct source_key *key, __u32 length)
{
	__u64 hash = source_hash6(key->addr, length, config_of(object)->hash_keys);

	add_rule(object, hash, SOURCE_WORD(RULE_IN_FORCE | RULE_IPV6, length, source_tag6(hash)), key);
}

void ask_strangers(struct bpf_object *sluice)
{
	__u32 mixed = htonl(BENCH_DESTINATION) * 0x9e3779b1U;
	struct sluice_control *control = memory_of(map_of(sluice, "control"));
	__u64 *gate = memory_of(map_of(sluice, "scope_gate"));
	struct scope_key key = {
		.length = SCOPE_BITS,
		.kind = KIND_MANUAL_PROVE,
		.level = SCOPE_PORT,
		.family = 4,
		.protocol = 6,
		.dport = htons(80),
		.daddr[3] = htonl(BENCH_DESTINATION),
	};
	struct scope_rule value = {
		.rule.head = { .expires = EXPIRES_NEVER, .flags = RULE_MANUAL | RULE_PROVE },
		.rule.rest = { .packet_time = 20000000, .byte_time = 5000000 },
	};

	if (bpf_map_update_elem(bpf_map__fd(map_of(sluice, "scopes")), &key, &value, 0))
		die("cannot ask strangers");
	gate[mixed >> 20 & (SCOPE_GATE_SIZE - 1)] |= 1ULL << (KIND_MANUAL_PROVE * SCOPE_LEVELS + SCOPE_PORT);
	control->prove_rules = 1;
}

struct bpf_object *load_sluice(const char *path, __u32 blocked, __u32 slots)
{
	struct bpf_object *object = open_object(path);
	int cpus = libbpf_num_possible_cpus();
	__u32 count = blocked ? blocked : ELSEWHERE, lines, i;
	struct sluice_config config = { .cpus = cpus,
					.sets = slots / FLOW_WAYS,
					.source_lines = source_lines(count),
					.sketch_seed = 0x9e3779b97f4a7c15ULL };
	__u8 *gate;

	for (i = 0; i < HASH_KEYS; i++)
		config.hash_keys[i] = (i + 1) * 0x9e3779b1U;
	config.cookie_key[0] = 0x0706050403020100ULL;
	config.cookie_key[1] = 0x0f0e0d0c0b0a0908ULL;
	bpf_map__set_initial_value(constants_of(object), &config, sizeof(config));
	lines = config.source_lines + SOURCE_PROBES / SOURCE_LINE;
	bpf_map__set_max_entries(map_of(object, "flows"), GENERATIONS * cpus * config.sets);
	bpf_map__set_max_entries(map_of(object, "totals"), GENERATIONS * cpus);
	bpf_map__set_max_entries(map_of(object, "sketches"), GENERATIONS * cpus);
	bpf_map__set_max_entries(map_of(object, "source_rules"), lines);
	bpf_map__set_max_entries(map_of(object, "source_rest"), lines * SOURCE_LINE);
	bpf_map__set_max_entries(map_of(object, "source_keys"), lines * SOURCE_LINE);
	load(object, path);
	gate = memory_of(map_of(object, "gate4"));
	for (i = 0; i < count; i++) {
		deny4(object, denied(blocked, i), 32);
		gate[ntohl(denied(blocked, i)) >> 8] |= GATE_AUTOMATIC_EXACT;
	}
	return object;
}

void deny_prefixes4(struct bpf_object *sluice, __u32 count, int elsewhere)
{
	__u8 *gate = memory_of(map_of(sluice, "gate4"));
	__u32 *lengths = memory_of(map_of(sluice, "lengths4"));

	for (__u32 i = 0; i < count; i++) {
		__u32 first = (elsewhere ? 0xb0000000U : BENCH_FIRST_SOURCE) + (i << 8);

		deny4(sluice, htonl(first), 24);
		gate[first >> 8] |= GATE_AUTOMATIC_PREFIX;
		lengths[first >> 16] |= 1U << (31 - 24);
	}
}

void deny_prefixes6(struct bpf_object *sluice, __u32 count)
{
	__u8 *gate = memory_of(map_of(sluice, "gate6"));
	struct lengths6 *lengths = memory_of(map_of(sluice, "lengths6"));

	for (__u32 i = 0; i < count; i++) {
		struct source_key key = { .addr = { htonl(BENCH_FIRST_WORD), htonl(i << 16) } };
		__u32 class = gate6_index(BENCH_FIRST_WORD, i | 1U << 16);

		deny6(sluice, &key, 48);
		gate[class] |= GATE_AUTOMATIC_PREFIX;
		lengths[class].open[1] |= 1ULL << (63 - 48);
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
