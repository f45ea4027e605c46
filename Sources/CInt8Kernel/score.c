#include "dot.h"

/* As in Autoencoder. */
#define MULTIPLIER_BITS 24
#define LARGEST_ERROR   480

typedef void dot_t(const struct layer *layer, uint32_t block, const lanes *quads, lanes *sums);

/* Sums in units of the next layer: products of 64 bits, of the even rows and of the odd ones, of which 32 are kept. */
static inline __attribute__((always_inline)) void scale(lanes *sums, int32_t multiplier)
{
	half_lanes even = (half_lanes)*sums << 32 >> 32, odd = (half_lanes)*sums >> 32;
	half_lanes rounding = (half_lanes){} + (1 << (MULTIPLIER_BITS - 1));
	unsigned_half_lanes low = (unsigned_half_lanes)(even * multiplier + rounding) >> MULTIPLIER_BITS & UINT32_MAX;
	unsigned_half_lanes high =
		(unsigned_half_lanes)(odd * multiplier + rounding) << (32 - MULTIPLIER_BITS) & ~(uint64_t)UINT32_MAX;
	*sums = (lanes)(low | high);
}

/* The saturating parabola of Autoencoder, 128 being zero. */
static inline __attribute__((always_inline)) void activate(lanes *x)
{
	lanes sign = *x >> 31;
	lanes magnitude = __builtin_elementwise_min(__builtin_elementwise_abs(*x), (lanes){} + 255);
	lanes y = __builtin_elementwise_min(magnitude - (magnitude * magnitude >> 9), (lanes){} + 127);
	*x = (y ^ sign) - sign + 128;
}

/* Adds squared errors of outputs, in 1/256 of the squared usual error. */
static inline __attribute__((always_inline)) void add_errors(lanes *total, lanes *outputs, const lanes *inputs,
							     const struct output *output)
{
	lanes difference = __builtin_elementwise_abs((*inputs - 128) * 16 - *outputs);
	difference = __builtin_elementwise_min(difference, (lanes){} + output->error_limit);
	lanes error = __builtin_elementwise_min(difference * output->error_scale >> 16, (lanes){} + LARGEST_ERROR);
	*total = (lanes)((unsigned_lanes)*total + (unsigned_lanes)(error * error));
}

