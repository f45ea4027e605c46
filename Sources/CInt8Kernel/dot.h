/*
 * Eight outputs of sixteen rows: sums[output][row] = bias + sum over the inputs of weight * activation.
 *
 * The only part that is written for each set of instructions. `quads` holds the rows' inputs, four bytes a lane.
 */
#pragma once

#include "network.h"

#include <string.h>

/* A 32-bit number of each row. The compiler makes it one register, or several. */
typedef int32_t lanes __attribute__((vector_size(ROWS * 4)));
typedef uint32_t unsigned_lanes __attribute__((vector_size(ROWS * 4)));
typedef int64_t half_lanes __attribute__((vector_size(ROWS * 4)));
typedef uint64_t unsigned_half_lanes __attribute__((vector_size(ROWS * 4)));

static inline void dot_portable(const struct layer *layer, uint32_t block, const lanes *quads, lanes *sums)
{
	const int16_t *weights = layer->pairs + (size_t)block * layer->quads * BLOCK * QUAD;
	for (int output = 0; output < BLOCK; output++)
		sums[output] = (lanes){} + layer->outputs[block * BLOCK + output].bias;
	for (uint32_t quad = 0; quad < layer->quads; quad++) {
		lanes a = quads[quad] & 255, b = quads[quad] >> 16 & 255;
		lanes c = quads[quad] >> 8 & 255, d = quads[quad] >> 24 & 255;
		for (int output = 0; output < BLOCK; output++) {
			const int16_t *weight = weights + (quad * BLOCK + output) * QUAD;
			sums[output] += a * weight[0] + b * weight[1] + c * weight[2] + d * weight[3];
		}
	}
}

#ifdef __x86_64__
#include <immintrin.h>

static inline int32_t word_at(const void *bytes)
{
	int32_t word;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

#define TARGET_AVX512_VNNI "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"

__attribute__((target(TARGET_AVX512_VNNI))) static inline void
dot_avx512_vnni(const struct layer *layer, uint32_t block, const lanes *quads, lanes *sums)
{
	const int8_t *weights = layer->weights + (size_t)block * layer->quads * BLOCK * QUAD;
	__m512i sum[BLOCK];
	for (int output = 0; output < BLOCK; output++)
		sum[output] = _mm512_set1_epi32(layer->outputs[block * BLOCK + output].bias);
	for (uint32_t quad = 0; quad < layer->quads; quad++) {
		__m512i input = _mm512_load_si512(&quads[quad]);
		for (int output = 0; output < BLOCK; output++) {
			__m512i weight = _mm512_set1_epi32(word_at(weights + (quad * BLOCK + output) * QUAD));
			sum[output] = _mm512_dpbusd_epi32(sum[output], input, weight);
		}
	}
	for (int output = 0; output < BLOCK; output++)
		_mm512_store_si512(&sums[output], sum[output]);
}

#define TARGET_AVX_VNNI "avx2,avxvnni"

__attribute__((target(TARGET_AVX_VNNI))) static inline void dot_avx_vnni(const struct layer *layer, uint32_t block,
									 const lanes *quads, lanes *sums)
{
	const int8_t *weights = layer->weights + (size_t)block * layer->quads * BLOCK * QUAD;
	for (int half = 0; half < 2; half++) {
		__m256i sum[BLOCK];
		for (int output = 0; output < BLOCK; output++)
			sum[output] = _mm256_set1_epi32(layer->outputs[block * BLOCK + output].bias);
		for (uint32_t quad = 0; quad < layer->quads; quad++) {
			__m256i input = _mm256_load_si256((const __m256i *)&quads[quad] + half);
			for (int output = 0; output < BLOCK; output++) {
				__m256i weight = _mm256_set1_epi32(word_at(weights + (quad * BLOCK + output) * QUAD));
				sum[output] = _mm256_dpbusd_avx_epi32(sum[output], input, weight);
			}
		}
		for (int output = 0; output < BLOCK; output++)
			_mm256_store_si256((__m256i *)&sums[output] + half, sum[output]);
	}
}

#define TARGET_AVX2 "avx2"

/* Products of 16 bits: those of bytes (vpmaddubsw) saturate. */
__attribute__((target(TARGET_AVX2))) static inline void dot_avx2(const struct layer *layer, uint32_t block,
								 const lanes *quads, lanes *sums)
{
	const int16_t *weights = layer->pairs + (size_t)block * layer->quads * BLOCK * QUAD;
	__m256i low = _mm256_set1_epi16(255);
	for (int half = 0; half < 2; half++) {
		__m256i sum[BLOCK];
		for (int output = 0; output < BLOCK; output++)
			sum[output] = _mm256_set1_epi32(layer->outputs[block * BLOCK + output].bias);
		for (uint32_t quad = 0; quad < layer->quads; quad++) {
			__m256i input = _mm256_load_si256((const __m256i *)&quads[quad] + half);
			__m256i even = _mm256_and_si256(input, low), odd = _mm256_srli_epi16(input, 8);
			for (int output = 0; output < BLOCK; output++) {
				const int16_t *weight = weights + (quad * BLOCK + output) * QUAD;
				__m256i first = _mm256_madd_epi16(even, _mm256_set1_epi32(word_at(weight)));
				__m256i second = _mm256_madd_epi16(odd, _mm256_set1_epi32(word_at(weight + 2)));
				sum[output] = _mm256_add_epi32(sum[output], _mm256_add_epi32(first, second));
			}
		}
		for (int output = 0; output < BLOCK; output++)
			_mm256_store_si256((__m256i *)&sums[output] + half, sum[output]);
	}
}
#endif