/* Trades lanes of two registers: a step in the transposition of sixteen of them. */
static inline __attribute__((always_inline)) void trade_1(lanes *a, lanes *b)
{
	lanes low = __builtin_shufflevector(*a, *b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
	lanes high = __builtin_shufflevector(*a, *b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
	*a = low;
	*b = high;
}

static inline __attribute__((always_inline)) void trade_2(lanes *a, lanes *b)
{
	lanes low = __builtin_shufflevector(*a, *b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
	lanes high = __builtin_shufflevector(*a, *b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
	*a = low;
	*b = high;
}

static inline __attribute__((always_inline)) void trade_4(lanes *a, lanes *b)
{
	lanes low = __builtin_shufflevector(*a, *b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
	lanes high = __builtin_shufflevector(*a, *b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
	*a = low;
	*b = high;
}

static inline __attribute__((always_inline)) void trade_8(lanes *a, lanes *b)
{
	lanes low = __builtin_shufflevector(*a, *b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
	lanes high = __builtin_shufflevector(*a, *b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
	*a = low;
	*b = high;
}

/* Turns sixteen quads of sixteen rows into sixteen rows' quads. */
static inline __attribute__((always_inline)) void transpose(lanes block[ROWS])
{
#pragma clang loop unroll(full)
	for (int i = 0; i < ROWS; i += 2)
		trade_1(&block[i], &block[i + 1]);
#pragma clang loop unroll(full)
	for (int i = 0; i < ROWS / 2; i++)
		trade_2(&block[i / 2 * 4 + i % 2], &block[i / 2 * 4 + i % 2 + 2]);
#pragma clang loop unroll(full)
	for (int i = 0; i < ROWS / 2; i++)
		trade_4(&block[i / 4 * 8 + i % 4], &block[i / 4 * 8 + i % 4 + 4]);
#pragma clang loop unroll(full)
	for (int i = 0; i < ROWS / 2; i++)
		trade_8(&block[i], &block[i + 8]);
}

/* Puts rows side by side: inputs 4i to 4i + 3 of each row into quads[i], 128 being zero. */
static inline __attribute__((always_inline)) void load(const int8_t *rows, size_t count, uint32_t width, lanes *quads)
{
	uint32_t whole = count == ROWS ? width / sizeof(lanes) * ROWS : 0;
	for (uint32_t first = 0; first < whole; first += ROWS) {
		lanes block[ROWS];
#pragma clang loop unroll(full)
		for (int row = 0; row < ROWS; row++)
			memcpy(&block[row], rows + row * width + first * QUAD, sizeof(lanes));
		transpose(block);
#pragma clang loop unroll(full)
		for (int i = 0; i < ROWS; i++)
			quads[first + i] = block[i] ^ (int32_t)0x80808080;
	}
	for (uint32_t quad = whole; quad < width / QUAD; quad++) {
		for (size_t row = 0; row < count; row++)
			memcpy((int32_t *)&quads[quad] + row, rows + row * width + quad * QUAD, QUAD);
		quads[quad] ^= (int32_t)0x80808080;
	}
	if (width % QUAD) {
		lanes *rest = &quads[width / QUAD];
		for (size_t row = 0; row < count; row++)
			memcpy((int32_t *)rest + row, rows + row * width + width / QUAD * QUAD, width % QUAD);
		*rest ^= (int32_t)0x80808080;
	}
}

/* Compiled once for each set of instructions: with `dot`, what is above becomes theirs. */
static inline __attribute__((always_inline)) void score(const struct int8_network *network, dot_t *dot,
							const int8_t *rows, size_t count, int32_t *scores)
{
	lanes inputs[MOST_QUADS], values[2][MOST_QUADS], sums[BLOCK];
	const struct layer *last = &network->layers[network->count - 1];
	memset(inputs, 0, last->blocks * BLOCK / QUAD * sizeof(lanes));
	for (size_t start = 0; start < count; start += ROWS) {
		size_t some = count - start < ROWS ? count - start : ROWS;
		load(rows + start * network->width, some, network->width, inputs);
		const lanes *from = inputs;
		for (uint32_t i = 0; i + 1 < network->count; i++) {
			const struct layer *layer = &network->layers[i];
			for (uint32_t block = 0; block < layer->blocks; block++) {
				dot(layer, block, from, sums);
				lanes *to = &values[i % 2][block * BLOCK / QUAD];
#pragma clang loop unroll(full)
				for (int output = 0; output < BLOCK; output++) {
					lanes x = sums[output];
					scale(&x, layer->outputs[block * BLOCK + output].multiplier);
					activate(&x);
					if (output % QUAD == 0)
						to[output / QUAD] = x;
					else
						to[output / QUAD] |= x << output % QUAD * 8;
				}
			}
			from = values[i % 2];
		}
		lanes total = {};
		for (uint32_t block = 0; block < last->blocks; block++) {
			dot(last, block, from, sums);
#pragma clang loop unroll(full)
			for (int i = 0; i < BLOCK; i++) {
				const struct output *output = &last->outputs[block * BLOCK + i];
				lanes x = sums[i];
				lanes input = inputs[(block * BLOCK + i) / QUAD] >> i % QUAD * 8 & 255;
				scale(&x, output->multiplier);
				add_errors(&total, &x, &input, output);
			}
		}
		memcpy(scores + start, &total, some * sizeof(scores[0]));
	}
}

static void score_portable(const struct int8_network *network, const int8_t *rows, size_t count, int32_t *scores)
{
	score(network, dot_portable, rows, count, scores);
}

#ifdef __x86_64__
__attribute__((target(TARGET_AVX2))) static void score_avx2(const struct int8_network *network, const int8_t *rows,
							    size_t count, int32_t *scores)
{
	score(network, dot_avx2, rows, count, scores);
}

__attribute__((target(TARGET_AVX_VNNI))) static void score_avx_vnni(const struct int8_network *network,
								    const int8_t *rows, size_t count, int32_t *scores)
{
	score(network, dot_avx_vnni, rows, count, scores);
}

__attribute__((target(TARGET_AVX512_VNNI))) static void
score_avx512_vnni(const struct int8_network *network, const int8_t *rows, size_t count, int32_t *scores)
{
	score(network, dot_avx512_vnni, rows, count, scores);
}

#include <cpuid.h>

/* AVX-VNNI has no name that every compiler's __builtin_cpu_supports knows: leaf 7, subleaf 1. */
static int has_avx_vnni(void)
{
	unsigned a, b, c, d;
	return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1 << 4);
}

int int8_supports(enum int8_variant variant)
{
	switch (variant) {
	case INT8_PORTABLE: return 1;
	case INT8_AVX2: return !!__builtin_cpu_supports("avx2");
	case INT8_AVX_VNNI: return has_avx_vnni();
	case INT8_AVX512_VNNI:
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
		       __builtin_cpu_supports("avx512vnni");
	}
	return 0;
}

void int8_network_score(const struct int8_network *network, enum int8_variant variant, const int8_t *rows, size_t count,
			int32_t *scores)
{
	switch (variant) {
	case INT8_PORTABLE: return score_portable(network, rows, count, scores);
	case INT8_AVX2: return score_avx2(network, rows, count, scores);
	case INT8_AVX_VNNI: return score_avx_vnni(network, rows, count, scores);
	case INT8_AVX512_VNNI: return score_avx512_vnni(network, rows, count, scores);
	}
}
#else
int int8_supports(enum int8_variant variant)
{
	return variant == INT8_PORTABLE;
}

void int8_network_score(const struct int8_network *network, enum int8_variant variant, const int8_t *rows, size_t count,
			int32_t *scores)
{
	(void)variant;
	score_portable(network, rows, count, scores);
}
#endif
